"""Confidence intervals, each the answer to a named question: new members, new images, or both.

Every figure here is a link function of a mean over images, so its intervals need only the figure per image
and the same with each member left out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import torch
from scipy.special import ndtri, stdtrit

from saliencynoise.statistics.groups import Groups, in_groups, variance_of_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jaxtyping import Float
    from torch import Tensor

Question = Literal["members", "images", "both", "starts", "starts and images"]

WORDS: Mapping[Question, str] = MappingProxyType(
    {
        "members": "for these images, if other networks were trained",
        "images": "for these networks, if other images were drawn",
        "both": "for other networks and other images",
        "starts": "for these images, if networks came from other starts",
        "starts and images": "for networks from other starts and other images",
    }
)
"""The meaning of an interval by its question, as it is printed beside the interval."""

Unit = Literal["members", "starts"]
"""What is left out in turn: members, or starts with all their members."""

OF_STARTS: Mapping[Question, Question] = MappingProxyType({"members": "starts", "both": "starts and images"})
"""The question of an interval over starts, by that over members."""

INDICATIVE_BELOW = 8
RESAMPLES = 2000


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A two-sided confidence interval.

    Attributes:
        low: lower end, never below the smallest value that the figure can take.
        high: upper end; infinity where the data set no bound.
        question: the part that varies: "members", "images" or "both"; "starts" or "starts and images" where several
            members share a start.
        df: degrees of freedom of Student's t; infinity where no t was needed.
        note: a caveat in words, or empty.
        level: nominal coverage.
    """

    low: float
    high: float
    question: Question
    df: float
    note: str = ""
    level: float = 0.95

    @property
    def words(self) -> str:
        """The meaning of the interval in words."""
        return WORDS[self.question]

    def through(self, function: Callable[[Tensor], Tensor]) -> Interval:
        """Return the interval of an increasing `function` of the figure."""
        low, high = function(torch.tensor([self.low, self.high], dtype=torch.float64)).tolist()
        return replace(self, low=low, high=high)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pooled:
    """A figure of a whole study: `link` of the mean over images of a figure per image.

    Attributes:
        per_image: `[B]`, no NaN.
        without: `[B, E]`, the same with each member left out; images where that is NaN are left out there. Of a nested
            design, `[B, K]`: with each start left out.
        link: applied to the mean over images.
        lowest: the smallest value that the figure can take.
        groups: the group of each image, where some belong together; then the groups vary, not the images.
        ratio: whether the figure is a ratio of energies, as r, whose logarithm is nearer to normal.
        unit: what is left out.
    """

    per_image: Float[Tensor, " B"]
    without: Float[Tensor, "B E"]
    link: Callable[[Tensor], Tensor] = torch.clone
    lowest: float = -math.inf
    groups: Groups | None = None
    ratio: bool = False
    unit: Unit = "members"

    @property
    def value(self) -> float:
        """The figure."""
        return float(self.link(self.per_image.mean()))

    @property
    def images(self) -> int:
        """B."""
        return self.without.shape[0]

    @property
    def members(self) -> int:
        """E, or the number of starts."""
        return self.without.shape[1]


def members_variance(figure: Pooled) -> float:
    """Return the jackknife variance over members, (E-1)/E sum (x_-e - mean)^2; infinite if undefined."""
    leave_one_out = figure.link(figure.without.nanmean(0))
    if bool((leave_one_out == figure.value).all()):
        return 0.0
    spread = (leave_one_out - leave_one_out.mean()).square().sum()
    return _finite_or_inf(float(spread) * (figure.members - 1) / figure.members)


