"""The figures of one architecture, method and view in `result.json`."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from saliencynoise.records.common import (
    Count,
    Ends,
    Interval,
    Name,
    Number,
    Record,
    Seconds,
    Share,
    Status,
    ValueWithInterval,
)


class Accuracy(Record, frozen=True, kw_only=True):
    """Test accuracies of an architecture's members; `balanced` is the median balanced one where classes are unequal."""

    median: Share | None
    min: Share | None
    max: Share | None
    balanced: Share | None = None


class Estimate(Record, frozen=True, kw_only=True):
    """A figure with interval, floor, definition, and the interval's meaning in words."""

    value: Number
    interval: Interval | None
    floor: Number
    definition: str
    words: str | None


class Estimates(Record, frozen=True, kw_only=True):
    """The figures of a cell, as `saliencynoise.statistics.cell_statistics.DEFINITIONS` defines them."""

    snr_pixel: Estimate
    snr_rms: Estimate
    snr_power: Estimate
    cosine: Estimate
    snr: Estimate
    snr_averaged: Estimate
    snr_network: Estimate
    snr_amplitude: Estimate


MembersToAverage = Annotated[int, Meta(ge=0)]
"""Without a limit: an r of 1e-20 needs 1e21 members."""


class MembersNeeded(Record, frozen=True, kw_only=True):
    """Members to average for a reliability."""

    value: MembersToAverage | None
    low: MembersToAverage | None
    high: MembersToAverage | None
    text: str
    reliability: Share


class UnseenMode(Record, frozen=True, kw_only=True):
    """The lower end of r if the population has a mode that no member belongs to."""

    share: Share
    low: Number


class AverageOfStarts(Record, frozen=True, kw_only=True):
    """The average of some starts with some networks of each."""

    starts: Count
    seeds: Count
    reliability: Number
    interval: Interval | None
    worth: Number


class Split(Record, frozen=True, kw_only=True):
    """The best use of a study's cost, for a cost of a start in units of the cost of a network from it."""

    start_cost: Number
    starts: Count
    seeds: Count
    worth: Number


class Nested(Record, frozen=True, kw_only=True):
    """The figures of members that share starts, as `saliencynoise.statistics.nested.Nested` is written."""

    sizes: tuple[Count, ...]
    c_within: Number
    c_between: Number
    r_within: ValueWithInterval
    r_population: ValueWithInterval | None
    worth: ValueWithInterval | None
    averages: tuple[AverageOfStarts, ...]
    splits: tuple[Split, ...]


class CellFigures(Record, frozen=True, kw_only=True):
    """The figures of a cell, or of a class of it."""

    view: str
    members: Count
    images: Count
    used_images: Count
    estimates: Estimates
    members_needed: MembersNeeded
    signal_p: Share | None
    signal_note: str
    floor_note: str
    indicative: bool
    draws: Count
    energy: dict[str, Number] | None
    unseen_mode: UnseenMode | None
    nested: Nested | None


class Pixels(Record, frozen=True, kw_only=True):
    """Significant pixels."""

    rate: Share
    share: Share
    agreement: Number
    agreement_all: Number
    skewness: Number


class SimilarityMeasures(Record, frozen=True, kw_only=True):
    """Measures of the similarity of maps."""

    ssim: Number
    spearman: Number
    top: Number
    cosine: Number


class Similarity(Record, frozen=True, kw_only=True):
    """The similarity of members' maps."""

    images: Count
    pairwise: SimilarityMeasures
    to_mean: SimilarityMeasures
    coefficient_of_variation: Number
    mege: Number
    reco: Number


class ImageModes(Record, frozen=True, kw_only=True):
    """The two groups into which the members fall on one image."""

    image: Count
    groups: tuple[tuple[Count, ...], ...]
    representatives: tuple[Count, ...]
    between: Number


class Modes(Record, frozen=True, kw_only=True):
    """Groups of members with different maps."""

    words: str
    share: Number
    representative: Count | None
    images: tuple[ImageModes, ...]


