"""`predictions.json`: the SNRs that a run had with fewer members."""

from __future__ import annotations

from saliencynoise.records.common import Count, Interval, Name, Number, Record


class PredictedCell(Record, frozen=True, kw_only=True):
    """The SNR of an architecture, method and view."""

    architecture: Name
    method: Name
    view: Name
    snr: Number
    interval: Interval | None


class Prediction(Record, frozen=True, kw_only=True):
    """The SNRs of a run with some number of members."""

    members: Count
    cells: tuple[PredictedCell, ...]
    created: str


class PredictionsRecord(Record, frozen=True, kw_only=True):
    """The document of `predictions.json`."""

    predictions: tuple[Prediction, ...]
    notes: tuple[str, ...]


NO_PREDICTIONS = PredictionsRecord(predictions=(), notes=())
"""The document before a first run."""
