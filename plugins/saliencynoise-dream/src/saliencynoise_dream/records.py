"""`dream.json`: settings, members, and the scores of dreams."""

from __future__ import annotations

from typing import Any, Literal

from saliencynoise.records.common import (
    Count,
    Format,
    Number,
    Provenance,
    Record,
    Scalar,
    Seconds,
    Seed,
    Shape,
    Share,
)

Kind = Literal["start", "single", "ensemble", "stochastic"]
"""The kinds that are compared: the start; a dream of each of several single networks; one that follows the mean
gradient of all members; and one that follows a randomly drawn member in each step."""

Score = Literal["probability", "margin", "top1", "gain"]
"""The scores of held-out networks: three of a class, and one of a layer."""


class DreamBench(Record, frozen=True, kw_only=True):
    """The settings of a bench that a dream depends on."""

    dataset: str
    archs: tuple[str, ...]
    arch_args: dict[str, Scalar]
    members: Count | None
    image_size: Count | None
    normalization: str
    train_images: Count | None
    recipe: dict[str, Scalar]
    device: str
    seed: Seed


class DreamSettings(Record, frozen=True, kw_only=True):
    """The settings that a user gave; `how` has those of the ascent that differ from the default."""

    picture: str | None
    classes: tuple[str, ...]
    layer: str | None
    held_out: Count
    singles: Count | None
    gradient: Literal["mean", "random", "both"]
    pool: str | None
    how: dict[str, Scalar]
    bench: DreamBench


class AscentSettings(Record, frozen=True, kw_only=True):
    """The settings of the gradient ascent, as `saliencynoise_dream.config.DreamConfig`."""

    octaves: Count
    octave_scale: float
    steps: Count
    step_size: float
    jitter: Count
    smoothing: float
    seed: Seed


class DreamSubject(Record, frozen=True, kw_only=True):
    """The classes, or the layer, of the dreams: a name for each picture."""

    kind: Literal["classes", "layer"]
    names: tuple[str, ...]


class DreamStart(Record, frozen=True, kw_only=True):
    """The start of the dreams; `sha256` and `words` describe a picture."""

    kind: Literal["noise", "picture"]
    sha256: str | None = None
    words: str | None = None


class DreamData(Record, frozen=True, kw_only=True):
    """The data set that the networks were trained on."""

    asked: str
    image_shape: Shape
    classes: Count
    notes: tuple[str, ...]


class DreamSeeds(Record, frozen=True, kw_only=True):
    """The seed of the members, and that of the noise, the jitter and the members that are drawn."""

    members: Seed
    dream: Seed


class ScoreMean(Record, frozen=True, kw_only=True):
    """The mean of a score, with the ends of its interval; NaN where there is none."""

    value: Number
    low: Number
    high: Number


class DreamFacts(Record, frozen=True, kw_only=True):
    """Means of the scores by kind of dream, and their differences to those of single networks.

    Dreams of classes have the scores "probability", "margin" and "top1"; dreams of a layer have "gain".
    """

    singles: Count
    recognition: dict[Kind, dict[Score, ScoreMean]]
    more_than_single: dict[Kind, dict[Score, ScoreMean]]


class ObjectiveEnds(Record, frozen=True, kw_only=True):
    """The objective before the first and before the last step, averaged over pictures and networks."""

    kind: Kind
    first: Number
    last: Number
    steps: Count


class DreamRecord(Provenance, frozen=True, kw_only=True):
    """The document of `dream.json`; `dreams` has the rows of `scores.csv`."""

    format: Format
    settings: DreamSettings
    how: AscentSettings
    of: DreamSubject
    start: DreamStart
    dataset: DreamData
    architecture: str
    pool: str
    recipe: dict[str, Any]
    seeds: DreamSeeds
    members: tuple[Count, ...]
    held_out: tuple[Count, ...]
    accuracy: dict[str, Share]
    passed_over: dict[str, str]
    notes: tuple[str, ...]
    facts: DreamFacts
    dreams: tuple[dict[str, Scalar], ...]
    trace: tuple[ObjectiveEnds, ...]
    seconds: Seconds
