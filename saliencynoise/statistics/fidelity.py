"""The number of independently trained networks that a cheaper strategy (dropout, snapshots, weight noise) equals.

The strategy's map is compared with *other*, held-out networks. A comparison with its members would look too good, and
one with a noisy mean map too bad. With h_i its unit-norm map of image i, a_ei the held-out members', g_e the mean over
images of <h_i, a_ei>, and c the mean pairwise cosine of the held-out members,

    fid^2 = [(sum g)^2 - sum g^2] / (R (R - 1)) / c

is the squared cosine with the true mean map, and an average of n networks has fid^2 = n r / (1 + n r), r = c / (1 - c).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from scipy.special import stdtr, stdtrit

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.gram import diag_mean
from saliencynoise.statistics.intervals import Interval, members_interval
from saliencynoise.statistics.jackknife import few_members, jackknife_variance, t_interval
from saliencynoise.statistics.snr import pooled_snr

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

ONE_RUN = "one base run: says nothing of other runs of the strategy"


@dataclass(frozen=True, kw_only=True)
class Fidelity:
    """The fidelity of a strategy: its cosine with the true mean map, and the number of networks that it equals.

    Attributes:
        fidelity_squared: squared cosine with the true mean map, unbiased over held-out members and averaged over base
            runs; below 0 where the maps point away from it. NaN where undetermined.
        networks: n_eq, the number of independent networks whose average is as good; infinite where the strategy's
            maps do not differ from the true mean, at or below 0 where they contain nothing of it; NaN where
            undetermined.
        interval: of `networks`, for new held-out members and (with several) new base runs; None where undetermined.
        runs: number of base runs.
        note: a caveat, or why there is no answer.
    """

    fidelity_squared: float
    networks: float
    interval: Interval | None
    runs: int
    note: str = ""

    @property
    def words(self) -> str:
        """The number of networks in words."""
        if math.isnan(self.networks):
            return f"undetermined: {self.note}"
        if self.networks <= 0:
            return "equals no network: its maps contain nothing of the mean over networks"
        if math.isinf(self.networks):
            return "equals more networks than can be estimated: its maps are the mean over networks"
        ends = "" if self.interval is None else f" [{_text(max(self.interval.low, 0))}, {_text(self.interval.high)}]"
        return f"equals {_text(self.networks)}{ends} networks"


def fidelity(inner: Float[Tensor, "S B R"], gram: Float[Tensor, "B R R"]) -> Fidelity:
    """Return how many independent networks the strategy equals, from S base runs of it.

    The interval is that of n/(1 + n), which has no infinities: its variance between base runs (t with S - 1 degrees of
    freedom) plus the jackknife variance over held-out members (R - 1), by Satterthwaite; for these images. Undetermined
    where the interval of the held-out members' r includes 0.

    Args:
        inner: of each base run's maps with the held-out members' maps on each image, *both of unit norm* (zero maps
            stay zero).
        gram: Gram matrices of the held-out members, none of which shares weights with the strategy; any scale.

    Raises:
        UsageError: the shapes do not belong together, inner products beyond 1, or no image with maps.

    >>> generator = torch.Generator().manual_seed(0)
    >>> maps = torch.randn(64, 1, 256, generator=generator) + torch.randn(64, 20, 256, generator=generator)
    >>> unit = maps / maps.norm(dim=-1, keepdim=True)
    >>> inner = unit[:, :4] @ unit[:, 4:].mT                  # four base runs, each a single network
    >>> result = fidelity(inner.transpose(0, 1), unit[:, 4:] @ unit[:, 4:].mT)
    >>> round(result.networks, 1)
    1.0
    """
    inner, gram = _checked(inner.double(), gram.double())
    reference = pooled_snr(gram)
    known = members_interval(reference)
    runs, _, members = inner.shape
    if known is None or known.low <= 0:
        note = "the held-out networks show no signal to be compared with (the interval of r includes 0)"
        return undetermined(runs, note)
    g = inner.mean(1)
    c, c_without = reference.per_image.mean(), reference.without.nanmean(0)
    squared = _squared(g) / c
    without = torch.stack([_squared(g[:, _others(members, e)]) for e in range(members)], 1) / c_without
    parts = [(jackknife_variance(_share(without.mean(0), c_without)), members - 1)]
    if runs > 1:
        parts.append((_runs_variance(squared, c), runs - 1))
    note = "; ".join(filter(None, (few_members(members), "" if runs > 1 else ONE_RUN)))
    share = _share(squared.mean(), c)
    interval = t_interval(float(share), parts, question="members", note=note)
    return Fidelity(
        fidelity_squared=float(squared.mean()),
        networks=float(_networks(share)),
        interval=interval.through(_networks),
        runs=runs,
        note=note,
    )


def undetermined(runs: int, note: str) -> Fidelity:
    """Return an undetermined result for a number of base runs, with the reason.

    >>> undetermined(4, "no signal").words
    'undetermined: no signal'
    """
    return Fidelity(fidelity_squared=math.nan, networks=math.nan, interval=None, runs=runs, note=note)


def price_p(reached: Fidelity, price: float) -> float | None:
    """Return the two-sided p-value of "the strategy equals its price", by the t of the interval of `networks`.

    Both as n/(1 + n), on whose scale the interval is symmetric. None where the number or its interval is undetermined,
    infinite or not positive.

    Args:
        reached: with its interval.
        price: in networks trained from scratch, above 0.

    >>> interval = Interval(low=1.0, high=3.0, question="members", df=8.0)
    >>> reached = Fidelity(fidelity_squared=0.4, networks=5 / 3, interval=interval, runs=4)
    >>> round(price_p(reached, 1.0), 3), round(price_p(reached, 5 / 3), 3)
    (0.05, 1.0)
    """
    low = None if reached.interval is None else reached.interval.low
    if low is None or not (math.isfinite(low) and 0 < reached.networks < math.inf):
        return None
    df = reached.interval.df if reached.interval else math.inf
    value, end = (n / (1 + n) if n > 0 else n for n in (reached.networks, low))
    if end == value:
        return None
    error = (value - end) / float(stdtrit(df, 0.975))
    return float(2 * stdtr(df, -abs(value - price / (1 + price)) / error))


def _checked(inner: Tensor, gram: Tensor) -> tuple[Tensor, Tensor]:
    """Return both for the images on which a held-out member has a map, the mean energy of members' maps being 1."""
    if inner.ndim != 3 or gram.shape != (*inner.shape[1:], inner.shape[2]):
        raise UsageError(
            f"inner products {list(inner.shape)} with Gram matrices {list(gram.shape)}: need [runs, B, R] and [B, R, R]"
        )
    if float(inner.abs().max()) > 1 + 1e-6:
        raise UsageError(f"an inner product of {float(inner.abs().max()):.3g}: divide all maps by their norms first")
    used = diag_mean(gram) > 0
    if not bool(used.any()):
        raise UsageError("all maps of the held-out members are zero: nothing to compare with")
    live = (gram.diagonal(dim1=-2, dim2=-1) > 0).double().mean(-1)[used]
    return inner[:, used] / live.sqrt()[:, None], gram[used]


