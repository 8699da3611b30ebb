"""`plan.json`: the settings that a run's folder is bound to."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict

from msgspec import Meta

from saliencynoise.records.common import MOST, Format

Positive = Annotated[int, Meta(ge=1, le=MOST)]


class PlanRecord(TypedDict):
    """The document of `plan.json`."""

    fixed: dict[str, Any]
    chunk: Positive
    rows: NotRequired[dict[str, Positive]]
    format: NotRequired[Format]
