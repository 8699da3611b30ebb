"""`frontier.json`: held-out networks, and the fidelity of each sampler's averages."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from saliencynoise.records.common import BenchSettings, Count, Format, Interval, Name, Number, Record, Seconds, Share
from saliencynoise.records.rows import DoneRow, FailedRow
from saliencynoise.records.study import StudyFacts

Price = Annotated[float, Meta(ge=0, le=1e12)]
"""Seconds for the members of an average and their maps, divided by those of one retrained network."""


class FrontierSettings(Record, frozen=True, kw_only=True):
    """The settings of a `FrontierConfig`."""

    samplers: tuple[str, ...]
    aggregators: tuple[str, ...]
    budgets: tuple[Count, ...]
    runs: Count
    reference: Count
    bench: BenchSettings


class HeldOutNetworks(DoneRow, frozen=True, kw_only=True):
    """The held-out networks of an architecture and method; `untrained` is r of untrained networks, if there are any."""

    view: Name
    snr: Number
    interval: Interval | None
    untrained: Number
    template: Number
    no_claim: str


class FidelityRecord(Record, frozen=True, kw_only=True):
    """The fidelity of an average, as `saliencynoise.statistics.fidelity.Fidelity` is written."""

    fidelity_squared: Number
    networks: Number
    interval: Interval | None
    runs: Count
    note: str
    words: str


class FrontierRow(DoneRow, frozen=True, kw_only=True):
    """An average of a sampler's members."""

    sampler: Name
    aggregator: Name
    members: Count
    groups: Count
    training_seconds: Seconds | None
    attribution_seconds: Seconds
    price: Price | None
    p: Share | None
    p_holm: Share | None
    fidelity: FidelityRecord


class FailedSampler(FailedRow, frozen=True, kw_only=True):
    """A sampler that could not be compared."""

    sampler: Name


class FrontierRecord(StudyFacts, frozen=True, kw_only=True):
    """The document of `frontier.json`; the facts are those of the deep ensemble's study."""

    format: Format
    created: str
    command: str
    settings: FrontierSettings
    held_out: tuple[Count, ...]
    images: Count
    runs: dict[str, str]
    references: tuple[HeldOutNetworks | FailedRow, ...]
    rows: tuple[FrontierRow | FailedSampler, ...]

    @property
    def done(self) -> list[FrontierRow]:
        """The rows that could be computed."""
        return [row for row in self.rows if isinstance(row, FrontierRow)]

    @property
    def failed(self) -> list[FailedRow]:
        """The references and the rows that could not be computed."""
        return [row for row in (*self.references, *self.rows) if isinstance(row, FailedRow)]
