"""`variance.json`: the effect of each stream of random numbers on maps."""

from __future__ import annotations

from saliencynoise.records.common import (
    BenchSettings,
    Count,
    Format,
    Name,
    Number,
    Record,
    Share,
    ValueWithInterval,
)
from saliencynoise.records.rows import DoneRow, FailedRow
from saliencynoise.records.study import StudyFacts


class VarianceSettings(Record, frozen=True, kw_only=True):
    """The settings of a `VarianceConfig`."""

    blocks: Count
    streams: tuple[str, ...] | None
    bench: BenchSettings


class AccuracyRange(Record, frozen=True, kw_only=True):
    """A range of accuracies."""

    min: Share | None
    max: Share | None


class TrainedAgain(Record, frozen=True, kw_only=True):
    """Networks trained twice with the same seeds."""

    members: Count
    bitwise_equal: Count


class VarianceMembers(Record, frozen=True, kw_only=True):
    """The networks of an architecture, the streams that were varied, and those left out with the reason."""

    architecture: Name
    run: str
    streams: dict[str, tuple[str, ...]]
    left_out: dict[str, str]
    blocks: Count
    members: Count
    accuracy: AccuracyRange
    trained_again: TrainedAgain
    flagged: dict[str, str]


class StreamShares(Record, frozen=True, kw_only=True):
    """The effect of one stream of random numbers, as shares of the noise."""

    stream: Name
    first: ValueWithInterval
    total: ValueWithInterval


class EnergyShares(Record, frozen=True, kw_only=True):
    """Shares of a map's energy."""

    signal: ValueWithInterval
    network: ValueWithInterval
    draw: ValueWithInterval
    residual: ValueWithInterval


class VarianceRow(DoneRow, frozen=True, kw_only=True):
    """The noise of an architecture and method."""

    view: Name
    reason: None = None
    noise: Number
    streams: tuple[StreamShares, ...]
    replicate: ValueWithInterval | None
    energy: EnergyShares | None
    words: str


class FailedVarianceRow(FailedRow, frozen=True, kw_only=True):
    """An architecture and method that failed."""

    view: Name


class VarianceRecord(Record, frozen=True, kw_only=True):
    """The document of `variance.json`; `study` has the facts of the first architecture's study."""

    format: Format
    created: str
    command: str
    settings: VarianceSettings
    study: StudyFacts
    images: Count
    architectures: tuple[VarianceMembers, ...]
    rows: tuple[VarianceRow | FailedVarianceRow, ...]

    @property
    def done(self) -> list[VarianceRow]:
        """The rows that could be computed."""
        return [row for row in self.rows if isinstance(row, VarianceRow)]

    @property
    def failed(self) -> list[FailedVarianceRow]:
        """The rows that could not be computed."""
        return [row for row in self.rows if isinstance(row, FailedVarianceRow)]
