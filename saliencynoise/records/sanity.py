"""`sanity.json`: trained networks beside untrained ones and ones trained on permuted labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from saliencynoise.records.common import BenchSettings, Count, Ends, Name, Number, RecipeRecord, Record, Share, Valued
from saliencynoise.records.reading import read_record
from saliencynoise.records.rows import check_rows
from saliencynoise.records.variance import About


class Bench(BenchSettings, frozen=True, kw_only=True):
    """The bench that a sanity run is made of."""

    members: Count | None = None


class Settings(Record, frozen=True, kw_only=True):
    """The settings of a `SanityConfig`."""

    permuted_epochs: Count
    bench: Bench


class Members(Record, frozen=True, kw_only=True):
    """The networks of an architecture."""

    accuracies: list[Share]
    flagged: dict[str, str]


class Ensemble(Record, frozen=True, kw_only=True):
    """Networks of one kind."""

    architectures: dict[str, Members]
    run: str | None = None


class Ensembles(Record, frozen=True, kw_only=True):
    """Networks by kind; the others are not named."""

    trained: Ensemble


class Snr(Record, frozen=True, kw_only=True):
    """r of the networks of each kind."""

    trained: Valued
    untrained: Valued
    permuted: Valued


class Study(About, frozen=True, kw_only=True):
    """Facts that the studies of the three kinds share."""

    recipes: dict[str, RecipeRecord]


class SanityRecord(Record, frozen=True, kw_only=True):
    """The document of `sanity.json`; its rows are checked by their status."""

    created: str
    settings: Settings
    study: Study
    members: Count
    images: Count
    ensembles: Ensembles
    rows: list[dict[str, Any]]
    format: Count | None = None
    groups: Count | None = None


class Comparison(Record, frozen=True, kw_only=True):
    """r of trained networks beside that of others."""

    p_holm: Share | None
    words: str


class Agreement(Record, frozen=True, kw_only=True):
    """The agreement of two signals."""

    value: Number
    interval: Ends | None
    note: str | None = None


class Contrast(Record, frozen=True, kw_only=True):
    """Trained networks beside others."""

    comparison: Comparison
    agreement: Agreement
    verdict: Literal["depends", "does not depend", "in part", "no signal", "undetermined"]


class Contrasts(Record, frozen=True, kw_only=True):
    """Trained networks beside those of each other kind."""

    untrained: Contrast
    permuted: Contrast


class Row(Record, frozen=True, kw_only=True):
    """An architecture, method and view."""

    architecture: Name
    method: Name
    view: Name
    snr: Snr
    contrasts: Contrasts


def read_sanity(path: Path, *, fix: str) -> SanityRecord:
    """Return a `sanity.json`.

    Raises:
        RecordError: as `saliencynoise.records.reading.read_record`.
    """
    record = read_record(path, SanityRecord, fix=fix)
    check_rows(record.rows, "rows", done=Row, where=str(path), fix=fix)
    return record
