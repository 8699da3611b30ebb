"""`frontier.json`: held-out networks, and the fidelity of each sampler's averages."""

from __future__ import annotations

from pathlib import Path
from typing import NotRequired, TypedDict

from saliencynoise.records.common import (
    BenchSettings,
    Count,
    Data,
    Ends,
    Name,
    Number,
    Provenance,
    Recipe,
    Seconds,
    Shape,
    Share,
)
from saliencynoise.records.reading import read_record
from saliencynoise.records.rows import FailedRow, check_rows


class Bench(BenchSettings):
    """The bench that a frontier is made of."""

    members: NotRequired[Count | None]


class Settings(TypedDict):
    """The settings of a `FrontierConfig`."""

    aggregators: list[str]
    budgets: list[Count]
    runs: Count
    bench: Bench
    samplers: NotRequired[list[str]]
    reference: NotRequired[Count]


class FrontierData(Data):
    """The images of a frontier."""

    image_shape: Shape
    train_images: Count
    test_images: Count
    notes: NotRequired[list[str]]


class FrontierRecord(Provenance):
    """The document of `frontier.json`; its references and rows are checked by their status."""

    settings: Settings
    dataset: FrontierData
    recipes: dict[str, Recipe]
    held_out: list[Count]
    images: Count
    references: list[dict[str, object]]
    rows: list[dict[str, object]]
    format: NotRequired[Count]
    device: NotRequired[str]
    runs: NotRequired[dict[str, str]]


class Reference(TypedDict):
    """The held-out networks of an architecture and method."""

    architecture: Name
    method: Name
    snr: Number
    interval: Ends | None
    view: NotRequired[Name]
    untrained: NotRequired[Number]
    template: NotRequired[Number]
    no_claim: NotRequired[str]


class FailedStrategy(FailedRow):
    """A sampler that could not be compared."""

    sampler: Name


class Fidelity(TypedDict):
    """The fidelity of an average."""

    fidelity_squared: Number
    networks: Number
    interval: Ends | None
    note: str
    words: str


class Row(TypedDict):
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
    groups: NotRequired[Count]
    p: NotRequired[Share | None]


def read_frontier(path: Path, *, fix: str) -> FrontierRecord:
    """Return a `frontier.json`.

    Raises:
        RecordError: as `saliencynoise.records.reading.read_record`.
    """
    record = read_record(path, FrontierRecord, fix=fix)
    check_rows(record["references"], "references", done=Reference, where=str(path), fix=fix)
    check_rows(record["rows"], "rows", done=Row, failed=FailedStrategy, where=str(path), fix=fix)
    return record
