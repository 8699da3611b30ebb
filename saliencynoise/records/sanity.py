"""`sanity.json`: trained networks beside untrained ones and ones trained on permuted labels."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NotRequired, TypedDict

from saliencynoise.records.common import BenchSettings, Count, Ends, Name, Number, Recipe, Share, Valued
from saliencynoise.records.reading import read_record
from saliencynoise.records.rows import check_rows
from saliencynoise.records.variance import About


class Bench(BenchSettings):
    """The bench that a sanity run is made of."""

    members: NotRequired[Count | None]


class Settings(TypedDict):
    """The settings of a `SanityConfig`."""

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
    """Networks by kind; the others are not named."""

    trained: Ensemble


class Snr(TypedDict):
    """r of the networks of each kind."""

    trained: Valued
    untrained: Valued
    permuted: Valued


class Study(About):
    """Facts that the studies of the three kinds share."""

    recipes: dict[str, Recipe]


class SanityRecord(TypedDict):
    """The document of `sanity.json`; its rows are checked by their status."""

    created: str
    settings: Settings
    study: Study
    members: Count
    images: Count
    ensembles: Ensembles
    rows: list[dict[str, object]]
    format: NotRequired[Count]
    groups: NotRequired[Count | None]


class Comparison(TypedDict):
    """r of trained networks beside that of others."""

    p_holm: Share | None
    words: str


class Agreement(TypedDict):
    """The agreement of two signals."""

    value: Number
    interval: Ends | None
    note: NotRequired[str]


class Contrast(TypedDict):
    """Trained networks beside others."""

    comparison: Comparison
    agreement: Agreement
    verdict: Literal["depends", "does not depend", "in part", "no signal", "undetermined"]


class Contrasts(TypedDict):
    """Trained networks beside those of each other kind."""

    untrained: Contrast
    permuted: Contrast


class Row(TypedDict):
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
    check_rows(record["rows"], "rows", done=Row, where=str(path), fix=fix)
    return record
