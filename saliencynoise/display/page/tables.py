"""The table of a page: the text of each value and its sort key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from rich.table import Table as RichTable


@dataclass(frozen=True, kw_only=True)
class PageValue:
    """The text of a value; `key` is its sort key, a number as the page's script reads it, or empty for none."""

    text: str
    key: str = ""
    failed: bool = False


@dataclass(frozen=True, kw_only=True)
class PageColumn:
    """A column: its heading, its meaning in a few words, and whether it holds numbers."""

    label: str
    meaning: str = ""
    numeric: bool = True


@dataclass(frozen=True, kw_only=True)
class PageRow:
    """A row, and the architecture and family that filter it."""

    values: Sequence[PageValue]
    architecture: str = ""
    family: str = ""


@dataclass(frozen=True, kw_only=True)
class PageTable:
    """A table that is complete and readable without script; `sortable` if its rows are independent."""

    caption: str
    columns: Sequence[PageColumn]
    rows: Sequence[PageRow]
    sortable: bool = True
    architectures: Sequence[str] = field(default=())
    families: Sequence[str] = field(default=())


def plain_table(table: RichTable, caption: str) -> PageTable:
    """Return a table of the terminal; its rows belong together, so it cannot be sorted."""
    cells = [[_plain(cell) for cell in column.cells] for column in table.columns]
    rows = [
        PageRow(values=[PageValue(text=text, failed=text == "failed") for text in row])
        for row in zip(*cells, strict=True)
    ]
    columns = [
        PageColumn(label=_plain(column.header), numeric=column.justify == "right") for column in table.columns
    ]  # fmt: skip
    return PageTable(caption=caption, columns=columns, rows=rows, sortable=False)


def _plain(cell: object) -> str:
    return (cell if isinstance(cell, Text) else Text.from_markup(str(cell))).plain


def without_empty_columns(table: PageTable) -> PageTable:
    """Return a table without the columns that have no value in any row, after the first column."""
    filled = [
        index
        for index in range(len(table.columns))
        if index == 0 or any(row.values[index].text not in {"-", ""} for row in table.rows)
    ]
    return replace(
        table,
        columns=[table.columns[index] for index in filled],
        rows=[replace(row, values=[row.values[index] for index in filled]) for row in table.rows],
    )
