"""`sanity.json`: trained networks beside untrained ones and ones trained on permuted labels."""

from __future__ import annotations

from pathlib import Path
from typing import NotRequired, TypedDict

from saliencynoise.records.common import BenchSettings, Count, Interval, Name, Number, Share, Valued
from saliencynoise.records.reading import read_record
from saliencynoise.records.rows import check_rows
from saliencynoise.records.variance import About


class Bench(BenchSettings):
    """The bench that a sanity run is made of."""

    members: NotRequired[Count | None]


class Settings(TypedDict):
    """As of a `SanityConfig`."""

    permuted_epochs: Count
    bench: Bench


class Members(TypedDict):
    """The networks of an architecture."""

    accuracies: list[Share]
    flagged: dict[str, str]


class Ensemble(TypedDict):
    """Networks of one kind."""

    architectures: dict[str, Members]
    run: NotRequired[str]


class Ensembles(TypedDict):
    """Networks by kind."""

    trained: Ensemble
    untrained: Ensemble
    permuted: Ensemble


class SanityRecord(TypedDict):
    """The document of `sanity.json`; its rows are checked by their status."""

    created: str
    settings: Settings
    study: About
    members: Count
    images: Count
    ensembles: dict[str, Ensemble]
    rows: list[dict[str, object]]
    format: NotRequired[Count]


class Comparison(TypedDict):
    """r of trained networks beside that of others."""

    p_holm: Share | None
    words: str
    difference: Number
    interval: Interval | None


class Agreement(TypedDict):
    """How far two signals are the same."""

    value: Number
    interval: Interval | None
    note: NotRequired[str]


class Contrast(TypedDict):
    """Trained networks beside others."""

    comparison: Comparison
    agreement: Agreement
    verdict: str


class Row(TypedDict):
    """An architecture, method and view."""

    architecture: Name
    method: Name
    view: Name
    images: Count
    snr: dict[str, Valued]
    contrasts: dict[str, Contrast]


def read_sanity(path: Path, *, fix: str) -> SanityRecord:
    """Return a `sanity.json`.

    Raises:
        RecordError: as `saliencynoise.records.reading.read_record`.
    """
    record = read_record(path, SanityRecord, fix=fix)
    check_rows(record["rows"], "rows", done=Row, where=str(path), fix=fix)
    return record
