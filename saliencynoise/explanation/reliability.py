"""The reliability of one picture's average map, from the inner products of its members' maps alone.

Every map is first divided by its norm. The average is over E members and O separate draws of each member. C00 is the
mean inner product of maps of different members. C1 is that of the maps of one member, each with itself included. The
expected energy of the average is

    A = (1 - 1/E) C00 + C1 / E

of which C00 is signal, the part that other networks and other draws would give, too. R = C00 / A is the expected cosine
between this average and one of E other networks with O other draws each. With one draw, R = E r / (1 + E r).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from saliencynoise.statistics.clusters import Clusters, gram_of_means, start_gram
from saliencynoise.statistics.gram import NOISELESS, diag_mean, gram_matrix, means_without, off_mean
from saliencynoise.statistics.intervals import Interval, Pooled, Unit, members_interval
from saliencynoise.statistics.reliability import MembersNeeded, members_needed, reliability_at
from saliencynoise.statistics.snr import pooled_snr

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class MapReliability:
    """The reliability of one picture's maps by one method; all intervals are for other networks and this picture.

    Attributes:
        snr: r, the corrected power SNR of one network's map, from a separate draw; its expectation is 0 for noise.
        snr_interval: 95%; None below 3 members.
        value: R, 0 to 1, of the average of these members (and draws); 0 where no signal was found.
        interval: of R, as `snr_interval`.
        needed: members whose average has R = 0.9, each with a separate draw.
    """

    snr: float
    snr_interval: Interval | None
    value: float
    interval: Interval | None
    needed: MembersNeeded


UNKNOWN = MapReliability(
    snr=math.nan, snr_interval=None, value=math.nan, interval=None, needed=members_needed(math.nan)
)
"""The reliability if there are no usable maps."""


def map_reliability(maps: Float[Tensor, "E D P"], *, clusters: Clusters | None = None) -> MapReliability:
    """Return the reliability of the average of one picture's maps.

    Args:
        maps: finite, not all zero; at least 2 members, each with separate draws: 1 for a deterministic method.
        clusters: the start of each member, where several share one of several. r is then that of networks from
            different starts, and the averages of the starts are compared in place of the members.

    >>> signal, noise = torch.ones(400), torch.randn(8, 1, 400, generator=torch.Generator().manual_seed(0))
    >>> figures = map_reliability(signal + noise)         # r = 1, so R = 8/9
    >>> round(figures.snr, 2), round(figures.value, 2), str(figures.needed)
    (1.0, 0.89, '10 [9, 10]')
    """
    unit = torch.nn.functional.normalize(maps.double(), dim=-1)  # zero maps stay zero
    pairs = gram_matrix(unit.mean(1))  # over all pairs of draws
    energy = unit.square().sum(-1).mean(1)
    single = pairs + torch.diag_embed(energy - pairs.diagonal())
    if clusters is not None:
        single, pairs = start_gram(single, clusters), gram_of_means(pairs, clusters)
    unit_of: Unit = "members" if clusters is None else "starts"
    snr = replace(pooled_snr(single[None]), unit=unit_of)
    snr_interval = members_interval(snr)
    average = replace(_average(pairs), unit=unit_of)
    interval = members_interval(average)
    return MapReliability(
        snr=snr.value,
        snr_interval=snr_interval,
        value=_reliability(average.value),
        interval=interval.through(lambda ends: ends.new_tensor([_reliability(end) for end in ends.tolist()]))
        if interval
        else None,
        needed=members_needed(snr.value, snr_interval),
    )


def _average(pairs: Float[Tensor, "E E"]) -> Pooled:
    """Return the SNR of the average of all maps, C00 / (A - C00), and of as many members without each one."""
    members = len(pairs)
    c1_without, c00_without, _ = means_without(pairs)

    def snr(c00: Tensor, c1: Tensor) -> Tensor:
        noise = (c1 - c00) / members
        return torch.where(noise.abs() <= NOISELESS * c1.abs(), torch.inf, c00 / noise)

    value, without = snr(off_mean(pairs), diag_mean(pairs)), snr(c00_without, c1_without)
    return Pooled(per_image=value[None], without=without[None], lowest=-1.0)


def _reliability(snr: float) -> float:
    """Return the R of a map of this SNR, the signal's share of its energy; 0 where no signal was found."""
    return reliability_at(max(snr, 0.0), 1)  # NaN stays NaN