def _squared(g: Float[Tensor, "S R"]) -> Float[Tensor, " S"]:
    """Return the square of the mean of g, unbiased over members; negative where the sum is."""
    members, total = g.shape[-1], g.sum(-1)
    unbiased = (total.square() - g.square().sum(-1)) / (members * (members - 1))
    return torch.where(total < 0, -unbiased.abs(), unbiased)


def _others(members: int, member: int) -> Tensor:
    return torch.arange(members) != member


def _share(squared: Tensor, c: Tensor) -> Tensor:
    """Return n / (1 + n) of n = f / ((1 - f) r), fid^2 = f: 1 from f = 1 on, and n itself below 0 (no pole there)."""
    f = squared.clamp(max=1)
    n = f * (1 - c) / ((1 - f) * c)
    return torch.where(f == 1, 1.0, torch.where(n < 0, n, n / (1 + n)))


def _networks(share: Tensor) -> Tensor:
    """Return n, the inverse of `_share`; infinite from 1 on."""
    return torch.where(share >= 1, torch.inf, torch.where(share < 0, share, share / (1 - share)))


def _runs_variance(squared: Float[Tensor, " S"], c: Tensor) -> float:
    """Return the variance between base runs of their mean's n / (1 + n), by the jackknife over runs."""
    left = (squared.sum() - squared) / (len(squared) - 1)
    return jackknife_variance(_share(left, c))


def _text(networks: float) -> str:
    return f"{networks:.1f}" if networks < 10 else f"{networks:.0f}"
