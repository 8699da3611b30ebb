"""Rows of a terminal table by architecture: each architecture has a heading, and each failed row has a line."""

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


ShownRow = TypeVar("ShownRow", bound=ArchitectureRow)


def with_headings(table: Table, rows: Iterable[ShownRow | FailedRow], *, narrow: bool) -> Iterator[ShownRow]:
    """Add the headings and the failed rows to a table, and yield the other rows, each at its place.

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
