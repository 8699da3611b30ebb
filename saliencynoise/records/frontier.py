"""`frontier.json`: held-out networks, and the fidelity of each sampler's averages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from saliencynoise.records.common import (
    BenchSettings,
    Count,
    Ends,
    Name,
    Number,
    Provenance,
    RecipeRecord,
    Record,
    Seconds,
    Share,
)
from saliencynoise.records.reading import read_record
from saliencynoise.records.rows import FailedRow, check_rows
from saliencynoise.records.study import DatasetRecord


class Bench(BenchSettings, frozen=True, kw_only=True):
    """The bench that a frontier is made of."""

    members: Count | None = None


class Settings(Record, frozen=True, kw_only=True):
    """The settings of a `FrontierConfig`."""

    aggregators: list[str]
    budgets: list[Count]
    runs: Count
    bench: Bench
    samplers: list[str] | None = None
    reference: Count | None = None


class FrontierRecord(Provenance, frozen=True, kw_only=True):
    """The document of `frontier.json`; its references and rows are checked by their status."""

    settings: Settings
    dataset: DatasetRecord
    recipes: dict[str, RecipeRecord]
    held_out: list[Count]
    images: Count
    references: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    format: Count | None = None
    device: str | None = None
    runs: dict[str, str] | None = None


class Reference(Record, frozen=True, kw_only=True):
    """The held-out networks of an architecture and method."""

    architecture: Name
    method: Name
    snr: Number
    interval: Ends | None
    view: Name | None = None
    untrained: Number | None = None
    template: Number | None = None
    no_claim: str | None = None


class FailedStrategy(FailedRow, frozen=True, kw_only=True):
    """A sampler that could not be compared."""

    sampler: Name


class Fidelity(Record, frozen=True, kw_only=True):
    """The fidelity of an average."""

    fidelity_squared: Number
    networks: Number
    interval: Ends | None
    note: str
    words: str


class Row(Record, frozen=True, kw_only=True):
    """An average of a sampler's members."""

    architecture: Name
    method: Name
    sampler: Name
    aggregator: Name
    members: Count
    training_seconds: Seconds | None
    attribution_seconds: Seconds
    price: Seconds | None
    p_holm: Share | None
    fidelity: Fidelity
    groups: Count | None = None
    p: Share | None = None


def read_frontier(path: Path, *, fix: str) -> FrontierRecord:
    """Return a `frontier.json`.

    Raises:
        RecordError: as `saliencynoise.records.reading.read_record`.
    """
    record = read_record(path, FrontierRecord, fix=fix)
    check_rows(record.references, "references", done=Reference, where=str(path), fix=fix)
    check_rows(record.rows, "rows", done=Row, failed=FailedStrategy, where=str(path), fix=fix)
    return record
