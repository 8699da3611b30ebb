"""Rows of a result: computed and failed ones, which the key `status` distinguishes in the file."""

from __future__ import annotations

from typing import ClassVar, Literal

from saliencynoise.records.common import Name, Record


class DoneRow(Record, frozen=True, kw_only=True, tag_field="status", tag="ok"):
    """A row with figures, of an architecture and method."""

    status: ClassVar[Literal["ok"]] = "ok"
    architecture: Name
    method: Name


class FailedRow(Record, frozen=True, kw_only=True, tag_field="status", tag="failed"):
    """A row that could not be computed, with the reason."""

    status: ClassVar[Literal["failed"]] = "failed"
    architecture: Name
    method: Name
    reason: str
