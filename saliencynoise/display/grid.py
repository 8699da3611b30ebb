"""A table in sections with aligned columns. Columns that do not fit are left out, never cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.constrain import Constrain
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from saliencynoise.display.visible import visible

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDE = 92
"""Width of the terminal, in columns, from which optional columns have room."""

NARROWEST_LABEL = 8


@dataclass(frozen=True, kw_only=True)
class TerminalColumn:
    """A column of figures.

    Attributes:
        header: its name, as markup.
        rank: 0 for a column that is never left out; of the others, the lowest ranks get room first.
    """

    header: str
    rank: int = 0


@dataclass(frozen=True, kw_only=True)
class Section:
    """Rows with a title.

    Attributes:
        title: of one line, longer than a column if need be.
        rows: markup: a label, whose own line breaks count, then a figure for each column; columns may be missing at
            the end.
    """

    title: Text
    rows: Sequence[Sequence[str]]


def render_sections(
    label: str,
    columns: Sequence[TerminalColumn],
    sections: Sequence[Section],
    *,
    width: int,
    label_width: int,
    ascii_only: bool = False,
) -> Iterator[RenderableType]:
    """Yield the parts of a table that fits the width: all columns of rank 0, and as many of the others as fit.

    Args:
        label: header of the first column.
        columns: the others.
        sections: what is shown; from `WIDE` on with a rule over each.
        width: of the terminal, in columns.
        label_width: of the first column at least, where there is room for it.
        ascii_only: whether signs will be replaced, which may take more room.
    """
    labels, widths = _measured(columns, sections, ascii_only=ascii_only)
    labels = max(labels, label_width)
    shown = _fitting(columns, widths, width - labels if width >= WIDE else 0)
    left = width - sum(widths[index] + 1 for index in shown)
    first = max(min(labels, left), NARROWEST_LABEL)
    head = _table(label, first, [(columns[index].header, widths[index]) for index in shown], header=True)
    total = first + sum(widths[index] + 1 for index in shown)
    yield head
    for section in sections:
        if width < WIDE:
            yield section.title
        else:
            line = Rule(section.title, align="left", style="dim")
            yield Constrain(line, min(width, max(total, section.title.cell_len + 4)))
        body = _table(label, first, [("", widths[index]) for index in shown], header=False)
        for row in section.rows:
            body.add_row(row[0], *(row[index + 1] for index in shown if index + 1 < len(row)))
        yield body


def table_width(columns: Sequence[TerminalColumn], sections: Sequence[Section], *, ascii_only: bool = False) -> int:
    """Return the width of a table with all its columns."""
    labels, widths = _measured(columns, sections, ascii_only=ascii_only)
    return labels + sum(width + 1 for width in widths)


def _measured(
    columns: Sequence[TerminalColumn], sections: Sequence[Section], *, ascii_only: bool
) -> tuple[int, list[int]]:
    """Return the width of the longest label, and of each column."""
    rows = [row for section in sections for row in section.rows]
    encoding = "ascii" if ascii_only else "utf-8"
    widths = [
        _width([column.header, *(row[index] for row in rows if len(row) > index)], encoding)
        for index, column in enumerate(columns, start=1)
    ]
    return _width([row[0] for row in rows], encoding), widths


def _fitting(columns: Sequence[TerminalColumn], widths: Sequence[int], room: int) -> list[int]:
    """Return the columns to show, in their order."""
    shown = [index for index, column in enumerate(columns) if not column.rank]
    for index in sorted(set(range(len(columns))) - set(shown), key=lambda index: columns[index].rank):
        if sum(widths[other] + 1 for other in (*shown, index)) <= room:
            shown.append(index)
    return sorted(shown)


def _table(label: str, first: int, columns: Sequence[tuple[str, int]], *, header: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", show_header=header)
    table.add_column(label, overflow="fold", width=first)
    for name, width in columns:
        table.add_column(name, justify="right", no_wrap=True, width=width)
    return table


def _width(cells: Sequence[str], encoding: str) -> int:
    lines = [line for cell in cells for line in Text.from_markup(visible(cell, encoding=encoding)).plain.split("\n")]
    return max(map(cell_len, lines), default=0)
