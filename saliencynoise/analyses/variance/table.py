"""Which randomness makes the noise: the tables of `saliencynoise variance`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.analyses.result import REPORT, written
from saliencynoise.analyses.variance.figure import FILES, NAMES
from saliencynoise.analyses.variance.run import RESULT
from saliencynoise.display.labels import method_label
from saliencynoise.display.numbers import counted, estimated_percent
from saliencynoise.display.table_rows import with_headings
from saliencynoise.display.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from saliencynoise.records.common import ValueWithInterval
    from saliencynoise.records.variance import (
        EnergyShares,
        FailedVarianceRow,
        VarianceMembers,
        VarianceRecord,
        VarianceRow,
    )

WORDS = (
    ("noise", "Share of a map's energy that changes when all random numbers are drawn again."),
    (
        "first order",
        (
            "Share of this noise that goes away when networks have this stream's seed in common and no other. But for "
            "sampling error, these shares sum to 100% at most."
        ),
    ),
    (
        "total",
        (
            "Share of this noise that another seed of this stream alone brings in, also in combination with other "
            "streams. But for sampling error, these shares sum to 100% at least."
        ),
    ),
    ("95%", "Interval for new seeds on these images, t over {blocks} blocks."),
    ("again", "Networks that were trained again with all seeds equal; this shows the effect of the hardware."),
)
ENERGY = (
    ("signal", "Of one map of a method that draws random numbers: the share of its energy that all networks have."),
    ("networks", "The share in which networks differ: the noise above."),
    ("draws", "The share in which draws differ. Each draw has the same random numbers for all networks."),
    ("both", "The share that network and draw determine together."),
)
"""The words of the two tables, each with its meaning."""

MOST_FLAGS = 3
"""The largest number of flagged members that have a line each."""


def print_variance(record: VarianceRecord, folder: Path, console: Console | None = None) -> None:
    """Print the parts of the noise, a sentence for each method, the provenance and the folder."""
    console = console or Terminal()
    for part in render_variance(record, folder, width=console.width):
        console.print(part)


def render_variance(record: VarianceRecord, folder: Path, *, width: int) -> Iterator[RenderableType]:
    """Yield the printed parts."""
    narrow = width < 92
    yield variance_table(record.rows, narrow=narrow)
    if record.done:
        yield Text(_paragraph(words_of_noise(record)), style="dim")
    energies = energies_of(record)
    if energies:
        yield energy_table(energies, narrow=narrow)
        yield Text(_paragraph(ENERGY), style="dim")
    for sentence in sentences(record):
        yield Text(sentence)
    for members in record.architectures:
        yield Text(basis(record, members))
    for warning in notes(record):
        yield Text(warning, style="yellow")
    yield Text(written(folder, [RESULT, REPORT, *FILES], "and a bench of each architecture's networks"))


def sentences(record: VarianceRecord) -> list[str]:
    """Return a sentence for each method; where one is undetermined, the last sentence says what helps."""
    found = [f"{row.method} on {row.architecture}: {row.words}." for row in record.done]
    if any(row.words.startswith("undetermined") for row in record.done):
        found.append(f"Undetermined shares need more blocks: --blocks {2 * record.settings.blocks} or more.")
    return found


def words_of_noise(record: VarianceRecord) -> list[tuple[str, str]]:
    """Return the words of the table of the noise, each with its meaning."""
    return [(word, meaning.format(blocks=record.settings.blocks)) for word, meaning in WORDS]


def words(record: VarianceRecord) -> list[tuple[str, str]]:
    """Return the words of the tables, each with its meaning."""
    return [*words_of_noise(record), *(ENERGY if energies_of(record) else ())]


def _paragraph(meanings: Sequence[tuple[str, str]]) -> str:
    return " ".join(f"{word}: {meaning[0].lower()}{meaning[1:]}" for word, meaning in meanings)


def variance_table(rows: Sequence[VarianceRow | FailedVarianceRow], *, narrow: bool) -> Table:
    """Return the table of shares of the noise."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("architecture, method", overflow="fold", min_width=22)
    for header in ("noise", "first order", "95%", "total", "95%"):
        table.add_column(header, justify="right", no_wrap=True)
    for row in with_headings(table, rows, narrow=narrow):
        view = "" if row.view == "signed" else f"\n    view {row.view}"
        table.add_row(escape(method_label(row.method, narrow=narrow)) + view, estimated_percent(row.noise))
        for part in row.streams:
            name = NAMES.get(part.stream, part.stream)
            table.add_row(f"    {name}", "", *_share(part.first), *_share(part.total))
        if row.replicate is not None:
            table.add_row("    again, same seeds", "", "", "", *_share(row.replicate))
    return table


