"""The base of all records, and values that several kinds of file hold."""

from __future__ import annotations

from reprlib import Repr
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct

if TYPE_CHECKING:
    Number = float
else:

    class Number(float):
        """A figure: JSON writes infinities as "inf" and "-inf", and an undefined figure, here NaN, as null."""


BRIEF = Repr()
"""Shortens the values of a record: the first items of a list, and of each only the beginning."""
BRIEF.maxlevel, BRIEF.maxtuple, BRIEF.maxlist, BRIEF.maxdict, BRIEF.maxstring, BRIEF.maxother = 2, 2, 2, 2, 60, 40


class Record(Struct, frozen=True, kw_only=True):
    """Values of a JSON file; `records/reading.py` reads them and `records/writing.py` writes them.

    Every key is required, but for those with a default; keys of a file that a record does not name are ignored.
    """

    def __repr__(self) -> str:
        """Return the values, long ones shortened: a whole study has 60,000 characters."""
        values = (f"{name}={BRIEF.repr(getattr(self, name))}" for name in self.__struct_fields__)
        return f"{type(self).__name__}({', '.join(values)})"


MOST = 2**53
"""The largest count: JSON's readers agree on whole numbers up to this one."""

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
"""A value of a recipe, of an architecture's arguments, or of a method's parameters."""

Shape = Annotated[tuple[Count, ...], Meta(min_length=3, max_length=3)]
"""Channels, height, width."""


class Ends(Record, frozen=True, kw_only=True):
    """The two ends of a confidence interval."""

    low: Number
    high: Number


class Interval(Ends, frozen=True, kw_only=True):
    """A confidence interval, as `saliencynoise.statistics.intervals.Interval` is written."""

    question: str
    df: Number
    note: str
    level: Share


class ValueWithInterval(Record, frozen=True, kw_only=True):
    """A figure with its interval."""

    value: Number
    interval: Interval | None


class Hardware(Record, frozen=True, kw_only=True):
    """A machine, as `saliencynoise.store.provenance.hardware` describes it."""

    device: str
    processor: str
    machine: str
    cores: Count | None
    threads: Count
    gpu: str | None = None


class Environment(Record, frozen=True, kw_only=True):
    """The software and hardware of a result; versions of Python and of packages by name."""

    versions: dict[str, str]
    hardware: Hardware


class Provenance(Environment, frozen=True, kw_only=True):
    """The date, software and hardware of a result, and the command that makes it again; empty where there is none.

    The words of all results are explained in docs/glossary.md, and on each page under "What the words mean".
    """

    created: str
    command: str = ""


class BenchSettings(Record, frozen=True, kw_only=True):
    """The settings of a bench that determine its figures."""

    dataset: str
    archs: tuple[str, ...]
    arch_args: dict[str, Scalar]
    methods: tuple[str, ...]
    sampler: str
    init: tuple[str, ...]
    tune: tuple[str, ...]
    members: Count | None
    images: Count
    groups: str | None
    draws: Count
    image_size: Count | None
    normalization: str
    train_images: Count | None
    recipe: dict[str, Scalar]
    target: str
    device: str
    precision: str
    seed: Seed
    aggregator: str
    untrained: str


class RecipeRecord(Record, frozen=True, kw_only=True):
    """The training recipe of an architecture, as `saliencynoise.training.recipes.Recipe`."""

    epochs: Count
    batch_size: Count
    optimiser: str
    learning_rate: float
    weight_decay: float
    warmup: float
    clip_norm: float
    label_smoothing: float
    shift: Count
    flip: bool
    crop: float
    backbone_rate: float
    frozen_norms: bool
    precision: str
    channels_last: bool
    compiled: bool
