"""How far one picture's average map can be trusted: from the inner products of its members' maps alone.

Every map is first divided by its norm. With C_ab the mean inner product of two maps, a = same member?, b = same draw?
(1 yes, 0 no), the energy of an average over E members and D draws, the same draws for all members, is on average

    A = (1 - 1/E) (1 - 1/D) C00 + (1 - 1/D) C10 / E + (1 - 1/E) C01 / D + C11 / (E D)

of which C00 is signal: what other networks and other draws would give, too. R = C00 / A is the cosine to be expected
between this average and one of E other networks with D other draws. Where a method draws nothing, R = E r / (1 + E r).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.statistics.draws import between_draws, crossed_gram
from saliencynoise.statistics.figures import headline
from saliencynoise.statistics.gram import NOISELESS, diag_mean, means_without, off_mean, scale_gram
from saliencynoise.statistics.intervals import Interval, Pooled, members_interval
from saliencynoise.statistics.reliability import MembersNeeded, members_needed, reliability_at

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class MapReliability:
    """What one picture's maps by one method come to; all intervals are for other networks and this picture.

    Attributes:
        snr: r, the corrected power SNR of one network's map, from a draw of its own; 0 in expectation for noise.
        snr_interval: 95%; None below 3 members.
        value: R, 0 to 1, of the average of these members (and draws); 0 where no signal was found.
        interval: of R, as `snr_interval`.
        needed: members whose average has R = 0.9, each with a draw of its own.
    """

    snr: float
    snr_interval: Interval | None
    value: float
    interval: Interval | None
    needed: MembersNeeded


UNKNOWN = MapReliability(
    snr=math.nan, snr_interval=None, value=math.nan, interval=None, needed=members_needed(math.nan)
)
"""Where there are no usable maps."""


def map_reliability(maps: Float[Tensor, "E D P"]) -> MapReliability:
    """Return how far the average of one picture's maps can be trusted.

    Args:
        maps: finite, not all zero; at least 2 members, and 1 draw of a method that draws nothing.

    >>> signal, noise = torch.ones(400), torch.randn(8, 1, 400, generator=torch.Generator().manual_seed(0))
    >>> found = map_reliability(signal + noise)         # r = 1, so R = 8/9
    >>> round(found.snr, 2), round(found.value, 2), str(found.needed)
    (1.0, 0.89, '10 [9, 10]')
    """
    crossed = crossed_gram(maps)
    members, draws = crossed.shape[:2]
    single = crossed[:, 0, :, 0] if draws == 1 else between_draws(crossed[None])[0]
    snr = headline(single[None])
    snr_interval = members_interval(snr)
    average = _average(crossed, members, draws)
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


def _average(crossed: Float[Tensor, "E D E D"], members: int, draws: int) -> Pooled:
    """Return the SNR of the average of all maps, C00 / (A - C00), and the same of E members without each one."""
    flat = crossed.flatten(0, 1).flatten(1, 2)
    unit = scale_gram(flat[None], "unit").reshape(crossed.shape)
    same = unit.diagonal(dim1=1, dim2=3).mean(-1)
    # without draws, C00 is C01 and C10 is C11: nothing then counts as common to a draw
    different = same if draws == 1 else (unit.sum((1, 3)) - draws * same) / (draws * (draws - 1))
    (c11_without, c01_without, _), (c10_without, c00_without, _) = means_without(same), means_without(different)

    def snr(c00: Tensor, c10: Tensor, c01: Tensor, c11: Tensor) -> Tensor:
        parts = (1 - 1 / draws) * ((1 - 1 / members) * c00 + c10 / members)
        energy = parts + (1 - 1 / members) / draws * c01 + c11 / (members * draws)
        noise = energy - c00
        return torch.where(noise.abs() <= NOISELESS * c11, torch.inf, c00 / noise)

    value = snr(off_mean(different), diag_mean(different), off_mean(same), diag_mean(same))
    without = snr(c00_without, c10_without, c01_without, c11_without)
    return Pooled(per_image=value[None], without=without[None], lowest=-1.0)


def _reliability(snr: float) -> float:
    """Return the R of a map of this SNR, the signal's share of its energy; 0 where no signal was found."""
    return reliability_at(max(snr, 0.0), 1)  # NaN stays NaN
