"""The scales of `paper.toml` as records: the data sets, networks and numbers that each panel uses."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from msgspec import field

from saliencynoise.records.common import Count, Record, Scalar
from saliencynoise.records.reading import check_record

SCALES = ("smoke", "small", "full")

Axis = Literal["depth", "width", "residual", "normalisation"]
"""A property of an architecture that is varied while the others are kept."""


class Source(Record, frozen=True, kw_only=True):
    """A data set, and how networks are trained on it; `label` is its name in the published table."""

    label: str
    dataset: str
    image_size: Count | None = None
    train_images: Count | None = None
    recipe: dict[str, Scalar] = field(default_factory=dict)


class GradientsScale(Record, frozen=True, kw_only=True):
    """The published name of the network, and the numbers of members and images."""

    network: str
    members: Count
    images: Count


class DreamScale(Record, frozen=True, kw_only=True):
    """Numbers of members that dream, of held-out members, and of classes."""

    members: Count
    held_out: Count
    classes: Count


class ArchitectureScale(Record, frozen=True, kw_only=True):
    """The networks by their value on each axis, and the epochs for which `reference` is trained."""

    members: Count
    images: Count
    methods: tuple[str, ...]
    reference: str
    depth: dict[str, str]
    width: dict[str, str]
    residual: dict[str, str]
    normalisation: dict[str, str]
    epochs: tuple[Count, ...]
    train_images: Count | None = None
    recipe: dict[str, Scalar] = field(default_factory=dict)

    @property
    def networks(self) -> Mapping[Axis, Mapping[str, str]]:
        """The networks by axis and value."""
        return {
            "depth": self.depth,
            "width": self.width,
            "residual": self.residual,
            "normalisation": self.normalisation,
        }


class LocalizationScale(Record, frozen=True, kw_only=True):
    """Networks on pictures with masks, their training, and the numbers of members and images."""

    members: Count
    images: Count
    networks: tuple[str, ...]
    train_images: Count | None = None
    recipe: dict[str, Scalar] = field(default_factory=dict)


class Scale(Record, frozen=True, kw_only=True):
    """A scale: `networks` by their published names, `starred_members` for the starred rows; the others by panel."""

    words: str
    members: Count
    images: Count
    methods: tuple[str, ...]
    networks: dict[str, str]
    sources: tuple[Source, ...]
    gradients: GradientsScale
    dream: DreamScale
    architecture: ArchitectureScale
    localization: LocalizationScale
    starred_members: Count | None = None


def scale_named(name: str) -> Scale:
    """Return a scale of `SCALES`.

    >>> scale_named("full").members
    30
    """
    return _scales()[name]


@cache
def _scales() -> dict[str, Scale]:
    file = files("saliencynoise_paper").joinpath("paper.toml")
    return check_record(tomllib.loads(file.read_text()), dict[str, Scale], where=file.name)
