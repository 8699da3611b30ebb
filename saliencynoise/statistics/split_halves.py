"""Averages that are formed and compared: how well two groups of members, none of them in both, agree.

The curve R(n) = n r / (1 + n r) rests on pairs of single members alone. Here n members are averaged, n others too, and
the cosine between the two averages is measured. The mean inner product and the mean energy of all such averages obey
the curve by algebra, so the mean over many pairs of groups must be near it. The curve does not give the spread of
single pairs, nor the cosine on a single image. Groups share members from pair to pair and from n to n. So the points
are neither independent of each other nor of r, and no interval follows from their spread.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.gram import diag_mean, scale_gram

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jaxtyping import Float
    from torch import Tensor

PAIRS = 128
"""The most pairs of groups of one size."""

SPREAD = (0.05, 0.95)
"""The reported quantiles over pairs."""


@dataclass(frozen=True, kw_only=True)
class SplitPoint:
    """The measured agreement of averages of n members.

    Attributes:
        members: n.
        reliability: cosine between two disjoint groups' average maps, pooled over images by energy as r is; the mean
            over pairs of groups. May be negative; NaN where all maps are zero.
        low: 5% of the pairs have a smaller one.
        high: 5% have a larger one.
        per_image: the cosine on the single image, mean over images and pairs: below `reliability` where the images'
            SNR differ.
        pairs: how many pairs of groups.
    """

    members: int
    reliability: float
    low: float
    high: float
    per_image: float
    pairs: int


def split_halves(gram: Float[Tensor, "B E E"], *, seed: int, counts: Sequence[int] | None = None) -> list[SplitPoint]:
    """Return how well averages of n unit-norm maps agree, for each n.

    Args:
        gram: one matrix per image, of maps in any scale. Images whose maps are all zero count nowhere.
        seed: draws the pairs of groups where there are more than `PAIRS`.
        counts: the n's, from 1 to E // 2; None for all of them.

    Raises:
        UsageError: two groups of that size need more members than there are.

    >>> generator = torch.Generator().manual_seed(0)
    >>> maps = torch.randn(8, 1, 900, generator=generator) + torch.randn(8, 6, 900, generator=generator)    # r = 1
    >>> points = split_halves((maps @ maps.mT).double(), seed=0)
    >>> [(point.members, round(point.reliability, 2), point.pairs) for point in points]
    [(1, 0.49, 15), (2, 0.66, 45), (3, 0.75, 10)]
    """
    members = gram.shape[-1]
    wanted = range(1, members // 2 + 1) if counts is None else counts
    wrong = [n for n in wanted if not 1 <= n <= members // 2]
    if wrong:
        raise UsageError(f"two groups of {wrong} members, of {members}: choose numbers from 1 to {members // 2}")
    unit = scale_gram(gram[diag_mean(gram) > 0], "unit")
    generator = torch.Generator().manual_seed(seed)
    return [_point(unit, n, disjoint_groups(members, n, generator=generator)) for n in wanted]


def disjoint_groups(members: int, count: int, *, generator: torch.Generator) -> Float[Tensor, "2 S E"]:
    """Return pairs of groups of `count` members with none in common, as the weights of their averages.

    These are all pairs where there are at most `PAIRS`; else `PAIRS` random ones, of which some may be equal.

    >>> disjoint_groups(3, 1, generator=torch.Generator()).tolist()
    [[[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]]]
    """
    pairs = math.comb(members, count) * math.comb(members - count, count) // 2
    if pairs <= PAIRS:
        chosen = [
            (*one, *other)
            for one in combinations(range(members), count)
            for other in combinations([e for e in range(one[0] + 1, members) if e not in one], count)
        ]
        indices = torch.tensor(chosen)
    else:
        indices = torch.rand(PAIRS, members, generator=generator).argsort(-1)[:, : 2 * count]
    weights = torch.zeros(2, len(indices), members, dtype=torch.float64)
    return weights.scatter_(2, torch.stack([indices[:, :count], indices[:, count:]]), 1 / count)


def _point(unit: Float[Tensor, "B E E"], count: int, groups: Float[Tensor, "2 S E"]) -> SplitPoint:
    one, other = groups
    pooled = unit.mean(0) if len(unit) else unit.new_full(unit.shape[1:], torch.nan)
    cosines = _cosines(pooled[None], one, other)[0]
    low, high = torch.quantile(cosines, torch.tensor(SPREAD, dtype=cosines.dtype)).tolist()
    return SplitPoint(
        members=count,
        reliability=float(cosines.mean()),
        low=low,
        high=high,
        per_image=float(_cosines(unit, one, other).mean()),
        pairs=len(one),
    )


def _cosines(gram: Float[Tensor, "B E E"], one: Tensor, other: Tensor) -> Float[Tensor, "B S"]:
    """Return the cosine between the averages of each pair of groups; 0 where an average is zero."""
    half = one @ gram  # [B, S, E]
    across = (half * other).sum(-1)
    energies = (half * one).sum(-1) * ((other @ gram) * other).sum(-1)
    cosines = across * energies.rsqrt()
    return torch.where(energies == 0, 0.0, cosines)
