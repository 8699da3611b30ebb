"""Jackknife variances, ratios of means and t intervals, which all figures beyond the headline use."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from scipy.special import ndtri, stdtr, stdtrit

from saliencynoise.statistics.intervals import INDICATIVE_BELOW, Interval, Pooled, Question, Unit, satterthwaite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Float
    from torch import Tensor


def jackknife_variance(leave_one_out: Float[Tensor, " E"]) -> float:
    """Return (E-1)/E sum (x_-e - mean)^2; infinite where a value is infinite or undefined.

    >>> values = torch.tensor([1.0, 2.0, 3.0, 6.0])
    >>> jackknife_variance((values.sum() - values) / 3) - float(values.var()) / 4 < 1e-6     # the mean's own variance
    True
    """
    if bool((leave_one_out == leave_one_out[0]).all()):
        return 0.0
    count = len(leave_one_out)
    variance = float((leave_one_out - leave_one_out.mean()).square().sum()) * (count - 1) / count
    return variance if math.isfinite(variance) else math.inf


def t_interval(
    value: float,
    parts: Sequence[tuple[float, float]],
    *,
    question: Question,
    note: str = "",
    level: float = 0.95,
) -> Interval:
    """Return value +- t sqrt(variance), from independent parts of the variance with their degrees of freedom.

    Args:
        value: the figure.
        parts: (variance, df), one or more, added; the df of the sum by Satterthwaite.
        question: the part that varies.
        note: a caveat in words.
        level: nominal coverage.

    >>> interval = t_interval(3.0, [(1.0, 4)], question="members")
    >>> round(interval.low, 2), round(interval.high, 2)
    (0.22, 5.78)
    """
    variance = sum(part for part, _ in parts)
    df = satterthwaite(tuple(part for part, _ in parts), tuple(df for _, df in parts))
    if math.isinf(variance):
        missing = "no bound: a leave-one-out value is infinite or undefined"
        note = f"{note}; {missing}" if note else missing
        return Interval(low=-math.inf, high=math.inf, question=question, df=df, note=note, level=level)
    half = math.sqrt(variance) * quantile((1 + level) / 2, df)
    return Interval(low=value - half, high=value + half, question=question, df=df, note=note, level=level)


def quantile(probability: float, df: float) -> float:
    """Return Student's quantile; that of the normal distribution with infinite degrees of freedom.

    >>> round(quantile(0.975, 4), 3)
    2.776
    """
    return float(ndtri(probability) if math.isinf(df) else stdtrit(df, probability))


def two_sided_p(value: float, parts: Sequence[tuple[float, float]]) -> float:
    """Return the p-value of `value` = 0 by the same t as `t_interval`; 1 where there is no bound.

    >>> round(two_sided_p(2.776, [(1.0, 4)]), 3)
    0.05
    """
    variance = sum(part for part, _ in parts)
    if value == 0 or math.isinf(variance):
        return 1.0
    if variance == 0:
        return 0.0
    df = satterthwaite(tuple(part for part, _ in parts), tuple(df for _, df in parts))
    return float(2 * stdtr(df, -abs(value) / math.sqrt(variance)))


def ratio_of_means(
    top: tuple[Float[Tensor, " B"], Float[Tensor, "B E"]],
    bottom: tuple[Float[Tensor, " B"], Float[Tensor, "B E"]],
    *,
    link: Callable[[Tensor], Tensor] = torch.clone,
    lowest: float = -math.inf,
) -> Pooled:
    """Return mean(top) / mean(bottom) over images as a `Pooled`, each image's part linearised about it.

    Args:
        top: per image, and the same with each member left out.
        bottom: the same; its means are positive.
        link: applied to the ratio.
        lowest: the smallest value of the figure.

    >>> top, bottom = torch.tensor([1.0, 3.0]), torch.tensor([2.0, 2.0])
    >>> ratio_of_means((top, top[:, None]), (bottom, bottom[:, None])).value
    1.0
    """
    (a, a_without), (b, b_without) = top, bottom
    return Pooled(
        per_image=_linearised(a, b), without=_linearised(a_without, b_without), link=link, lowest=lowest
    )  # fmt: skip


def few_members(members: int, unit: Unit = "members") -> str:
    """Return the caveat for an interval over this number of members, or of starts, or nothing.

    >>> few_members(5), few_members(5, "starts")
    ('indicative: fewer than 8 members', 'indicative: fewer than 8 starts')
    """
    return f"indicative: fewer than {INDICATIVE_BELOW} {unit}" if members < INDICATIVE_BELOW else ""


def _linearised(top: Tensor, bottom: Tensor) -> Tensor:
    ratio = top.mean(0) / bottom.mean(0)
    return ratio + (top - ratio * bottom) / bottom.mean(0)
