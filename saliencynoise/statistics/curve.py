"""The gain of averaging n networks, for every n: a closed form, not a fit, which forms no average.

The mean energy of all averages of n of the members is exactly off + (diag - off) / n; signal stays, noise falls as 1/n.
So from one r follow the SNR of an n-average, n r, and its reliability, R(n) = n r / (1 + n r).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.reliability import reliability_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from saliencynoise.statistics.intervals import Interval


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """Expected figures of an average over n members' unit-norm maps.

    Where r <= 0 no signal was found, and an average of any n is of no use: `reliability` and `cosine_with_true_map`
    are then 0 (the formula would give negative values, and none at n = -1/r); `snr_of_average` stays negative, as r is
    printed. All are NaN where r is.

    Attributes:
        members: n.
        energy: of the n-average over that of one member's map; 1 at n = 1, never below 0.
        snr_of_average: n r, the energy of the signal over that of the noise which is left.
        reliability: R(n), the cosine between two independent n-averages, pooled by energy; in 0 to 1.
        cosine_with_true_map: sqrt(R), the cosine with the true marginal map; in 0 to 1.
        interval: of `reliability`, for the question that the interval of r answers; None without one.
    """

    members: int
    energy: float
    snr_of_average: float
    reliability: float
    cosine_with_true_map: float
    interval: Interval | None


def averaging_curve(snr: float, interval: Interval | None = None, *, counts: Sequence[int]) -> tuple[CurvePoint, ...]:
    """Return the expected figures of averages of n members, for each n of `counts`.

    Args:
        snr: the corrected power SNR r of one map, as the headline; may be negative, infinite or NaN.
        interval: of r, or None.
        counts: the n's, each at least 1, below or beyond the E that measured r.

    Raises:
        UsageError: an n is below 1.

    >>> [round(point.reliability, 2) for point in averaging_curve(0.5, counts=(1, 2, 8, 18))]
    [0.33, 0.5, 0.8, 0.9]
    """
    _check(counts)
    return tuple(_point(snr, interval, n) for n in counts)


def _point(snr: float, interval: Interval | None, n: int) -> CurvePoint:
    reliability = _reliability(snr, n)
    return CurvePoint(
        members=n,
        energy=_energy(snr, n),
        snr_of_average=n * snr,
        reliability=reliability,
        cosine_with_true_map=math.sqrt(reliability),
        interval=interval.through(lambda ends: ends.new_tensor([_reliability(end, n) for end in ends.tolist()]))
        if interval
        else None,
    )


def _energy(snr: float, n: int) -> float:
    """Return the share of a map's energy that is left; NaN where r <= -1, which no maps have."""
    if math.isinf(snr):
        return 1.0
    return max((snr + 1 / n) / (1 + snr), 0.0) if snr > -1 else math.nan


def _reliability(snr: float, n: int) -> float:
    return snr if math.isnan(snr) else reliability_at(max(snr, 0.0), n)


def _check(counts: Sequence[int]) -> None:
    wrong = [n for n in counts if n < 1]
    if wrong:
        raise UsageError(f"averages of {wrong} members: choose numbers of at least 1")
