"""Trained networks beside untrained ones: the table and verdicts of `saliencynoise sanity`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.display.labels import method_label
from saliencynoise.display.numbers import counted, format_number, interval_text, p_text
from saliencynoise.display.table_rows import with_headings
from saliencynoise.display.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from saliencynoise.records.common import ValueWithInterval
    from saliencynoise.records.sanity import (
        FailedSanityRow,
        SanityContrast,
        SanityEnsemble,
        SanityRecord,
        SanityRow,
    )

LEGEND = (
    "r: corrected SNR, the agreement of networks of one kind (0: none), with its 95% interval for new members and new "
    "images. p: of r compared with that of trained networks, corrected for all rows (Holm). cosine (mean maps): "
    "between the signal of the trained networks and that of these networks, corrected for the noise in both (1: the "
    "same map); it needs a signal in both. needed: whether the maps of trained networks need what these networks lack."
    " It is no where the interval of the cosine is above 0.71, because then the signals share most of their energy. "
    "magnitude: absolute values less their mean; it shows where a map is large, without the sign. centred: each map "
    "less its own mean, for methods whose whole maps agree without training."
)
NEEDED = {
    "depends": "yes",
    "does not depend": "no",
    "in part": "in part",
    "no signal": "no signal",
    "undetermined": "?",
}


def print_sanity(record: SanityRecord, folder: Path, console: Console | None = None) -> None:
    """Print the figures of all three kinds of networks, a verdict for each method, and the folder."""
    console = console or Terminal()
    for part in render_sanity(record, folder, width=console.width):
        console.print(part)


def render_sanity(record: SanityRecord, folder: Path, *, width: int) -> Iterator[RenderableType]:
    """Yield the printed parts."""
    yield sanity_table(record.rows, narrow=width < 92)
    if record.done:
        yield Text(LEGEND, style="dim")
    for row in record.done:
        yield Text(verdict_words(row))
    yield Text(basis(record))
    for warning in notes(record):
        yield Text(warning, style="yellow")
    yield Text(f"Results in {folder} (sanity.json, and a bench of each kind of networks).")


def verdict_words(row: SanityRow) -> str:
    """Return a sentence with the verdict on a method's maps."""
    view = "" if row.view == "signed" else f", {row.view}"
    if row.contrasts.untrained.verdict == "no signal":
        r = format_number(row.snr.trained.value)
        return f"{row.method}{view}: trained networks show no agreement (r {r})."
    untrained = _untrained_words(row, row.contrasts.untrained, _r_words(row, row.snr.untrained))
    permuted = _permuted_words(row.contrasts.permuted, _r_words(row, row.snr.permuted))
    return f"{row.method}{view}: {untrained}; {permuted}."


def _r_words(row: SanityRow, other: ValueWithInterval) -> str:
    return f"r {format_number(other.value)} against {format_number(row.snr.trained.value)}"


def _untrained_words(row: SanityRow, contrast: SanityContrast, r: str) -> str:
    if contrast.verdict == "does not depend":
        head = "an edge detector" if row.view != "magnitude" else "where it is large needs no training"
        return f"{head}: untrained networks show the same ({_cosine(contrast)}; {r})"
    return _dependence_words(contrast, r, lacking="training", networks="untrained networks")


def _permuted_words(contrast: SanityContrast, r: str) -> str:
    networks = "networks trained on permuted labels"
    if contrast.verdict == "does not depend":
        return f"does not depend on the labels: {networks} show the same ({_cosine(contrast)}; {r})"
    return _dependence_words(contrast, r, lacking="the labels", networks=networks)


def _dependence_words(contrast: SanityContrast, r: str, *, lacking: str, networks: str) -> str:
    if contrast.verdict == "in part":
        return f"depends on {lacking} in part ({_cosine(contrast)}; {r})"
    if contrast.verdict == "undetermined":
        return f"not shown that it depends on {lacking} ({r})"
    if contrast.agreement.interval is None:
        return f"depends on {lacking}: {networks} show no agreement ({r})"
    as_much = " as much, but" if contrast.comparison.words != "less noisy" else ""
    return f"depends on {lacking}: {networks} agree{as_much} on a map that differs ({_cosine(contrast)}; {r})"


def _cosine(contrast: SanityContrast) -> str:
    return f"cosine {format_number(contrast.agreement.value)}"


def sanity_table(rows: Sequence[SanityRow | FailedSanityRow], *, narrow: bool) -> Table:
    """Return the table of all three kinds of networks."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("architecture, method", overflow="fold", min_width=22)
    for header in ("r", "95% of r", "p", "cosine\n(mean\nmaps)", "95%", "needed"):
        table.add_column(header, justify="right", no_wrap=True)
    for row in with_headings(table, rows, narrow=narrow):
        label = escape(method_label(row.method, narrow=narrow))
        table.add_row(label if row.view == "signed" else f"{label}\n    {row.view}", *([""] * 6))
        trained = row.snr.trained
        table.add_row("    trained", format_number(trained.value), interval_text(trained.interval))
        table.add_row("    untrained", *_other(row.snr.untrained, row.contrasts.untrained))
        table.add_row("    permuted labels", *_other(row.snr.permuted, row.contrasts.permuted))
    return table


def _other(snr: ValueWithInterval, contrast: SanityContrast) -> list[str]:
    return [
        format_number(snr.value),
        interval_text(snr.interval),
        p_text(contrast.comparison.p_holm),
        format_number(contrast.agreement.value),
        interval_text(contrast.agreement.interval),
        NEEDED[contrast.verdict],
    ]


def basis(record: SanityRecord) -> str:
    """Return the provenance of the figures."""
    study, bench, ensembles = record.study, record.settings.bench, record.ensembles
    named = {"trained": ensembles.trained, "untrained": ensembles.untrained, "permuted labels": ensembles.permuted}
    accuracies = [f"{name} {text}" for name, ensemble in named.items() for text in _accuracies(ensemble)]
    epochs_of = {record.settings.permuted_epochs or recipe.epochs: None for recipe in study.recipes.values()}
    epochs = ", ".join(counted(number, "epoch") for number in epochs_of)
    return (
        f"{record.members} networks of each kind; accuracies: {', '.join(accuracies)}; permuted labels for "
        f"{epochs}. {counted(record.images, 'test image')} of {study.dataset.asked}; "
        f"target {bench.target}; seed {bench.seed}; torch {study.versions['torch']}, "
        f"{study.hardware.device}, {study.hardware.processor}."
    )


def _accuracies(ensemble: SanityEnsemble) -> list[str]:
    """Return the range of the accuracies of each architecture."""
    accuracies = [members.accuracies for members in ensemble.architectures.values() if members.accuracies]
    return [f"{min(values):.1%} to {max(values):.1%}" for values in accuracies]


def notes(record: SanityRecord) -> list[str]:
    """Return the notes on the networks. Chance accuracy of untrained or permuted-label networks is no fault."""
    lines = [f"note: {note}" for note in record.study.dataset.notes]
    for label, members in record.ensembles.trained.architectures.items():
        lines += [f"flagged: trained member {index} of {label}: {why}" for index, why in members.flagged.items()]
    return lines + [f"failed: {row.method} on {row.architecture}: {row.reason}" for row in record.failed]
