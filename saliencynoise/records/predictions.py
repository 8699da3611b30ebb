"""`predictions.json`: the SNRs that a run had with fewer members."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from saliencynoise.records.common import Count, Interval, Name, Number


class Cell(TypedDict):
    """The SNR of an architecture, method and view."""

    architecture: Name
    method: Name
    view: Name
    snr: Number
    interval: Interval | None


class Prediction(TypedDict):
    """The SNRs of a run with some number of members."""

    members: Count
    cells: list[Cell]
    created: NotRequired[str]


class PredictionsRecord(TypedDict):
    """The document of `predictions.json`."""

    predictions: list[Prediction]
    notes: NotRequired[list[str]]
