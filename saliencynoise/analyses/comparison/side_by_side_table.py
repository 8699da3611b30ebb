"""Studies side by side, for the terminal and as plain values: the output of `saliencynoise compare RUN RUN ...`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, chop_cells
from rich.markup import escape
from rich.text import Text

from saliencynoise.analyses.comparison.table import pair_rows
from saliencynoise.display.cell_quantities import cell_value
from saliencynoise.display.grid import WIDE, Section, TerminalColumn, render_sections, table_width
from saliencynoise.display.labels import NAME_WIDTH, method_label
from saliencynoise.display.numbers import format_number, interval_text, untrained_text
from saliencynoise.display.quantities import QUANTITIES
from saliencynoise.display.terminal import Terminal
from saliencynoise.display.visible import one_visible_line
from saliencynoise.records.writing import json_of

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from saliencynoise.analyses.comparison.run import Pair
    from saliencynoise.analyses.comparison.side_by_side import ComparedCells, Difference, SideBySide
    from saliencynoise.records.cell import Cell

LONGEST = 20
"""Width of a run's name in a table; a longer name is shortened, and printed in full below."""

LEGEND = (
    "SNR: corrected, with 95% interval for new members and new images. for 0.9: networks to average until the "
    "reliability is 0.9. published SNR (floor): |mean|/sd, and its value for pure noise with as many members. "
    "untrained: SNR of as many untrained networks, for methods on a layer and maps of one sign. accuracy: median of "
    "the members. -: the run does not have it."
)

FAILED = "failed"

KEYS = ("networks", "published_snr", "floor", "untrained_snr", "accuracy")
HEADERS = ("SNR", "95%", *(QUANTITIES[key].short for key in KEYS))


@dataclass(frozen=True, kw_only=True)
class CellWords:
    """The texts of a study's cell; each is "failed" or "-" if there is no figure.

    Attributes:
        snr: the SNR.
        interval: of the SNR.
        published: the published SNR.
        floor: its floor.
        needed: members for a reliability of 0.9, with interval.
        untrained: SNR of as many untrained networks; a dash where there are none.
        reason: why it failed.
    """

    snr: str
    interval: str = ""
    published: str = ""
    floor: str = ""
    needed: str = ""
    untrained: str = ""
    reason: str = ""

    @property
    def whole(self) -> str:
        """The SNR with its interval."""
        return f"{self.snr} {self.interval}".strip().removesuffix(" -")

    @property
    def with_floor(self) -> str:
        """The published SNR with its floor."""
        return f"{self.published} ({self.floor})" if self.published else self.snr


def words_of(cell: Cell | None) -> CellWords:
    """Return a cell's figures as plain text."""
    if cell is None:
        return CellWords(snr="-")
    if cell.figures is None:
        return CellWords(snr=FAILED, reason=cell.reason or "")
    pixel, snr = cell.figures.estimates.snr_pixel, cell.figures.estimates.snr
    return CellWords(
        snr=format_number(snr.value),
        interval=interval_text(snr.interval).replace("\\[", "["),
        published=format_number(pixel.value),
        floor=format_number(pixel.floor),
        needed=cell_value(cell, "networks").text,
        untrained=untrained_text(cell),
    )


def accuracy_of(cell: Cell | None) -> str:
    """Return the members' median accuracy, a dash where there is none."""
    accuracy = None if cell is None else cell.accuracy.median
    return "-" if accuracy is None else f"{accuracy:.1%}"


def by_architecture(rows: Sequence[ComparedCells]) -> list[tuple[str, list[ComparedCells]]]:
    """Return the rows of each architecture."""
    return [
        (name, list(architecture_rows)) for name, architecture_rows in groupby(rows, key=lambda row: row.architecture)
    ]


def accuracies(rows: Sequence[ComparedCells]) -> list[str]:
    """Return an architecture's accuracy in each study, from its rows."""
    return [accuracy_of(next(filter(None, column), None)) for column in zip(*(row.cells for row in rows), strict=True)]


def difference_words(difference: Difference, names: Sequence[str]) -> str:
    """Return a difference in a line: each value with the runs that have it.

    >>> from saliencynoise.analyses.comparison.side_by_side import Difference
    >>> difference_words(Difference(name="seed", values=("0", "1", "0")), ["a", "b", "c"])
    'seed: 0 (a, c); 1 (b)'
    """
    owners: dict[str, list[str]] = {}
    for value, name in zip(difference.values, names, strict=True):
        owners.setdefault(value, []).append(name)
    return f"{difference.name}: " + "; ".join(f"{value} ({', '.join(names)})" for value, names in owners.items())


def failures(comparison: SideBySide) -> list[str]:
    """Return a line for each cell that failed, with its reason."""
    return [
        f"failed: {row.method} on {row.architecture} in {name}: {cell.reason}"
        for row in comparison.rows
        for name, cell in zip(comparison.names, row.cells, strict=True)
        if cell is not None and cell.status == FAILED and row.view == _first_view(comparison, row)
    ]


def _first_view(comparison: SideBySide, row: ComparedCells) -> str:
    """Return the first view of a method, so that each reason is printed once."""
    return next(
        other.view for other in comparison.rows if (other.architecture, other.method) == (row.architecture, row.method)
    )


def side_by_side_rows(comparison: SideBySide) -> list[dict[str, Any]]:
    """Return a row per architecture, method, view and study as values that JSON can hold."""
    return [
        {"architecture": row.architecture, "method": row.method, "view": row.view, "study": name, **_values(cell)}
        for row in comparison.rows
        for name, cell in zip(comparison.names, row.cells, strict=True)
    ]


