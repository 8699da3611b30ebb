"""Rows of a result: one kind for those that are done, one for those that failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from saliencynoise.records.common import Name, Record, Status
from saliencynoise.records.reading import check_record


class AnyRow(Record, frozen=True, kw_only=True):
    """The keys of every row."""

    status: Status


class FailedRow(Record, frozen=True, kw_only=True):
    """A row that could not be computed, with the reason."""

    architecture: Name
    method: Name
    status: Literal["failed"]
    reason: str


def check_rows(rows: Sequence[Any], name: str, *, done: Any, failed: Any = FailedRow, where: str, fix: str) -> None:
    """Compare each row with the kind that its status names.

    Args:
        rows: rows of a document.
        name: key of the rows in the document, for messages.
        done: the kind of rows whose status is "ok".
        failed: the kind of the others.
        where: the file, for messages.
        fix: what to do about it.

    Raises:
        RecordError: naming file, row, key and value.
    """
    for index, row in enumerate(rows):
        position = f"{name}[{index}]"
        check_record(row, AnyRow, where=where, fix=fix, at=position)
        check_record(row, done if row["status"] == "ok" else failed, where=where, fix=fix, at=position)
