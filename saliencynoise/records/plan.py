"""`plan.json`: the settings that a run's folder is bound to."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from saliencynoise.records.common import MOST, Format, Record

Positive = Annotated[int, Meta(ge=1, le=MOST)]


class PlanRecord(Record, frozen=True, kw_only=True):
    """The document of `plan.json`."""

    fixed: dict[str, Any]
    chunk: Positive
    rows: dict[str, Positive]
    format: Format