class Template(Record, frozen=True, kw_only=True):
    """The part that the maps of all images share, as `saliencynoise.statistics.template.Template` is written."""

    template: Number
    of_class: Number
    specific: Number
    share: Number
    share_interval: Interval | None
    share_class: Number
    share_class_interval: Interval | None
    share_specific: Number
    share_specific_interval: Interval | None
    snr: Number
    snr_specific: Number
    snr_specific_interval: Interval | None
    noise_common: Number
    images: Count
    classes: Count
    note: str


class Band(Record, frozen=True, kw_only=True):
    """Figures of a band of frequencies."""

    frequency: Number
    energy: Number
    ssnr: Number
    cosine: Number
    interval: Interval | None


class Spectrum(Record, frozen=True, kw_only=True):
    """Signal and noise by spatial frequency."""

    bands: tuple[Band, ...]
    images: Count
    resolution: Number
    words: str


class Point(Record, frozen=True, kw_only=True):
    """A measure of localisation with some members."""

    members: Count
    value: Number
    interval: Interval | None


class Gain(Record, frozen=True, kw_only=True):
    """The change of a measure through averaging."""

    value: Number
    interval: Interval | None
    p: Share | None


class Measure(Record, frozen=True, kw_only=True):
    """A measure of localisation."""

    chance: Number
    curve: tuple[Point, ...]
    gain: Gain


class Localization(Record, frozen=True, kw_only=True):
    """The agreement of maps with the pixels that cause the class."""

    images: Count
    blank: Share
    measures: dict[str, Measure]


class Details(Record, frozen=True, kw_only=True):
    """Figures of a cell other than the SNR."""

    pixels: Pixels | None
    similarity: Similarity
    modes: Modes
    template: Template | None
    spectrum: Spectrum | None
    localization: Localization | None


class Diagnostic(Record, frozen=True, kw_only=True):
    """A check of a method on its maps."""

    median: Number
    max: Number


class Ceiling(Record, frozen=True, kw_only=True):
    """The SNR of rewritten copies of single networks."""

    value: Number
    low: Number
    high: Number
    members: Count
    images: Count
    copies: Count
    kinds: tuple[str, ...]


class WordedEnds(Ends, frozen=True, kw_only=True):
    """The two ends of a confidence interval, with its meaning in words."""

    words: str | None


class UntrainedFloor(Record, frozen=True, kw_only=True):
    """r of untrained networks."""

    snr: Number
    interval: WordedEnds | None
    members: Count | None
    p: Share | None
    above: bool | None
    note: str


class Cell(Record, frozen=True, kw_only=True):
    """An architecture, method and view; `figures` and the like are null where it failed.

    `architecture` and `method` are display names; `method_name` is the canonical name of the method. `Study.method` and
    `Study.architecture` return the records with plugin, name and parameters.
    """

    dataset: str
    architecture: Name
    method: Name
    method_name: str
    distribution: str
    view: Name
    sign: Literal["signed", "nonnegative", "nonpositive", "leaning"]
    members: Count
    draws: Count
    flagged_members: tuple[Count, ...]
    accuracy: Accuracy
    status: Status
    reason: str | None
    traceback: str | None
    seconds: Seconds | None
    gram: str | None
    denormal_images: Count | None
    diagnostics: dict[str, Diagnostic] | None
    figures: CellFigures | None
    classes: dict[str, CellFigures] | None
    details: Details | None
    ceiling: Ceiling | None
    untrained: UntrainedFloor | None

    @property
    def worth(self) -> float:
        """The number of independent networks that the average of all members is worth; of one start, its members."""
        nested = None if self.figures is None else self.figures.nested
        return float(self.members) if nested is None or nested.worth is None else nested.worth.value

    @property
    def known_figures(self) -> CellFigures:
        """The figures of a cell that was computed.

        Raises:
            ValueError: the cell failed.
        """
        if self.figures is None:
            raise ValueError(f"{self.method} on {self.architecture} failed: {self.reason}")
        return self.figures

    @property
    def known_details(self) -> Details:
        """The details of a cell that was computed.

        Raises:
            ValueError: the cell failed.
        """
        if self.details is None:
            raise ValueError(f"{self.method} on {self.architecture} failed: {self.reason}")
        return self.details