def energies_of(record: VarianceRecord) -> list[tuple[str, EnergyShares]]:
    """Return the methods that draw random numbers, with the shares of a map's energy."""
    return [(row.method, row.energy) for row in record.done if row.energy is not None]


def energy_table(energies: Sequence[tuple[str, EnergyShares]], *, narrow: bool) -> Table:
    """Return the table of shares of one map's energy, of methods that draw random numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("shares of energy", overflow="fold", min_width=22)
    for header in ("signal", "networks", "draws", "both"):
        table.add_column(header, justify="right", no_wrap=True)
    for method, energy in energies:
        shares = [energy.signal, energy.network, energy.draw, energy.residual]
        table.add_row(escape(method_label(method, narrow=narrow)), *("\n".join(_share(share)) for share in shares))
    return table


def _share(share: ValueWithInterval) -> list[str]:
    if share.interval is None:
        return [estimated_percent(share.value), "-"]
    low, high = estimated_percent(share.interval.low), estimated_percent(share.interval.high)
    return [estimated_percent(share.value), escape(f"[{low}, {high}]")]


def basis(record: VarianceRecord, members: VarianceMembers) -> str:
    """Return the provenance of an architecture's figures."""
    study, again, accuracy = record.study, members.trained_again, members.accuracy
    known = accuracy.min is not None and accuracy.max is not None
    accuracies = f", accuracies {accuracy.min:.1%} to {accuracy.max:.1%}" if known else ""
    names = " and ".join(NAMES.get(stream, stream) for stream in members.streams.get("rest", ()))
    together = f"; all others: {names}, changed together" if names else ""
    left_out = "".join(
        f"; {NAMES.get(stream, stream)} left out: {reason}" for stream, reason in members.left_out.items()
    )  # fmt: skip
    return (
        f"{members.architecture}: {members.members} networks in {members.blocks} blocks"
        f"{accuracies}{together}{left_out}; of {again.members} trained again with the same seeds, "
        f"{again.bitwise_equal} bitwise equal. {counted(record.images, 'test image')} of "
        f"{study.dataset.asked}; seed {record.settings.bench.seed}; torch {study.versions['torch']}, "
        f"{study.hardware.device}, {study.hardware.processor}."
    )


def notes(record: VarianceRecord) -> list[str]:
    """Return the notes that a reader needs to judge the figures."""
    return [*(f"note: {note}" for note in record.study.dataset.notes), *flags(record), *failures(record)]


def flags(record: VarianceRecord) -> list[str]:
    """Return the flags of members: the first ones of each architecture, and the number of the others."""
    lines = []
    for members in record.architectures:
        flagged = list(members.flagged.items())
        lines += [f"flagged: member {index} of {members.architecture}: {why}" for index, why in flagged[:MOST_FLAGS]]
        if len(flagged) > MOST_FLAGS:
            lines.append(f"flagged: {len(flagged) - MOST_FLAGS} more of {members.architecture}; more --epochs may help")
    return lines


def failures(record: VarianceRecord) -> list[str]:
    """Return a line for each method that failed, with the reason."""
    return [f"failed: {row.method} on {row.architecture}: {row.reason}" for row in record.failed]
