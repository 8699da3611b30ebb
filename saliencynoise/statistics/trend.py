"""Does the SNR rise or fall along a scale, such as depth? The slope of log r over ensembles, with an interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.comparison import contributions, log_without, trouble
from saliencynoise.statistics.groups import variance_of_mean
from saliencynoise.statistics.intervals import Interval, Pooled
from saliencynoise.statistics.jackknife import few_members, jackknife_variance, t_interval, two_sided_p

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Trend:
    """The least-squares slope of log r along a scale.

    Attributes:
        slope: of log r per unit of the scale; above 0 where r rises; NaN where undetermined.
        interval: for new members of every ensemble and new images; None where undetermined.
        p: two-sided, of a slope of 0; None where undetermined.
        note: a caveat, or why there is no answer.
    """

    slope: float
    interval: Interval | None
    p: float | None
    note: str = ""

    @property
    def ratio(self) -> float:
        """The factor of r per unit of the scale."""
        return math.exp(self.slope)

    @property
    def ratio_interval(self) -> Interval | None:
        """The interval of the ratio, 0 to infinity."""
        return None if self.interval is None else self.interval.through(torch.exp)


def log_trend(figures: Sequence[Pooled], scale: Sequence[float], *, paired: bool = True) -> Trend:
    """Return the slope of log r along a scale, from ensembles that share no members.

    The slope is a fixed weighted sum of the logarithms, so its variance is that of `compare`: the ensembles' jackknife
    variances, weighted, plus the variance of the images' linearised contributions (with several images), paired over
    ensembles where the images are the same; t with degrees of freedom by Satterthwaite. The interval does *not*
    contain the deviation of the points from a straight line: the slope sums the line up, and need not hold between or
    beyond the points.

    Args:
        figures: r of each ensemble, as from `pooled_snr`.
        scale: the place of each, such as log2 of the depth; not all equal.
        paired: whether they are on the same images in the same order, or on images drawn independently.

    Raises:
        UsageError: the figures do not belong together, or all have the same place on the scale.

    >>> def figure(c):
    ...     return Pooled(per_image=torch.full((2,), c), without=torch.full((2, 3), c), link=lambda c: c / (1 - c))
    >>> round(log_trend([figure(0.5), figure(0.8)], [1, 3]).ratio, 3)     # r of 1 and 4, over two doublings
    2.0
    """
    _check(figures, scale, paired=paired)
    missing = "; ".join(
        filter(None, (trouble(figure, f"{value:g}") for figure, value in zip(figures, scale, strict=True)))
    )
    if missing:
        return Trend(slope=math.nan, interval=None, p=None, note=missing)
    values = torch.tensor([float(value) for value in scale], dtype=torch.float64)
    weights = (values - values.mean()) / (values - values.mean()).square().sum()
    slope = sum(float(weight) * math.log(figure.value) for weight, figure in zip(weights, figures, strict=True))
    parts = [
        (float(weight) ** 2 * jackknife_variance(log_without(figure)), figure.members - 1.0)
        for weight, figure in zip(weights, figures, strict=True)
    ]
    several = all(figure.images > 1 for figure in figures)
    if several:
        parts += _images_parts(figures, weights, paired=paired)
    note = few_members(min(figure.members for figure in figures))
    interval = t_interval(slope, parts, question="both" if several else "members", note=note)
    return Trend(slope=slope, interval=interval, p=two_sided_p(slope, parts), note=note)


def _check(figures: Sequence[Pooled], scale: Sequence[float], *, paired: bool) -> None:
    if len(figures) != len(scale) or len(set(scale)) < 2:
        raise UsageError(f"{len(figures)} figures at the places {list(scale)}: need one place each, and two places")
    images = sorted({figure.images for figure in figures})
    if paired and len(images) != 1:
        raise UsageError(f"figures of {images} images: paired, they need to be on the same images")


def _images_parts(figures: Sequence[Pooled], weights: Tensor, *, paired: bool) -> list[tuple[float, float]]:
    """Return the variances over images, with their degrees of freedom: of the weighted sum, or of each by itself.

    Over groups of images, if the figures have them; for paired figures the groups of the first.
    """
    parts = [weight * contributions(figure).double() for weight, figure in zip(weights, figures, strict=True)]
    sums = [torch.stack(parts).sum(0)] if paired else parts
    return [variance_of_mean(part, figure.groups) for part, figure in zip(sums, figures, strict=False)]
