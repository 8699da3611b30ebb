"""The number of networks to average until their map can be trusted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.image_quantiles import snr_of_images

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.statistics.groups import Groups
    from saliencynoise.statistics.intervals import Interval


def reliability_at(snr: float, members: float) -> float:
    """Return R(n) = n r / (1 + n r), the cosine between two independent n-member averages, pooled by energy.

    The cosine between such an average and the true marginal map is the root of R.

    >>> reliability_at(0.5, 18)
    0.9
    """
    return 1.0 if math.isinf(snr) else members * snr / (1 + members * snr)


@dataclass(frozen=True, kw_only=True)
class MembersNeeded:
    """The number of members whose average reaches a reliability.

    Attributes:
        reliability: the R to be reached, between 0 and 1.
        value: the number, or None where r <= 0 (or is unknown).
        low: lower end of its interval, or None where there is none.
        high: upper end; None where there is no interval, or none above (`low` set: the SNR's interval
            includes 0).
    """

    reliability: float
    value: int | None
    low: int | None = None
    high: int | None = None

    @property
    def text(self) -> str:
        """The number with its interval, as tables print it."""
        return str(self)

    def __str__(self) -> str:
        """Return for example "21 [15, 34]", "21" (no interval), "> 40" (open above) or "undetermined"."""
        if self.value is None:
            return "undetermined"
        if self.low is None:
            return str(self.value)
        if self.high is not None:
            return f"{self.value} [{self.low}, {self.high}]"
        return f"> {self.low - 1}" if self.low > 1 else "undetermined"


def members_needed(snr: float, interval: Interval | None = None, *, reliability: float = 0.9) -> MembersNeeded:
    """Return n = R / ((1 - R) r), rounded up, with the interval of r carried over.

    Args:
        snr: the corrected power SNR r; not above zero, or NaN, gives an undetermined number.
        interval: of r, or None.
        reliability: R, between 0 and 1; 0.9 is a cosine of 0.949 with the true marginal map.

    Raises:
        UsageError: the reliability is not between 0 and 1.

    >>> str(members_needed(0.43))
    '21'
    """
    if not 0 < reliability < 1:
        raise UsageError(f"reliability {reliability} is not between 0 and 1: choose for example 0.9")
    low = high = None
    if interval is not None:
        low, high = _count(interval.high, reliability), _count(interval.low, reliability)
    return MembersNeeded(reliability=reliability, value=_count(snr, reliability), low=low, high=high)


def members_for_images(
    gram: Float[Tensor, "B E E"],
    *,
    reliability: float = 0.9,
    share: float = 0.9,
    seed: int,
    groups: Groups | None = None,
) -> MembersNeeded:
    """Return the number of members whose average reaches a reliability on a share of the images.

    `members_needed` speaks of the images on the whole: with a log-spread of r of 0.8, its 22 reach 0.9 on 44% of the
    images only, and 90% need 69. This is the number for the r that `share` of the images reach (`snr_of_images`),
    with an interval for new members and new images.

    Args:
        gram: one matrix per image, of maps in any scale.
        reliability: R, between 0 and 1.
        share: of the images, between 0 and 1.
        seed: of the bootstrap over images.
        groups: the group of each image, where some belong together; the groups vary, not the images.

    Returns:
        Undetermined below 4 members, or where the worst images show no signal; without an interval below 5.

    Raises:
        UsageError: the reliability or the share is not between 0 and 1.

    >>> import torch
    >>> signals = torch.tensor([0.5, 1.0, 2.0]).repeat(10)[:, None, None] * torch.ones(30, 1, 400)
    >>> maps = signals + torch.randn(30, 8, 400, generator=torch.Generator().manual_seed(0))
    >>> str(members_for_images((maps @ maps.mT).double(), seed=0))     # r = 0.25 on the worst third
    '38 [34, 43]'
    """
    if not 0 < share < 1:
        raise UsageError(f"share of images {share} is not between 0 and 1: choose for example 0.9")
    snr, interval = snr_of_images(gram, share=share, seed=seed, groups=groups)
    return members_needed(snr, interval, reliability=reliability)


def _count(snr: float, reliability: float) -> int | None:
    """Return the number of members at r = `snr`, at least 1; None for r <= 0 and NaN."""
    if not snr > 0:
        return None
    exact = reliability / ((1 - reliability) * snr)
    return max(1, math.ceil(exact * (1 - 1e-9)))  # 0.9 / (1 - 0.9) is 9.000000000000002 in floats