def document_of(comparison: SideBySide, pairs: Sequence[Pair], note: str) -> dict[str, Any]:
    """Return all as values that JSON can hold. "runs" has the tests of two runs against each other, or their note."""
    studies = zip(comparison.names, comparison.studies, strict=True)
    return {
        "studies": [{"name": name, "folder": str(study.folder)} for name, study in studies],
        "differences": [
            {"name": difference.name, "values": list(difference.values)} for difference in comparison.differences
        ],
        "warnings": list(comparison.warnings),
        "rows": json_of(side_by_side_rows(comparison)),
        "runs": pair_rows(pairs),
        "note": note,
    }


def _values(cell: Cell | None) -> dict[str, Any]:
    if cell is None or cell.figures is None:
        return {"status": "absent" if cell is None else FAILED, "reason": None if cell is None else cell.reason}
    return {
        "status": "ok",
        "members": cell.members,
        "accuracy": cell.accuracy,
        "snr": cell.figures.estimates.snr,
        "snr_pixel": cell.figures.estimates.snr_pixel,
        "members_needed": cell.figures.members_needed,
        "untrained": cell.untrained,
    }


def short_names(names: Sequence[str]) -> list[str]:
    """Return distinct names that fit a table's columns.

    >>> short_names(["a", "digits-test_resnet-20261125-120000"])
    ['a', 'digits-te…125-120000']
    """
    plain = [one_visible_line(name) for name in names]
    short = [name if cell_len(name) <= LONGEST else _shortened(name) for name in plain]
    return [f"run {number}" if short.count(name) > 1 else name for number, name in enumerate(short, start=1)]


def _shortened(name: str) -> str:
    half = LONGEST // 2 - 1
    return f"{chop_cells(name, half)[0]}…{chop_cells(name[::-1], half + 1)[0][::-1]}"


def print_side_by_side(comparison: SideBySide, console: Console | None = None) -> None:
    """Print the differences, their warnings, and the figures of all studies."""
    console = console or Terminal()
    for part in render_side_by_side(comparison, width=console.width, ascii_only=console.options.ascii_only):
        console.print(part)


def render_side_by_side(comparison: SideBySide, *, width: int, ascii_only: bool = False) -> Iterator[RenderableType]:
    """Yield the printed parts: a column per run if there is room, else a line per run."""
    names = short_names(comparison.names)
    yield Text("what differs" if comparison.differences else "nothing differs between the runs", style="bold")
    for difference in comparison.differences:
        yield Text(difference_words(difference, names))
    for warning in comparison.warnings:
        yield Text(warning, style="yellow")
    columns, sections = _in_columns(comparison, names, narrow=width < WIDE)
    if table_width(columns, sections, ascii_only=ascii_only) > width:
        columns, sections = _in_lines(comparison, names)
    yield from render_sections(
        "architecture, method", columns, sections, width=width, label_width=NAME_WIDTH, ascii_only=ascii_only
    )
    yield Text(LEGEND, style="dim")
    for line in failures(comparison):
        yield Text(line, style="red")
    for short, study in zip(names, comparison.studies, strict=True):
        yield Text(f"{short}: {study.folder}")


def _in_columns(
    comparison: SideBySide, names: Sequence[str], *, narrow: bool
) -> tuple[list[TerminalColumn], list[Section]]:
    """Return a table with a column per run and three lines per method."""
    sections = []
    for architecture, rows in by_architecture(comparison.rows):
        lines = [["  accuracy", *map(_markup, accuracies(rows))]]
        for row in rows:
            texts = [words_of(cell) for cell in row.cells]
            label = escape(method_label(row.method, row.view, narrow=narrow))
            lines.append([label, *(_markup(text.whole) for text in texts)])
            if any(text.published for text in texts):
                lines.append(["      for 0.9", *(_markup(text.needed or text.snr) for text in texts)])
                lines.append(["      published SNR (floor)", *(_markup(text.with_floor) for text in texts)])
                if any(text.untrained not in {"", "-"} for text in texts):
                    lines.append(["      untrained", *(_markup(text.untrained or text.snr) for text in texts)])
        sections.append(Section(title=Text(architecture, style="bold"), rows=lines))
    return [TerminalColumn(header=escape(name)) for name in names], sections


def _in_lines(comparison: SideBySide, names: Sequence[str]) -> tuple[list[TerminalColumn], list[Section]]:
    """Return a table with a block per method, and in it a line per run."""
    sections = []
    for architecture, rows in by_architecture(comparison.rows):
        lines: list[list[str]] = []
        for row in rows:
            lines.append([escape(method_label(row.method, row.view, narrow=True))])
            for name, cell, accuracy in zip(names, row.cells, accuracies(rows), strict=True):
                text = words_of(cell)
                figures = (
                    text.snr,
                    text.interval,
                    text.needed,
                    text.published,
                    text.floor,
                    text.untrained,
                    accuracy,
                )
                lines.append([f"      {escape(name)}", *map(_markup, figures if text.published else figures[:1])])
        sections.append(Section(title=Text(architecture, style="bold"), rows=lines))
    return [TerminalColumn(header=header) for header in HEADERS], sections


def _markup(text: str) -> str:
    return f"[red]{FAILED}[/]" if text == FAILED else escape(text)
