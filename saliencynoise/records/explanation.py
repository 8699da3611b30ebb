"""`explanation.json`: pictures that were explained, and those left out."""

from __future__ import annotations

from typing import Literal

from saliencynoise.records.cell import MembersNeeded
from saliencynoise.records.common import (
    Count,
    Format,
    Interval,
    Name,
    Number,
    Record,
    Scalar,
    Seed,
    Shape,
    Share,
    Status,
)
from saliencynoise.records.population import PopulationRecord


class ExplainedClass(Record, frozen=True, kw_only=True, rename={"name": "class"}):
    """A class of the data set by index and name."""

    index: Count
    name: str


class LikelyClass(ExplainedClass, frozen=True, kw_only=True, rename={"name": "class"}):
    """A class with its mean probability and the number of members that vote for it."""

    probability: Share
    votes: Count


class MemberVote(Record, frozen=True, kw_only=True, rename={"name": "class"}):
    """The class that a member gives, with its probability."""

    member: Count
    name: str
    probability: Share


class WordedInterval(Interval, frozen=True, kw_only=True):
    """A confidence interval with its meaning in words."""

    words: str


class WordedValue(Record, frozen=True, kw_only=True):
    """A figure with its interval."""

    value: Number
    interval: WordedInterval | None


class MethodFigures(Record, frozen=True, kw_only=True, rename={"members_needed": "members_for_0.9"}):
    """The figures of a picture's maps by one method; the figures that are not known are null."""

    method: Name
    name: Name
    status: Status
    reason: str | None
    draws: Count
    map_shape: Shape | None
    snr: WordedValue
    reliability: WordedValue
    members_needed: MembersNeeded
    significant_share: Share | None
    sign_agreement: Share | None


class CautionRecord(Record, frozen=True, kw_only=True):
    """A warning, as `saliencynoise.explanation.explanation.Caution`."""

    kind: Literal["class", "size", "range", "reliability", "members"]
    text: str


class ExplanationOrigin(Record, frozen=True, kw_only=True):
    """The members behind an explanation, and their training."""

    dataset: str
    architecture: str
    pool: str
    aggregator: str
    seed: Seed
    device: str
    recipe: dict[str, Scalar]
    population: PopulationRecord
    accuracies: tuple[Share, ...]


class PictureFiles(Record, frozen=True, kw_only=True):
    """Names of a picture's files in the folder."""

    png: Name
    html: Name
    npz: Name


class PictureRecord(Record, frozen=True, kw_only=True):
    """An explained picture: `size` is width and height of its file, `seen_as` the shape that the networks saw.

    `explained` is the class, and `target` the scalar, as `saliencynoise.records.target` writes it.
    """

    picture: str
    path: str
    size: tuple[Count, Count]
    seen_as: Shape
    notes: tuple[str, ...]
    explained: ExplainedClass
    target: str
    vote: ExplainedClass
    classes: tuple[LikelyClass, ...]
    members: tuple[MemberVote, ...]
    methods: tuple[MethodFigures, ...]
    warnings: tuple[CautionRecord, ...]
    origin: ExplanationOrigin
    files: PictureFiles


class LeftOutPicture(Record, frozen=True, kw_only=True):
    """A picture that could not be read."""

    picture: str
    reason: str


class ExplanationRecord(Record, frozen=True, kw_only=True):
    """The document of `explanation.json`; `command` makes it again, and is empty for a call in Python."""

    format: Format
    created: str
    command: str
    versions: dict[str, str]
    key: Name
    explanations: tuple[PictureRecord, ...]
    left_out: tuple[LeftOutPicture, ...]