def images_variance(figure: Pooled, *, seed: int) -> float:
    """Return the bootstrap variance over images, times B/(B-1) for the smallness of the sample.

    2000 resamples from `seed`, in blocks that bound the memory; infinite where it is undefined.
    """
    if bool((figure.per_image == figure.per_image[0]).all()):
        return 0.0 if figure.images > 1 else math.inf
    generator = torch.Generator().manual_seed(seed)
    blocks = [
        figure.per_image[torch.randint(figure.images, (RESAMPLES // 10, figure.images), generator=generator)].mean(1)
        for _ in range(10)
    ]
    variance = float(figure.link(torch.cat(blocks)).var())
    return _finite_or_inf(variance * figure.images / (figure.images - 1))


def groups_variance(figure: Pooled) -> tuple[float, float]:
    """Return the variance over groups of images, linearised about the mean, and its degrees of freedom."""
    mean = figure.per_image.mean()
    (slope,) = slopes(figure.link, mean)
    return variance_of_mean(figure.per_image * slope, figure.groups)


def slopes(function: Callable[..., Tensor], *means: Tensor) -> tuple[Tensor, ...]:
    """Return the Jacobian of a function by each of its arguments.

    `torch.func.jacrev` gives the same and imports `torch._dynamo`, which takes 3 s.

    >>> slopes(torch.square, torch.tensor([1.0, 2.0]))[0].tolist()
    [[2.0, 0.0], [0.0, 4.0]]
    """
    jacobians: tuple[Tensor, ...] = torch.autograd.functional.jacobian(function, means)  # type: ignore[no-untyped-call]
    return jacobians


def members_interval(figure: Pooled, *, level: float = 0.95) -> Interval | None:
    """Return the interval for new members: jackknife on the figure, t with E - 1 degrees of freedom.

    None with fewer than 3 members. Infinite upwards where a jackknife value is infinite or undefined.

    >>> maps = torch.tensor([[1.0, 2.0, 3.0, 6.0]], dtype=torch.float64)     # the mean of four members
    >>> mean = Pooled(per_image=maps.mean(1), without=(maps.sum() - maps) / 3)
    >>> interval = members_interval(mean)                                       # is the textbook's t interval
    >>> round(interval.low, 3), round(interval.high, 3)
    (-0.437, 6.437)
    """
    if figure.members < 3:
        return None
    return _around(figure, members_variance(figure), df=figure.members - 1, question="members", level=level)


def images_interval(figure: Pooled, *, seed: int, level: float = 0.95) -> Interval | None:
    """Return the interval for new images: bootstrap variance, t with B - 1 degrees of freedom.

    None for one image. Where images have groups: the variance over groups, on the logarithm of a ratio.
    """
    if figure.images < 2:
        return None
    if figure.groups is not None:
        return _of_groups(figure, question="images", level=level)
    variance = images_variance(figure, seed=seed)
    return _around(figure, variance, df=figure.images - 1, question="images", level=level)


def both_interval(figure: Pooled, *, seed: int, level: float = 0.95) -> Interval | None:
    """Return the interval for new members and new images: variances added, df by Satterthwaite.

    Slightly wide, because noise of a member on an image counts in both variances. None with fewer than 3
    members or fewer than 2 images. Where images have groups, theirs is the images' variance.
    """
    if figure.members < 3 or figure.images < 2:
        return None
    if figure.groups is not None:
        return _of_groups(figure, question="both", level=level)
    parts = members_variance(figure), images_variance(figure, seed=seed)
    df = satterthwaite(parts, (figure.members - 1, figure.images - 1))
    return _around(figure, sum(parts), df=df, question="both", level=level)


def claim_interval(figure: Pooled, *, seed: int, level: float = 0.95) -> Interval | None:
    """Return the interval that a claim needs: for both; with a single image for new members only."""
    if figure.images < 2:
        return members_interval(figure, level=level)
    return both_interval(figure, seed=seed, level=level)


def satterthwaite(variances: tuple[float, ...], dfs: tuple[float, ...]) -> float:
    """Return the degrees of freedom of a sum of independent variances.

    >>> satterthwaite((1.0, 1.0), (7, 7))
    14.0
    """
    largest = max(variances)
    if largest == 0 or math.isinf(largest):
        return float(min(dfs))
    shares = [variance / largest for variance in variances]
    return sum(shares) ** 2 / sum(share**2 / df for share, df in zip(shares, dfs, strict=True))


def _of_groups(figure: Pooled, *, question: Question, level: float) -> Interval:
    """Return the interval over groups of images, and also over members if that is requested."""
    without = figure.link(figure.without.nanmean(0))
    logarithmic = figure.ratio and figure.value > 0 and bool(((without > 0) & without.isfinite()).all())
    scaled = replace(figure, link=_log_of(figure.link), lowest=-math.inf) if logarithmic else figure
    parts = [groups_variance(scaled)]
    if question == "both":
        parts.append((members_variance(scaled), scaled.members - 1))
    df = satterthwaite(tuple(part for part, _ in parts), tuple(df for _, df in parts))
    interval = _around(scaled, sum(part for part, _ in parts), df=df, question=question, level=level)
    interval = replace(interval, note="; ".join(filter(None, (interval.note, in_groups(figure.groups)))))
    if not logarithmic:
        return interval
    return replace(interval, low=math.exp(interval.low), high=math.exp(min(interval.high, 700.0)))


def _log_of(link: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    return lambda mean: link(mean).log()


def _t_quantile(probability: float, df: float) -> float:
    """Return Student's quantile, by scipy.special: scipy.stats takes a second to import."""
    return float(ndtri(probability) if math.isinf(df) else stdtrit(df, probability))


def _around(figure: Pooled, variance: float, *, df: float, question: Question, level: float) -> Interval:
    """Return value +- t sqrt(variance), cut at the figure's lowest value, with its caveats."""
    notes = [f"indicative: fewer than {INDICATIVE_BELOW} {figure.unit}"] if figure.members < INDICATIVE_BELOW else []
    low = high = figure.value
    if math.isinf(variance):
        low, high = figure.lowest, math.inf
        unit = figure.unit.removesuffix("s")
        notes.append(f"no bound: leaving out a {unit} or an image makes the figure infinite or undefined")
    elif variance > 0:
        half = _t_quantile((1 + level) / 2, df) * math.sqrt(variance)
        low, high = max(figure.value - half, figure.lowest), figure.value + half
    asked = OF_STARTS.get(question, question) if figure.unit == "starts" else question
    return Interval(low=low, high=high, question=asked, df=df, note="; ".join(notes), level=level)


def _finite_or_inf(variance: float) -> float:
    return variance if math.isfinite(variance) else math.inf
