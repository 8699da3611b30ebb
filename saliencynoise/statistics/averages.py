"""Averages over 1, 2, 4, ... of an ensemble's members: a figure of them against their number, and without each member.

The figure at n is the mean over all subsets of n members, or over a random sample of them. Subsets overlap, so their
spread says nothing of new members. The jackknife gives the variance over members. Its values without each member
follow from the same subsets. With h_s the figure of subset s,

    h_s = mean over e in s of phi_e + rest

is solved for phi by least squares, and leaving e out lowers the mean of h by (phi_e - mean phi) / (E - 1). Where all
subsets are used that is *exactly* the mean over the subsets without e. At n = E, where there is one subset only, phi
is that of subsets which leave out sqrt E members (a delete-d jackknife; Shao and Wu 1989, doi:10.1214/aos/1176347263):
with one left out, intervals of figures that are not smooth in the members, such as where a map is largest, come out up
to half too wide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

SUBSETS = 128
"""The most subsets of one size, or twice as many as there are members if that is more."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Averages:
    """The subsets of members that are averaged.

    Attributes:
        counts: the numbers n of members, from 1 to E.
        weights: for each n a matrix `[S, E]` of the members' weights in each average; rows sum to 1.
        estimates: for each n a matrix `[1 + E, S]` that maps the figure of each average to its mean and to its
            leave-one-out values.
    """

    counts: tuple[int, ...]
    weights: tuple[Float[Tensor, "S E"], ...]
    estimates: tuple[Float[Tensor, "1+E S"], ...]


def plan_averages(members: int, *, seed: int) -> Averages:
    """Return averages over 1, 2, 4, ... and all of the members.

    Args:
        members: E, at least 2.
        seed: draws the subsets where there are more than `SUBSETS` of a size.

    Raises:
        UsageError: fewer than 2 members.

    >>> averages = plan_averages(6, seed=0)
    >>> averages.counts, [len(weights) for weights in averages.weights]     # the last has all members, and all but two
    ((1, 2, 4, 6), [6, 15, 15, 16])
    """
    if members < 2:
        raise UsageError(f"averages over {members} members: need at least 2")
    generator = torch.Generator().manual_seed(seed)
    counts = (*(2**power for power in range(members.bit_length()) if 2**power < members), members)
    weights = [_subsets(members, count, generator) / count for count in counts[:-1]]
    solved = [_solved(subset_weights) for subset_weights in weights]
    last = members - math.isqrt(members)
    without = _subsets(members, last, generator) / last
    weights.append(torch.cat([torch.full((1, members), 1 / members, dtype=torch.float64), without]))
    whole = torch.cat([torch.ones(1, 1), torch.zeros(1, len(without))], 1).double()
    solved.append(torch.cat([whole, whole - torch.cat([torch.zeros(members, 1), _parts(without)], 1)]))
    return Averages(counts=counts, weights=tuple(weights), estimates=tuple(solved))


def _subsets(members: int, count: int, generator: torch.Generator) -> Float[Tensor, "S E"]:
    """Return which members are in which subset, as 0 and 1.

    At random, from permutations of the members that are cut into disjoint subsets: so each is in about as many.
    """
    most = max(SUBSETS, 2 * members)
    if math.comb(members, count) <= most:
        chosen = torch.tensor(list(combinations(range(members), count)))
    else:
        groups = members // count
        permutations = [torch.randperm(members, generator=generator) for _ in range(-(-most // groups))]
        chosen = torch.cat([permutation[: groups * count].reshape(groups, count) for permutation in permutations])
    return torch.zeros(len(chosen), members, dtype=torch.float64).scatter_(1, chosen, 1.0)


def _solved(weights: Float[Tensor, "S E"]) -> Float[Tensor, "1+E S"]:
    """Return the matrix that maps the subsets' values to their mean and to the mean without each member."""
    mean = torch.full((1, len(weights)), 1 / len(weights), dtype=torch.float64)
    return torch.cat([mean, mean - _parts(weights)])


def _parts(weights: Float[Tensor, "S E"]) -> Float[Tensor, "E S"]:
    """Return the matrix that maps the subsets' values to (phi_e - mean phi) / (E - 1)."""
    phi: Tensor = torch.linalg.pinv(weights)
    return (phi - phi.mean(0)) / (weights.shape[1] - 1)
