"""Several starts with several networks each: r within a start, r of the population, and what averages are worth.

With C_w the mean cosine between the maps of two networks from one start, and C_b that of two networks from different
starts, averaged over images,

    r within = C_w / (1 - C_w)            for networks from the same start
    r        = C_b / (1 - C_b)            for networks that each come from a start of their own
    reliability(k, j) = C_b / (C_b + (C_w - C_b)/k + (1 - C_w)/(k j))      of k starts with j networks each

by the variance components of a nested design: signal C_b, starts C_w - C_b, networks of a start 1 - C_w. Each start
counts alike in C_b and C_w, however many networks it has; starts with a single network have no part in C_w.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import torch

from saliencynoise.statistics.clusters import Clusters, sizes_of, start_gram, within_cosines
from saliencynoise.statistics.gram import NOISELESS, diag_mean, scale_gram
from saliencynoise.statistics.groups import Groups, variance_of_mean
from saliencynoise.statistics.intervals import INDICATIVE_BELOW, Interval, Pooled, Question, claim_interval, slopes
from saliencynoise.statistics.jackknife import jackknife_variance, t_interval
from saliencynoise.statistics.snr import pooled_snr, snr_from_cosine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jaxtyping import Float
    from torch import Tensor

STARTS = (1, 2, 4, 8, 16)
SEEDS = (1, 2, 4, 8)
"""The averages whose reliability is listed: by the number of starts and of networks of each."""

START_COSTS = (0.0, 1.0, 10.0, 100.0)
"""The costs of a start for which the best split is listed, in units of the cost of a network from it."""


@dataclass(frozen=True, kw_only=True)
class WithInterval:
    """A figure with its interval; None where there is none."""

    value: float
    interval: Interval | None


@dataclass(frozen=True, kw_only=True)
class AverageOfStarts:
    """The average of k starts with j networks each.

    Attributes:
        starts: k.
        seeds: j.
        reliability: the correlation to be expected of two such averages of other starts.
        interval: of the reliability.
        worth: the number of networks, each from a start of its own, whose average has the same reliability.
    """

    starts: int
    seeds: int
    reliability: float
    interval: Interval | None
    worth: float


@dataclass(frozen=True, kw_only=True)
class Split:
    """The best use of the cost of a study.

    Attributes:
        start_cost: of a start, in units of the cost of a network from it; 0 where starts cost nothing.
        starts: number of starts.
        seeds: networks from each.
        worth: of their average, in networks from starts of their own.
    """

    start_cost: float
    starts: int
    seeds: int
    worth: float


@dataclass(frozen=True, kw_only=True)
class Nested:
    """The figures of members that share starts.

    Attributes:
        sizes: number of members of each start.
        c_within: C_w; NaN where no start has two members.
        c_between: C_b; NaN with a single start.
        r_within: r of networks from one start: with several starts, for other starts.
        r_population: r of networks from different starts; None with a single start: it is not estimated.
        worth: networks from starts of their own to which the average of all members is equivalent; None as above.
        averages: other averages; empty as above.
        splits: the best use of this study's cost; empty as above.
    """

    sizes: tuple[int, ...]
    c_within: float
    c_between: float
    r_within: WithInterval
    r_population: WithInterval | None
    worth: WithInterval | None
    averages: tuple[AverageOfStarts, ...]
    splits: tuple[Split, ...]


def snr_of_average(c_between: Tensor, c_within: Tensor, *, starts: float | Tensor, seeds: float | Tensor) -> Tensor:
    """Return the energy of the signal over that of the noise left in an average of k starts with j networks each.

    C_b / ((C_w - C_b)/k + (1 - C_w)/(k j)): r for one network. Starts that agree less than chance count as equal ones.

    >>> snr_of_average(torch.tensor(0.5), torch.tensor(0.75), starts=1, seeds=1).item()
    1.0
    """
    noise = (c_within - c_between).clamp(min=0) / starts + (1 - c_within) / (starts * seeds)
    return torch.where(noise > NOISELESS, c_between / noise, c_between.sign() * torch.inf)


def reliability_of(c_between: Tensor, c_within: Tensor, *, starts: float | Tensor, seeds: float | Tensor) -> Tensor:
    """Return the cosine to be expected of two averages of k other starts with j networks each; 0 without a signal.

    >>> reliability_of(torch.tensor(0.25), torch.tensor(0.75), starts=1, seeds=1).item()      # C_b itself
    0.25
    """
    return _reliability(snr_of_average(c_between, c_within, starts=starts, seeds=seeds))


def worth_of(c_between: Tensor, c_within: Tensor, *, starts: float | Tensor, seeds: float | Tensor) -> Tensor:
    """Return the number of networks, each from a start of its own, that have the reliability of k starts with j each.

    n with n r/(1 + n r) = reliability(k, j), so n = k (1 - C_b) / (C_w - C_b + (1 - C_w)/j). It is 1 for one network
    and k for one network of each start. More networks of one start never reach (1 - C_b)/(C_w - C_b). Infinite where
    the starts are the same and networks of one start do not differ.

    >>> round(worth_of(torch.tensor(0.2), torch.tensor(2.7 / 3.7), starts=1, seeds=8).item(), 2)
    1.42
    """
    noise = (c_within - c_between).clamp(min=0) + (1 - c_within) / seeds
    return torch.where(noise > NOISELESS, starts * (1 - c_between) / noise, torch.inf)


def seeds_for_cost(c_between: float, c_within: float, *, start_cost: float) -> float:
    """Return the best number of networks of a start, which no budget changes: sqrt(cost (1 - C_w) / (C_w - C_b)).

    That minimises (cost + j) (C_w - C_b + (1 - C_w)/j), the cost of a given reliability. Infinite where starts do not
    differ. Below 1 each network has a start of its own; so it is where a start costs nothing.

    >>> round(seeds_for_cost(0.2, 0.7, start_cost=10.0), 2)
    2.45
    """
    between = c_within - c_between
    if between <= 0:
        return math.inf if start_cost > 0 else 1.0
    return math.sqrt(start_cost * max(0.0, 1 - c_within) / between)


def best_split(c_between: float, c_within: float, *, start_cost: float, budget: float) -> Split:
    """Return the starts and networks of each start whose average is worth most, within a budget.

    Args:
        c_between: C_b.
        c_within: C_w.
        start_cost: of a start beside its networks, in units of the cost of a network from it.
        budget: in the same units; at least start_cost + 1.

    >>> split = best_split(0.2, 0.7, start_cost=10.0, budget=100.0)
    >>> split.starts, split.seeds, round(split.worth, 1)
    (8, 2, 9.8)
    """
    between, within = torch.tensor([c_between, c_within], dtype=torch.float64)
    seeds = torch.arange(1, max(1, math.floor(budget - start_cost)) + 1, dtype=torch.float64)
    starts = (budget / (start_cost + seeds)).floor()
    worths = worth_of(between, within, starts=starts, seeds=seeds)
    best = int((worths >= worths.max() * (1 - 1e-9)).nonzero()[0])  # of equal ones that with the most starts
    return Split(start_cost=start_cost, starts=int(starts[best]), seeds=int(seeds[best]), worth=float(worths[best]))


def nested(gram: Float[Tensor, "B E E"], clusters: Clusters, *, seed: int, groups: Groups | None = None) -> Nested:
    """Return the figures of members that share starts.

    Intervals are for other starts and other images: jackknife over starts (t with K - 1 degrees of freedom) with the
    images' variance added, as for r of independent members. Simulated with 4 and 8 starts of 2 and 4 networks: the
    interval of r covers .94 to 1.00 (`docs/statistics.md`). None below 3 starts.

    Args:
        gram: of single maps, in any scale; none of them all zero.
        clusters: the start of each member.
        seed: of the bootstrap over images.
        groups: of the images, where some belong together.

    >>> generator = torch.Generator().manual_seed(0)
    >>> starts = torch.randn(16, 1, 300, generator=generator) + torch.randn(16, 8, 300, generator=generator)   # r = 0.5
    >>> maps = starts.repeat_interleave(2, 1) + torch.randn(16, 16, 300, generator=generator)
    >>> found = nested((maps @ maps.mT).double(), tuple(start // 2 for start in range(16)), seed=0)
    >>> round(found.r_within.value, 1), round(found.r_population.value, 1)
    (2.0, 0.5)
    """
    sizes = sizes_of(clusters)
    if len(sizes) == 1:
        figure = pooled_snr(gram, groups=groups)
        return Nested(
            sizes=sizes,
            c_within=float(figure.per_image.mean()),
            c_between=math.nan,
            r_within=WithInterval(value=figure.value, interval=claim_interval(figure, seed=seed)),
            r_population=None,
            worth=None,
            averages=(),
            splits=(),
        )
    between = replace(pooled_snr(population_gram(gram, clusters), groups=groups), unit="starts")
    unit = scale_gram(gram, "unit")
    within = within_cosines(unit / diag_mean(unit)[:, None, None], clusters)
    inside = Pooled(
        per_image=within.nanmean(-1),
        without=_others_mean(within),
        link=snr_from_cosine,
        lowest=-1.0,
        groups=groups,
        ratio=True,
        unit="starts",
    )
    c_b, c_w = float(between.per_image.mean()), float(inside.per_image.mean())
    whole, members = effective_starts(sizes), sum(sizes)
    known = not math.isnan(c_w)
    return Nested(
        sizes=sizes,
        c_within=c_w,
        c_between=c_b,
        r_within=WithInterval(value=inside.value, interval=claim_interval(inside, seed=seed) if known else None),
        r_population=WithInterval(value=between.value, interval=claim_interval(between, seed=seed)),
        worth=_worth(between, inside, starts=whole, seeds=members / whole) if known else None,
        averages=tuple(_averages(between, inside)) if known else (),
        splits=tuple(best_split(c_b, c_w, start_cost=cost, budget=cost * len(sizes) + members) for cost in START_COSTS)
        if known
        else (),
    )


def population_gram(gram: Float[Tensor, "B E E"], clusters: Clusters) -> Float[Tensor, "B K K"]:
    """Return the cosines of networks that each come from a start of their own: their r is that of the population.

    >>> gram = 2 * torch.eye(4).double() + 2
    >>> population_gram(gram[None], (0, 0, 1, 1))[0].tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    return start_gram(scale_gram(gram, "unit"), clusters)


def effective_starts(sizes: tuple[int, ...]) -> float:
    """Return how many starts of equal size average out as much of the starts' part: (sum n)^2 / sum n^2.

    >>> effective_starts((2, 2)), effective_starts((3, 1))
    (2.0, 1.6)
    """
    return sum(sizes) ** 2 / sum(size**2 for size in sizes)


def _others_mean(within: Float[Tensor, "B K"]) -> Float[Tensor, "B K"]:
    """Return the mean over starts with each one left out; NaN where no start with two members stays."""
    stay = 1 - torch.eye(within.shape[-1], dtype=within.dtype)
    known = (~within.isnan()).to(within.dtype)
    return (within.nan_to_num() @ stay) / (known @ stay)


def _reliability(snr: Tensor) -> Tensor:
    return torch.where(torch.isposinf(snr), 1.0, snr / (1 + snr)).clamp(0, 1)


def _averages(between: Pooled, inside: Pooled) -> Iterator[AverageOfStarts]:
    """Yield the figures of the averages of `STARTS` with `SEEDS` each."""
    counts = [(starts, seeds) for starts in STARTS for seeds in SEEDS]
    of_starts, of_seeds = torch.tensor(counts, dtype=torch.float64).T
    figures = _of_both(between, inside, partial(snr_of_average, starts=of_starts, seeds=of_seeds))
    c_b, c_w = between.per_image.mean(), inside.per_image.mean()
    worths = worth_of(c_b, c_w, starts=of_starts, seeds=of_seeds).tolist()
    for (starts, seeds), (snr, interval), worth in zip(counts, figures, worths, strict=True):
        yield AverageOfStarts(
            starts=starts,
            seeds=seeds,
            reliability=float(_reliability(torch.tensor(snr, dtype=torch.float64))),
            interval=None if interval is None else interval.through(lambda snr: _reliability(snr.clamp(min=0))),
            worth=worth,
        )


def _worth(between: Pooled, inside: Pooled, *, starts: float, seeds: float) -> WithInterval:
    def logarithm(c_b: Tensor, c_w: Tensor) -> Tensor:
        return worth_of(c_b, c_w, starts=starts, seeds=seeds).log()[None]

    ((value, interval),) = _of_both(between, inside, logarithm)
    return WithInterval(value=math.exp(value), interval=None if interval is None else interval.through(torch.exp))


def _of_both(
    between: Pooled, inside: Pooled, figures: Callable[[Tensor, Tensor], Float[Tensor, " F"]]
) -> list[tuple[float, Interval | None]]:
    """Return figures of C_b and C_w with their intervals, the starts left out of both at once."""
    means = between.per_image.mean(), inside.per_image.mean()
    values = figures(*means)
    starts = between.members
    if starts < 3:
        return [(value, None) for value in values.tolist()]
    without = torch.stack([figures(c_b, c_w) for c_b, c_w in zip(*_without(between, inside), strict=True)], -1)
    by_between, by_within = slopes(figures, *means)
    parts = by_between[:, None] * between.per_image + by_within[:, None] * inside.per_image
    few = f"indicative: fewer than {INDICATIVE_BELOW} starts" if starts < INDICATIVE_BELOW else ""
    return [
        (value, _interval(value, left_out, part, between.groups, note=few) if math.isfinite(value) else None)
        for value, left_out, part in zip(values.tolist(), without, parts, strict=True)
    ]


def _without(between: Pooled, inside: Pooled) -> tuple[Float[Tensor, " K"], Float[Tensor, " K"]]:
    return between.without.mean(0), inside.without.mean(0)


def _interval(
    value: float, without: Float[Tensor, " K"], part: Float[Tensor, " B"], groups: Groups | None, *, note: str
) -> Interval:
    variances = [(jackknife_variance(without), len(without) - 1.0)]
    if len(part) > 1:
        variances.append(variance_of_mean(part, groups))
    question: Question = "starts and images" if len(part) > 1 else "starts"
    return t_interval(value, variances, question=question, note=note)
