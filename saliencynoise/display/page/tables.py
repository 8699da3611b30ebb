"""The table of a page: what a cell shows, and what it is sorted by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from rich.table import Table as RichTable


@dataclass(frozen=True, kw_only=True)
class Value:
    """What a cell shows; `key` is the number it is sorted by, as script reads it, or empty for none."""

    text: str
    key: str = ""
    failed: bool = False


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column: its heading, what it means in a few words, and whether it holds numbers."""

    label: str
    meaning: str = ""
    numeric: bool = True


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row, and what it is filtered by."""

    values: Sequence[Value]
    architecture: str = ""
    family: str = ""


@dataclass(frozen=True, kw_only=True)
class PageTable:
    """A table, whole and readable without script; `sortable` where every row stands for itself."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    sortable: bool = True
    architectures: Sequence[str] = field(default=())
    families: Sequence[str] = field(default=())


def plain_table(table: RichTable, caption: str) -> PageTable:
    """Return a table of the terminal; its rows belong together, so it cannot be sorted."""
    cells = [[_plain(cell) for cell in column.cells] for column in table.columns]
    rows = [Row(values=[Value(text=text, failed=text == "failed") for text in row]) for row in zip(*cells, strict=True)]
    columns = [
        Column(label=_plain(column.header), numeric=column.justify == "right") for column in table.columns
    ]  # fmt: skip
    return PageTable(caption=caption, columns=columns, rows=rows, sortable=False)


def _plain(cell: object) -> str:
    return (cell if isinstance(cell, Text) else Text.from_markup(str(cell))).plain
