"""The spread of the images' SNR, without the error of each image's estimate.

An image's cosine c_i is unbiased but noisy, so the c_i spread more than the images do, and the worst of them look worse
than they are. The true variance between images is estimated without bias: products of two inner products count only
if their four members differ, whose errors are independent. The c_i are then drawn together about their mean until they
have that variance. Nothing is assumed about the shape of the distribution over images.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from scipy.special import stdtrit

from saliencynoise.statistics.gram import diag_mean, scale_gram
from saliencynoise.statistics.groups import Groups, chosen, in_groups, resamples, units_of
from saliencynoise.statistics.intervals import INDICATIVE_BELOW, RESAMPLES, Interval, Question, satterthwaite
from saliencynoise.statistics.snr import snr_from_cosine

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

FEWEST_MEMBERS = 4


def snr_of_images(
    gram: Float[Tensor, "B E E"], *, share: float, seed: int, level: float = 0.95, groups: Groups | None = None
) -> tuple[float, Interval | None]:
    """Return the r that `share` of the images reach or exceed, with its interval for new members and new images.

    The (1 - share) quantile of the images' cosines, free of the error of each, as r = c / (1 - c). Simulated (32
    images, log-spread of r 0.8, E = 8 and 16): the number of members that follows from it is 2 to 5% too high at the
    median, and the interval covers 96 to 99%.

    Args:
        gram: maps of any scale; images whose maps are all zero are left out.
        share: of the images, between 0 and 1.
        seed: of the bootstrap over images.
        level: of the interval.
        groups: of the images, where some belong together: whole groups are drawn, and the interval is for new groups.

    Returns:
        r, NaN below 4 members or without an image, and its interval: jackknife over members and bootstrap over images,
        each of the whole procedure. With one image for new members only; None below 5 members.

    >>> signals = torch.tensor([0.5, 1.0, 2.0]).repeat(10)[:, None, None] * torch.ones(30, 1, 400)
    >>> maps = signals + torch.randn(30, 8, 400, generator=torch.Generator().manual_seed(0))
    >>> r, interval = snr_of_images((maps @ maps.mT).double(), share=0.9, seed=0)     # the worst third has r = 0.25
    >>> round(r, 2), round(interval.low, 2), round(interval.high, 2)
    (0.24, 0.21, 0.27)
    """
    used = diag_mean(gram) > 0
    pairs, groups = _pairs(gram[used]), chosen(groups, used)
    images, members = pairs.shape[:2]
    if members < FEWEST_MEMBERS or images == 0:
        return math.nan, None
    value = float(snr_from_cosine(_quantile_of(pairs, 1 - share)))
    if members == FEWEST_MEMBERS:
        return value, None
    parts = [(_members_variance(pairs, 1 - share), members - 1.0)]
    if images > 1:
        parts.append(_images_part(pairs, 1 - share, seed, groups))
    variances, dfs = zip(*parts, strict=True)
    df = satterthwaite(variances, dfs)
    interval = _interval(value, sum(variances), df, images=images, members=members, level=level)
    note = "; ".join(filter(None, (interval.note, in_groups(groups))))
    return value, replace(interval, note=note)


def mean_of_disjoint_pairs(pairs: Float[Tensor, "*n E E"]) -> Float[Tensor, "*n"]:
    """Return the mean of G_ef G_gh over all choices of four different members: unbiased for the squared mean of G_ef.

    Args:
        pairs: symmetric, with a diagonal of zeros; at least 4 members.

    >>> mean_of_disjoint_pairs(torch.ones(5, 5) - torch.eye(5)).item()
    1.0
    """
    members = pairs.shape[-1]
    rows = pairs.sum(-1)
    total = rows.sum(-1).square() - 4 * rows.square().sum(-1) + 2 * pairs.square().sum((-2, -1))
    return total / (members * (members - 1) * (members - 2) * (members - 3))


def quantile(values: Float[Tensor, "*n B"], probability: float) -> Float[Tensor, "*n"]:
    """Return the median-unbiased quantile (Hyndman and Fan 1996, type 8): the usual one is too near the middle.

    >>> quantile(torch.arange(33.0), 0.1).item() < torch.arange(33.0).quantile(0.1).item()
    True
    """
    images = values.shape[-1]
    position = min(max((images + 1 / 3) * probability + 1 / 3, 1.0), float(images)) - 1
    below = int(position)
    ordered = values.sort(-1).values
    return torch.lerp(ordered[..., below], ordered[..., min(below + 1, images - 1)], position - below)


def shrunken_quantile(
    cosines: Float[Tensor, "*n B"], squares: Float[Tensor, "*n B"], total: Float[Tensor, "*n"], probability: float
) -> Float[Tensor, "*n"]:
    """Return the quantile of the cosines, drawn together about their mean until they have the true variance.

    Args:
        cosines: estimates c_i.
        squares: unbiased estimates of the squares of the true cosines.
        total: unbiased estimate of the square of the sum of the true cosines.
        probability: of the quantile.

    >>> c = torch.tensor([0.0, 0.5, 1.0])
    >>> shrunken_quantile(c, torch.tensor([0.25, 0.25, 0.25]), torch.tensor(2.25), 0.1).item()   # all are 0.5
    0.5
    """
    mean, images = cosines.mean(-1), cosines.shape[-1]
    if images == 1:
        return mean
    true = ((squares.sum(-1) - total / images) / (images - 1)).clamp(min=0)
    seen = cosines.var(-1)
    factor = torch.where(seen > 0, (true / seen).clamp(max=1).sqrt(), 0.0)
    return mean + factor * (quantile(cosines, probability) - mean)


def _pairs(gram: Tensor) -> Tensor:
    """Return the cosines of all pairs of members, zeros on the diagonal, so scaled that their mean is c_i."""
    unit = scale_gram(gram, "unit")
    unit = unit / diag_mean(unit)[:, None, None]
    return unit - torch.diag_embed(unit.diagonal(dim1=-2, dim2=-1))


def _quantile_of(pairs: Tensor, probability: float) -> Tensor:
    cosines, squares = _per_image(pairs)
    return shrunken_quantile(cosines, squares, mean_of_disjoint_pairs(pairs.sum(0)), probability)


def _per_image(pairs: Tensor) -> tuple[Tensor, Tensor]:
    members = pairs.shape[-1]
    return pairs.sum((-2, -1)) / (members * (members - 1)), mean_of_disjoint_pairs(pairs)


def _members_variance(pairs: Tensor, probability: float) -> float:
    """Return the jackknife variance of r, each time the whole procedure without one member."""
    members = pairs.shape[-1]
    stay = ~torch.eye(members, dtype=torch.bool)
    without = snr_from_cosine(torch.stack([_quantile_of(pairs[:, keep][:, :, keep], probability) for keep in stay]))
    return _finite_or_inf(float(without.var(correction=0)) * (members - 1))


def _images_part(pairs: Tensor, probability: float, seed: int, groups: Groups | None) -> tuple[float, float]:
    """Return the bootstrap variance of r, times n/(n-1) of n images or groups, and its degrees of freedom.

    In blocks that bound the memory.
    """
    generator = torch.Generator().manual_seed(seed)
    cosines, squares = _per_image(pairs)
    units, effective = units_of(len(pairs), groups)
    if units < 2:
        return math.inf, 1.0
    quantiles = []
    for _ in range(10):
        for drawn in resamples(len(pairs), groups, count=RESAMPLES // 10, generator=generator):
            times = torch.zeros(len(drawn), len(pairs), dtype=pairs.dtype)
            times.scatter_add_(1, drawn, torch.ones_like(cosines[drawn]))
            total = mean_of_disjoint_pairs(torch.einsum("rb,bef->ref", times, pairs))
            quantiles.append(shrunken_quantile(cosines[drawn], squares[drawn], total, probability))
    return _finite_or_inf(float(snr_from_cosine(torch.cat(quantiles)).var()) * units / (units - 1)), effective - 1


def _interval(value: float, variance: float, df: float, *, images: int, members: int, level: float) -> Interval:
    notes = [f"indicative: fewer than {INDICATIVE_BELOW} members"] if members < INDICATIVE_BELOW else []
    lowest = -1 / members
    low, high = lowest, math.inf
    if variance == 0:
        low = high = value
    elif math.isinf(variance):
        notes.append("no bound: leaving out a member or an image makes the figure infinite or undefined")
    else:
        half = float(stdtrit(df, (1 + level) / 2)) * math.sqrt(variance)
        low, high = max(value - half, lowest), value + half
    question: Question = "both" if images > 1 else "members"
    return Interval(low=low, high=high, question=question, df=df, note="; ".join(notes), level=level)


def _finite_or_inf(variance: float) -> float:
    return variance if math.isfinite(variance) else math.inf
