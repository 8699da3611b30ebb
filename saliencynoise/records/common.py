"""Values that several kinds of file hold."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from msgspec import Meta

Number = float | Literal["inf", "-inf"] | None
"""A figure: JSON holds infinities as words and the undefined as null."""

MOST = 2**53
"""Counts at most: whole numbers that JSON's readers agree on."""

Count = Annotated[int, Meta(ge=0, le=MOST)]
"""A number of members, images or parameters."""

Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""A seed of a run or of a stream."""

Share = Annotated[float, Meta(ge=0, le=1)]
"""A share of images or pixels."""

Seconds = Annotated[float, Meta(ge=0, le=1e12)]
"""A duration of computing."""

Name = Annotated[str, Meta(min_length=1)]

Status = Literal["ok", "failed"]

Format = Annotated[int, Meta(ge=1, le=MOST)]

Scalar = str | int | float | bool | None


class Ends(TypedDict):
    """A confidence interval of which only the ends are shown."""

    low: Number
    high: Number


class Interval(Ends):
    """A confidence interval, as `saliencynoise.statistics.intervals.Interval` is written."""

    question: str
    df: Number
    note: str
    level: Share


class Valued(TypedDict):
    """A figure with its interval."""

    value: Number
    interval: Ends | None


class Hardware(TypedDict):
    """A machine, as `saliencynoise.store.provenance.hardware` describes it."""

    device: str
    processor: str
    machine: NotRequired[str]
    cores: NotRequired[Count | None]
    threads: NotRequired[Count]
    gpu: NotRequired[str]


class Versions(TypedDict):
    """Versions of Python and of packages, by name."""

    torch: str


class Provenance(TypedDict):
    """The date, software and hardware of a result."""

    created: NotRequired[str]
    versions: Versions
    hardware: Hardware


Shape = Annotated[list[Count], Meta(min_length=3, max_length=3)]
"""Channels, height, width."""


class Data(TypedDict):
    """The images that a result is about."""

    asked: str
    name: NotRequired[str]
    key: NotRequired[str]
    masks: NotRequired[bool]


class Recipe(TypedDict):
    """The training recipe of an architecture; the file has further keys."""

    epochs: Count
    precision: NotRequired[str]


class BenchSettings(TypedDict):
    """The settings of a bench that determine its figures, but for the number of members, which subclasses add."""

    seed: Seed
    target: str
    dataset: NotRequired[str]
    archs: NotRequired[list[str]]
    arch_args: NotRequired[dict[str, Any]]
    methods: NotRequired[list[str]]
    sampler: NotRequired[str]
    images: NotRequired[Count]
    groups: NotRequired[str | None]
    draws: NotRequired[Count]
    image_size: NotRequired[Count | None]
    normalization: NotRequired[str]
    train_images: NotRequired[Count | None]
    recipe: NotRequired[dict[str, Scalar]]
    device: NotRequired[str]
    precision: NotRequired[str]
    untrained: NotRequired[str]
    aggregator: NotRequired[str]
