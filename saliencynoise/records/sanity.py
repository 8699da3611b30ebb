"""`sanity.json`: trained networks beside untrained ones and ones trained on permuted labels."""

from __future__ import annotations

from typing import Literal

from saliencynoise.records.common import (
    BenchSettings,
    Count,
    Format,
    Interval,
    Name,
    Number,
    Record,
    Share,
    ValueWithInterval,
)
from saliencynoise.records.rows import DoneRow, FailedRow
from saliencynoise.records.study import StudyFacts


class SanitySettings(Record, frozen=True, kw_only=True):
    """The settings of a `SanityConfig`."""

    permuted_epochs: Count
    bench: BenchSettings


class SanityMembers(Record, frozen=True, kw_only=True):
    """The networks of an architecture: their accuracies, and by member the reason to doubt its training."""

    accuracies: tuple[Share, ...]
    flagged: dict[str, str]


class SanityEnsemble(Record, frozen=True, kw_only=True):
    """The networks of one kind, by architecture, and the folder of their bench."""

    run: str
    architectures: dict[str, SanityMembers]


class SanityEnsembles(Record, frozen=True, kw_only=True):
    """The networks of each kind."""

    trained: SanityEnsemble
    untrained: SanityEnsemble
    permuted: SanityEnsemble


class SanitySnr(Record, frozen=True, kw_only=True):
    """r of the networks of each kind."""

    trained: ValueWithInterval
    untrained: ValueWithInterval
    permuted: ValueWithInterval


class CosineDifferenceRecord(Record, frozen=True, kw_only=True):
    """The difference of two mean cosines; `saliencynoise.statistics.sanity.CosineDifference`."""

    value: Number
    interval: Interval
    p: Share
    p_holm: Share


class SignalAgreement(Record, frozen=True, kw_only=True):
    """The agreement of two signals, as `saliencynoise.statistics.agreement.Agreement` is written."""

    value: Number
    interval: Interval | None
    raw: Number
    images: Count
    note: str


class SanityContrast(Record, frozen=True, kw_only=True):
    """Trained networks beside others."""

    difference: CosineDifferenceRecord
    agreement: SignalAgreement
    verdict: Literal["depends", "does not depend", "in part", "undetermined"]


class SanityContrasts(Record, frozen=True, kw_only=True):
    """Trained networks beside those of each other kind."""

    untrained: SanityContrast
    permuted: SanityContrast


class SanityRow(DoneRow, frozen=True, kw_only=True):
    """An architecture, method and view."""

    view: Name
    reason: None = None
    images: Count
    snr: SanitySnr
    contrasts: SanityContrasts


class FailedSanityRow(FailedRow, frozen=True, kw_only=True):
    """An architecture and method that failed; `view` is null if it failed in every view."""

    view: Name | None = None


class SanityRecord(Record, frozen=True, kw_only=True):
    """The document of `sanity.json`; `study` has facts that the studies of the three kinds share."""

    format: Format
    created: str
    command: str
    settings: SanitySettings
    study: StudyFacts
    members: Count
    images: Count
    groups: Count | None
    ensembles: SanityEnsembles
    rows: tuple[SanityRow | FailedSanityRow, ...]

    @property
    def done(self) -> list[SanityRow]:
        """The rows that could be computed."""
        return [row for row in self.rows if isinstance(row, SanityRow)]

    @property
    def failed(self) -> list[FailedSanityRow]:
        """The rows that could not be computed."""
        return [row for row in self.rows if isinstance(row, FailedSanityRow)]
