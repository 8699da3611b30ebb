"""Rows of a terminal table by architecture: a heading above the rows of each, and a line for each row that failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, TypeVar

from rich.markup import escape
from rich.text import Text

from saliencynoise.display.labels import method_label
from saliencynoise.records.rows import FailedRow

if TYPE_CHECKING:
    from rich.table import Table


class ArchitectureRow(Protocol):
    """A row of an architecture."""

    @property
    def architecture(self) -> str:
        """The display name of the architecture."""


Row = TypeVar("Row", bound=ArchitectureRow)


def with_headings(table: Table, rows: Iterable[Row | FailedRow], *, narrow: bool) -> Iterator[Row]:
    """Yield the rows that a table has still to show, after it has got their headings; failed rows are shown here.

    Args:
        table: receives a heading where the architecture changes, and a line "failed" for each row that failed.
        rows: in the order of the table.
        narrow: as of `saliencynoise.display.labels.method_label`.
    """
    shown = None
    for row in rows:
        if row.architecture != shown:
            shown = row.architecture
            table.add_row(f"[bold]{escape(shown)}[/]")
        if isinstance(row, FailedRow):
            table.add_row(escape(method_label(row.method, narrow=narrow)), Text("failed", style="red"))
        else:
            yield row
