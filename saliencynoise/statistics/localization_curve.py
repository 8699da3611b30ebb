"""Localisation against the number of averaged networks: it shows whether averaging moves maps towards the truth.

Averages are over subsets of the members, the same for every image; see `averages` beside this file for how the
members' part of an interval follows from subsets that overlap. Simulated (16 images, noise that a member has on all of
them, 80 to 120 repetitions), the 95% intervals cover .96 to .99 with 8 members and .89 to .99 with 16.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.averages import Averages
from saliencynoise.statistics.groups import Groups, chosen, variance_of_mean
from saliencynoise.statistics.intervals import (
    Interval,
    Pooled,
    claim_interval,
    images_variance,
    members_variance,
)
from saliencynoise.statistics.jackknife import two_sided_p
from saliencynoise.statistics.localization import MEASURES, chance, localization, relevance

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

VALUES = 1 << 20
"""The most values, at the mask's size, of the averages that are in memory together."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageLocalization:
    """The localisation of one image's maps.

    Attributes:
        values: `[4, n, 1 + E]`: by measure, in the order of `MEASURES`, and number of averaged members, the value and
            the same with each member left out; NaN where the mask holds all pixels of the image.
        chance: of each measure.
        blank: members whose map has no relevance at all; they get the value of chance.
    """

    values: Float[Tensor, "4 n 1+E"]
    chance: Mapping[str, float]
    blank: int


def localize(
    maps: Float[Tensor, "E c h w"], mask: Bool[Tensor, "H W"], averages: Averages, *, view: str
) -> ImageLocalization:
    """Return the localisation of averages of one image's maps.

    Maps are averaged raw and brought into the view then: the view of the marginal map, not the mean of views. Averages
    are rounded to float32, as maps are stored, so that pixels which tie in all members tie in the average.

    Args:
        maps: of all members, raw; of a stochastic method averaged over its draws.
        mask: true where a pixel causes the label.
        averages: of as many members.
        view: of the averages.

    Raises:
        UsageError: as `localization`; another number of members.
    """
    members = averages.weights[0].shape[1]
    if len(maps) != members:
        raise UsageError(f"maps of {len(maps)} members for averages of {members}")
    per_average = [_of_averages(maps, weights, mask, view) for weights in averages.weights]
    values = [figures @ estimate.mT for figures, estimate in zip(per_average, averages.estimates, strict=True)]
    blank = ~relevance(maps, view).flatten(1).any(1)
    return ImageLocalization(values=torch.stack(values, 1), chance=chance(mask), blank=int(blank.sum()))


