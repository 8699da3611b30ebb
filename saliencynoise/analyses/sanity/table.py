"""Trained networks beside untrained ones: the table and verdicts of `saliencynoise sanity`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.display.labels import method_label
from saliencynoise.display.numbers import counted, format_number, interval_text, p_text
from saliencynoise.display.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

LEGEND = (
    "r: corrected SNR, how far networks of one kind agree (0: not at all), and its 95% interval for new members and "
    "new images. p: r against that of the trained networks, corrected for all rows by Holm. cosine: between what the "
    "trained networks agree on and what these do, corrected for the noise in both (1: the same map), where both "
    "agree on something. needed: whether the trained networks' maps need what these networks lack; no where the "
    "cosine lies above 0.71 with its interval, so that they share most of their energy. magnitude: absolute values "
    "less their mean, where a map is large whatever its sign. centred: "
    "each map less its own mean, of methods whose whole maps agree without training."
)
KINDS = {"untrained": "untrained", "permuted": "permuted labels"}
LACK = {"untrained": "training", "permuted": "the labels"}
NEEDED = {
    "depends": "yes",
    "does not depend": "no",
    "in part": "in part",
    "no signal": "no signal",
    "undetermined": "?",
}


def print_sanity(document: Mapping[str, Any], folder: Path, console: Console | None = None) -> None:
    """Print the figures of all three kinds of networks, a verdict for each method, and the folder."""
    console = console or Terminal()
    for part in render_sanity(document, folder, width=console.width):
        console.print(part)


def render_sanity(document: Mapping[str, Any], folder: Path, *, width: int) -> Iterator[RenderableType]:
    """Yield the printed parts."""
    rows = document["rows"]
    done = [row for row in rows if row["status"] == "ok"]
    yield sanity_table(rows, narrow=width < 92)
    if done:
        yield Text(LEGEND, style="dim")
    for row in done:
        yield Text(verdict_words(row))
    yield Text(basis(document))
    for warning in notes(document):
        yield Text(warning, style="yellow")
    yield Text(f"Results in {folder} (sanity.json, and a bench of each kind of networks).")


def verdict_words(row: Mapping[str, Any]) -> str:
    """Return a sentence with the verdict on a method's maps."""
    view = "" if row["view"] == "signed" else f", {row['view']}"
    first = row["contrasts"]["untrained"]
    if first["verdict"] == "no signal":
        r = format_number(row["snr"]["trained"]["value"])
        return f"{row['method']}{view}: trained networks show no agreement (r {r})."
    parts = [_words(row, name) for name in row["contrasts"]]
    return f"{row['method']}{view}: {'; '.join(parts)}."


def _words(row: Mapping[str, Any], name: str) -> str:
    contrast, verdict = row["contrasts"][name], row["contrasts"][name]["verdict"]
    networks = "untrained networks" if name == "untrained" else "networks trained on permuted labels"
    r = f"r {format_number(row['snr'][name]['value'])} against {format_number(row['snr']['trained']['value'])}"
    cosine = f"cosine {format_number(contrast['agreement']['value'])}"
    if verdict == "does not depend":
        if name == "permuted":
            return f"does not depend on the labels: {networks} show the same ({cosine}; {r})"
        head = "an edge detector" if row["view"] != "magnitude" else "where it is large needs no training"
        return f"{head}: {networks} show the same ({cosine}; {r})"
    if verdict == "in part":
        return f"depends on {LACK[name]} in part ({cosine}; {r})"
    if verdict == "undetermined":
        return f"not shown that it depends on {LACK[name]} ({r})"
    if contrast["agreement"]["interval"] is None:
        return f"depends on {LACK[name]}: {networks} show no agreement ({r})"
    as_much = " as much, but" if contrast["comparison"]["words"] != "less noisy" else ""
    return f"depends on {LACK[name]}: {networks} agree{as_much} on a map that differs ({cosine}; {r})"


def sanity_table(rows: Sequence[Any], *, narrow: bool) -> Table:
    """Return the table of all three kinds of networks."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("architecture, method", overflow="fold", min_width=22)
    for header in ("r", "95% of r", "p", "cosine", "95%", "needed"):
        table.add_column(header, justify="right", no_wrap=True)
    shown = None
    for row in rows:
        if row["architecture"] != shown:
            table.add_row(f"[bold]{escape(row['architecture'])}[/]")
            shown = row["architecture"]
        label = escape(method_label(row["method"], narrow=narrow))
        if row["status"] == "failed":
            table.add_row(label, Text("failed", style="red"))
            continue
        trained = row["snr"]["trained"]
        name = label if row["view"] == "signed" else f"{label}\n    {row['view']}"
        table.add_row(name, *([""] * 6))
        table.add_row("    trained", format_number(trained["value"]), interval_text(trained["interval"]))
        for kind, label in KINDS.items():
            table.add_row(f"    {label}", *_other(row, kind))
    return table


def _other(row: Mapping[str, Any], kind: str) -> list[str]:
    snr, contrast = row["snr"][kind], row["contrasts"][kind]
    agreement, p = contrast["agreement"], contrast["comparison"]["p_holm"]
    return [
        format_number(snr["value"]),
        interval_text(snr["interval"]),
        p_text(p),
        format_number(agreement["value"]),
        interval_text(agreement["interval"]),
        NEEDED[contrast["verdict"]],
    ]


def basis(document: Mapping[str, Any]) -> str:
    """Return the provenance of the figures."""
    study, bench = document["study"], document["settings"]["bench"]
    recipes: Mapping[str, Mapping[str, Any]] = study["recipes"]
    accuracies = [
        f"{KINDS.get(name, name)} {min(values):.1%} to {max(values):.1%}"
        for name, ensemble in document["ensembles"].items()
        for architecture in ensemble["architectures"].values()
        if (values := architecture["accuracies"])
    ]
    epochs_of = {name: document["settings"]["permuted_epochs"] or recipe["epochs"] for name, recipe in recipes.items()}
    epochs = ", ".join(dict.fromkeys(counted(number, "epoch") for number in epochs_of.values()))
    return (
        f"{document['members']} networks of each kind; accuracies: {', '.join(accuracies)}; permuted labels for "
        f"{epochs}. {counted(document['images'], 'test image')} of {study['dataset']['asked']}; "
        f"target {bench['target']}; seed {bench['seed']}; torch {study['versions']['torch']}, "
        f"{study['hardware']['device']}, {study['hardware']['processor']}."
    )


def notes(document: Mapping[str, Any]) -> list[str]:
    """Return the notes on the networks. Chance accuracy of untrained or permuted-label networks is no fault."""
    lines = [f"note: {note}" for note in document["study"]["dataset"]["notes"]]
    for label, architecture in document["ensembles"]["trained"]["architectures"].items():
        lines += [
            f"flagged: trained member {index} of {label}: {why}" for index, why in architecture["flagged"].items()
        ]
    return lines + [
        f"failed: {row['method']} on {row['architecture']}: {row['reason']}"
        for row in document["rows"]
        if row["status"] == "failed"
    ]
