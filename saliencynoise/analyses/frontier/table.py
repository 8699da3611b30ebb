"""Is there something cheaper than retraining? The table of `saliencynoise frontier`, and its answers in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.analyses.frontier.figure import PLOT
from saliencynoise.analyses.frontier.run import RESULT, failures
from saliencynoise.display.labels import method_label, recipes_text
from saliencynoise.display.numbers import counted, format_number, p_text, seconds_text
from saliencynoise.display.terminal import Terminal
from saliencynoise.interfaces.shell import shell
from saliencynoise.records.numbers import number

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    Row = Mapping[str, Any]

REFERENCE = "deep_ensemble"

LEGEND = (
    "n: members whose maps are averaged into one. price: seconds to make the members and their maps of these "
    "{images}, over those of one network trained anew. cos²: squared cosine of the average with the true mean map over "
    "all networks, pooled over images; estimated with {held} networks that no strategy uses, and corrected for their "
    "noise. worth: how many networks trained anew have an average as good, and its 95% interval, for these images, if "
    "other networks were held out and other base runs made. Rows are means over {runs} of each sampler, "
    "deep_ensemble's over disjoint groups of {ensemble} networks. s: seconds of one such average, as measured, to make "
    "its members and to attribute. p, in the sentences: of a worth equal to the price, corrected for the number of "
    "these sentences (Holm)."
)

SIGNIFICANT = 0.05
"""Corrected p-value below which a sampler is called cheaper or dearer than retraining."""


def print_frontier(document: Mapping[str, Any], folder: Path, console: Console | None = None) -> None:
    """Print the table of a frontier, a sentence on each sampler's worth, and the notes."""
    console = console or Terminal()
    for part in _parts(document, folder, narrow=console.width < 92, encoding=console.encoding):
        console.print(part)


def _parts(document: Mapping[str, Any], folder: Path, *, narrow: bool, encoding: str) -> Iterator[RenderableType]:
    done = [row for row in document["rows"] if row["status"] == "ok"]
    for reference in document["references"]:
        rows = [row for row in document["rows"] if place_of(row) == place_of(reference)]
        if rows:
            yield heading(reference)
            yield frontier_table(rows, narrow=narrow, several=len(document["settings"]["aggregators"]) > 1)
            yield from (Text(sentence) for sentence in sentences(rows))
            yield ""
    if done:
        yield Text(legend(document), style="dim")
    yield Text(basis(document))
    yield from (Text(line, style="yellow") for line in notes(document))
    again = shell("saliencynoise", "show", folder, encoding=encoding)
    yield Text(f"Results in {folder} ({RESULT}, {PLOT}); again with: {again}")


def sentences(rows: Sequence[Row]) -> list[str]:
    """Return a sentence for each strategy but the reference: the worth and the cost of its largest budget."""
    done = [row for row in rows if row["status"] == "ok" and row["sampler"] != REFERENCE]
    strategies = groupby(done, key=lambda row: (row["sampler"], row["aggregator"]))
    most = [max(strategy_rows, key=lambda row: int(row["members"])) for _, strategy_rows in strategies]
    several = len({row["aggregator"] for row in most}) > 1
    worths = {row["fidelity"]["words"] for row in most}
    if len(worths) == 1 < len(most) and all(row["fidelity"]["networks"] is None for row in most):
        return [f"What samplers are worth is {worths.pop()}."]
    return [_sentence(row, several=several) for row in most]


def _sentence(row: Row, *, several: bool) -> str:
    fidelity, price = row["fidelity"], row["price"]
    subject = f"{row['sampler']} with {counted(row['members'], 'member')}"
    subject += f" ({row['aggregator']}) is" if several else " is"
    networks = number(fidelity["networks"])
    if not 0 < networks < float("inf"):
        return f"{subject} {fidelity['words']}."
    if price is None:
        return f"{subject} worth {_worth(fidelity)} networks; what the members cost is not known."
    return f"{subject} worth {_worth(fidelity)} networks for the price of {format_number(price)}: {_verdict(row)}."


def _worth(fidelity: Mapping[str, Any]) -> str:
    return format_number(fidelity["networks"]) + ("" if fidelity["interval"] is None else f" {_interval(fidelity)}")


def _verdict(row: Row) -> str:
    if row["p_holm"] is None:
        return "not compared with retraining"
    p = f"p {p_text(row['p_holm'])}"
    if row["p_holm"] >= SIGNIFICANT:
        return f"not shown to be cheaper or dearer than retraining ({p})"
    kind = "cheaper" if number(row["fidelity"]["networks"]) > row["price"] else "dearer"
    return f"{kind} than retraining ({p})"


