"""`variance.json`: the effect of each stream of random numbers on maps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from saliencynoise.records.common import BenchSettings, Count, Environment, Name, Number, Record, Share, Valued
from saliencynoise.records.reading import read_record
from saliencynoise.records.rows import check_rows
from saliencynoise.records.study import DatasetRecord


class Bench(BenchSettings, frozen=True, kw_only=True):
    """The bench that a variance run is made of."""

    members: Count | None = None


class Settings(Record, frozen=True, kw_only=True):
    """The settings of a `VarianceConfig`."""

    blocks: Count
    bench: Bench
    streams: list[str] | None = None


class About(Environment, frozen=True, kw_only=True):
    """Facts that the studies below share."""

    dataset: DatasetRecord
    device: str | None = None


class Range(Record, frozen=True, kw_only=True):
    """A range of accuracies."""

    min: Share | None
    max: Share | None


class Again(Record, frozen=True, kw_only=True):
    """Networks trained twice with the same seeds."""

    members: Count
    bitwise_equal: Count


class Architecture(Record, frozen=True, kw_only=True):
    """The networks of an architecture."""

    architecture: Name
    streams: dict[str, list[str]]
    left_out: dict[str, str]
    blocks: Count
    members: Count
    accuracy: Range
    trained_again: Again
    flagged: dict[str, str]
    run: str | None = None


class VarianceRecord(Record, frozen=True, kw_only=True):
    """The document of `variance.json`; its rows are checked by their status."""

    created: str
    settings: Settings
    study: About
    images: Count
    architectures: list[Architecture]
    rows: list[dict[str, Any]]
    format: Count | None = None


class Stream(Record, frozen=True, kw_only=True):
    """The effect of one stream of random numbers."""

    stream: Name
    first: Valued
    total: Valued


class Energy(Record, frozen=True, kw_only=True):
    """Shares of a map's energy."""

    signal: Valued
    network: Valued
    draw: Valued
    residual: Valued


class Row(Record, frozen=True, kw_only=True):
    """The noise of an architecture and method."""

    architecture: Name
    method: Name
    view: Name
    noise: Number
    streams: list[Stream]
    replicate: Valued | None
    energy: Energy | None
    words: str


def read_variance(path: Path, *, fix: str) -> VarianceRecord:
    """Return a `variance.json`.

    Raises:
        RecordError: as `saliencynoise.records.reading.read_record`.
    """
    record = read_record(path, VarianceRecord, fix=fix)
    check_rows(record.rows, "rows", done=Row, where=str(path), fix=fix)
    return record