def _of_averages(
    maps: Float[Tensor, "E c h w"], weights: Float[Tensor, "S E"], mask: Bool[Tensor, "H W"], view: str
) -> Float[Tensor, "4 S"]:
    rows = maps.detach().cpu().double().flatten(1)
    size = max(1, VALUES // (maps.shape[1] * mask.numel()))
    parts = []
    for chunk in torch.split(weights, size):
        averaged = (chunk @ rows).float().reshape(-1, *maps.shape[1:])
        parts.append(torch.stack(list(localization(averaged, mask, view=view).values())))
    return torch.cat(parts, 1)


@dataclass(frozen=True, kw_only=True)
class Point:
    """The localisation of averages of n members, mean over images.

    Attributes:
        members: n.
        value: 0 to 1.
        interval: for new members and new images (with a single image, new members); None with fewer than 3 members.
    """

    members: int
    value: float
    interval: Interval | None


@dataclass(frozen=True, kw_only=True)
class Gain:
    """The marginal map against single ones, on the same images.

    Attributes:
        value: localisation of the average of all members less the mean of the single members'; above 0 where
            averaging moves maps towards the truth.
        interval: as that of a point.
        p: of no gain, two-sided; None without an interval.
    """

    value: float
    interval: Interval | None
    p: float | None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One measure over all images.

    Attributes:
        chance: of a map that knows nothing.
        curve: a point for each number of averaged members.
        gain: of all members over one.
    """

    chance: float
    curve: tuple[Point, ...]
    gain: Gain


@dataclass(frozen=True, kw_only=True, eq=False)
class Localization:
    """The localisation of the maps of one method.

    Attributes:
        images: those with pixels inside and outside the mask; the others are not counted.
        blank: share of single maps without any relevance.
        measures: by name.
        per_image: columns, a value per image; NaN where an image does not count.
    """

    images: int
    blank: float
    measures: Mapping[str, Measured]
    per_image: Mapping[str, list[float]]


def summarise_localization(
    images: Sequence[ImageLocalization], averages: Averages, *, seed: int, groups: Groups | None = None
) -> Localization:
    """Return the localisation over all images.

    Args:
        images: one or more, of the same averages.
        averages: the averages that were localised.
        seed: of the bootstrap over images.
        groups: the group of each image, where some belong together; the groups vary, not the images.

    >>> generator = torch.Generator().manual_seed(0)
    >>> mask = torch.zeros(8, 8, dtype=torch.bool)
    >>> mask[2:5, 2:5] = True
    >>> from saliencynoise.statistics.averages import plan_averages
    >>> averages = plan_averages(8, seed=0)
    >>> maps = mask + torch.randn(16, 8, 1, 8, 8, generator=generator)
    >>> result = summarise_localization([localize(m, mask, averages, view="signed") for m in maps], averages, seed=0)
    >>> [round(point.value, 2) for point in result.measures["auc"].curve], result.measures["auc"].gain.p < 0.001
    ([0.64, 0.74, 0.86, 0.95], True)
    """
    values = torch.stack([image.values for image in images])
    used = ~values.isnan().flatten(1).any(1)
    members = values.shape[-1] - 1
    groups = chosen(groups, used)
    measures = {
        name: _measured(
            of_measure[used], averages.counts, _mean([image.chance[name] for image in images], used), seed, groups
        )
        for name, of_measure in zip(MEASURES, values.unbind(1), strict=True)
    }
    return Localization(
        images=int(used.sum()),
        blank=sum(image.blank for image in images) / (len(images) * members),
        measures=measures,
        per_image=_columns(values) | {"mask_share": [image.chance["mass"] for image in images]},
    )


def _mean(values: list[float], used: Tensor) -> float:
    return float(torch.tensor(values, dtype=torch.float64)[used].mean())


def _measured(
    values: Float[Tensor, "B n 1+E"], counts: Sequence[int], by_chance: float, seed: int, groups: Groups | None
) -> Measured:
    if not len(values):
        nothing = tuple(Point(members=n, value=math.nan, interval=None) for n in counts)
        return Measured(chance=by_chance, curve=nothing, gain=Gain(value=math.nan, interval=None, p=None))
    points = tuple(_point(of_count, n, seed, groups) for n, of_count in zip(counts, values.unbind(1), strict=True))
    return Measured(chance=by_chance, curve=points, gain=_gain(values[:, -1] - values[:, 0], seed, groups))


def _point(values: Float[Tensor, "B 1+E"], count: int, seed: int, groups: Groups | None) -> Point:
    figure = Pooled(per_image=values[:, 0], without=values[:, 1:], lowest=0.0, groups=groups)
    interval = claim_interval(figure, seed=seed)
    if interval is not None:
        interval = replace(interval, high=min(interval.high, 1.0))
    return Point(members=count, value=figure.value, interval=interval)


def _gain(values: Float[Tensor, "B 1+E"], seed: int, groups: Groups | None) -> Gain:
    figure = Pooled(per_image=values[:, 0], without=values[:, 1:], groups=groups)
    interval = claim_interval(figure, seed=seed)
    if interval is None:
        return Gain(value=figure.value, interval=None, p=None)
    parts: list[tuple[float, float]] = [(members_variance(figure), figure.members - 1)]
    if groups is not None:
        parts.append(variance_of_mean(figure.per_image, groups))
    elif figure.images > 1:
        parts.append((images_variance(figure, seed=seed), figure.images - 1))
    return Gain(value=figure.value, interval=interval, p=two_sided_p(figure.value, parts))


def _columns(values: Float[Tensor, "B 4 n 1+E"]) -> dict[str, list[float]]:
    """Return single and marginal maps' localisation of each image."""
    return {
        f"localization_{name}_{kind}": of_measure[:, index, 0].tolist()
        for name, of_measure in zip(MEASURES, values.unbind(1), strict=True)
        for kind, index in (("single", 0), ("marginal", -1))
    }