def notes(document: Mapping[str, Any]) -> list[str]:
    """Return the notes that a reader needs to judge the figures: failures, caveats, budgets without a row."""
    lines = [f"note: {note}" for note in document["dataset"].get("notes", ())]
    lines += [f"failed: {row.get('sampler', REFERENCE)}, {_where(row)}: {row['reason']}" for row in failures(document)]
    done = [row for row in document["rows"] if row["status"] == "ok"]
    caveats: dict[str, list[str]] = {}
    for row in done:
        for note in filter(None, row["fidelity"]["note"].split("; ")):
            caveats.setdefault(note, []).append(f"{row['sampler']} n={row['members']} ({_where(row)})")
    lines += [f"{_listed(names, len(done))}: {note}" for note, names in caveats.items()]
    for sampler in dict.fromkeys(row["sampler"] for row in done):
        available = {row["members"] for row in done if row["sampler"] == sampler}
        lacking = [str(budget) for budget in sorted(document["settings"]["budgets"]) if budget not in available]
        if lacking:
            lines.append(
                f"{sampler}: its runs give {max(available)} members at most, so no row for {', '.join(lacking)}"
            )
    return lines


def _listed(names: Sequence[str], rows: int) -> str:
    if len(names) == rows > 1:
        return "all rows"
    each = list(dict.fromkeys(names))
    return ", ".join(each[:4]) + (f" and {len(each) - 4} others" if len(each) > 4 else "")


def place_of(row: Row) -> tuple[str, str]:
    """Return the architecture and method that a row is about."""
    return row["architecture"], row["method"]


def _where(row: Row) -> str:
    return f"{row['method']} on {row['architecture']}"


def heading(reference: Row) -> Text:
    """Return the line above a table: its method and architecture, and r of a single network."""
    heading = Text.from_markup(f"[bold]{escape(reference['architecture'])}[/], {escape(reference['method'])}")
    view = reference.get("view", "signed")
    heading.append("" if view == "signed" else f", view {view} (each map less its own mean)")
    heading.append(f": r of a single network {format_number(reference['snr'])} {_interval(reference)}")
    if reference.get("untrained") is not None:
        heading.append(f", of untrained ones {format_number(reference['untrained'])}")
    if reference.get("template") is not None:
        heading.append(f"; {number(reference['template']):.0%} of the signal is one template, the same for all classes")
    return heading


def frontier_table(rows: Sequence[Row], *, narrow: bool, several: bool) -> Table:
    """Return the table of one architecture and method."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("sampler", overflow="fold", min_width=22)
    for header, width in (("n", 3), ("price", 5), ("cos²", 6), ("worth", 6), ("95% of worth", 14)):
        table.add_column(header, justify="right", no_wrap=True, min_width=width)
    for header in ("s made", "s maps"):
        table.add_column(header, justify="right", no_wrap=True, min_width=6)
    shown = None
    for row in rows:
        name = row["sampler"] + (f", {row['aggregator']}" if several and row["status"] == "ok" else "")
        label = escape(method_label(name, narrow=narrow)) if name != shown else ""
        shown = name
        table.add_row(label, *_cells(row))
    return table


def _cells(row: Row) -> list[str | Text]:
    if row["status"] == "failed":
        return ["", Text("failed", style="red")]
    fidelity, training = row["fidelity"], row["training_seconds"]
    undetermined = number(fidelity["networks"]) != number(fidelity["networks"])
    return [
        str(row["members"]),
        "?" if row["price"] is None else format_number(row["price"]),
        format_number(fidelity["fidelity_squared"]),
        format_number(fidelity["networks"]),
        "undetermined" if undetermined else escape(_interval(fidelity)),
        "?" if training is None else seconds_text(training),
        seconds_text(row["attribution_seconds"]),
    ]


def _interval(fidelity: Mapping[str, Any]) -> str:
    interval = fidelity["interval"]
    return "-" if interval is None else f"[{format_number(interval['low'])}, {format_number(interval['high'])}]"


def legend(document: Mapping[str, Any]) -> str:
    """Return the meaning of the table's headings."""
    settings = document["settings"]
    return LEGEND.format(
        images=counted(document["images"], "image"),
        held=len(document["held_out"]),
        runs=counted(settings["runs"], "base run"),
        ensemble=min(document["held_out"]),
    )


def basis(document: Mapping[str, Any]) -> str:
    """Return the provenance of the figures."""
    settings, dataset = document["settings"]["bench"], document["dataset"]
    channels, height, width = dataset["image_shape"]
    recipes = {name: (recipe["epochs"], recipe["precision"]) for name, recipe in document["recipes"].items()}
    return (
        f"{document['images']} of {dataset['test_images']} test images of {dataset['asked']}, "
        f"{channels}x{height}x{width}; target {settings['target']}; trained on {dataset['train_images']} images, "
        f"{recipes_text(recipes)}; seed {settings['seed']}; "
        f"torch {document['versions']['torch']}, {document['hardware']['device']}, "
        f"{document['hardware']['processor']}."
    )
