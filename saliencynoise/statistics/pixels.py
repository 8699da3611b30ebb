"""Significant pixels of the average map, by a moderated t-test per pixel, and the agreement of signs.

With few members a pixel's own variance is a poor estimate, so each is drawn towards a value common to the image's
pixels, by as much as the pixels' variances are alike: limma's empirical Bayes (Smyth 2004, doi:10.2202/1544-6115.1027).
Where a tenth of the pixels have a mean of one sigma, that finds 4 / 40 / 87% of them at E = 4 / 8 / 16, unmoderated
t-tests 0 / 2 / 70% (`docs/scripts/estimators.py`). For signed maps only: in other views noise has a mean.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from scipy.special import stdtr

from saliencynoise.interfaces import UsageError
from saliencynoise.records.numbers import FALSE_DISCOVERY_RATE
from saliencynoise.statistics.false_discovery import benjamini_hochberg

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor


FEWEST_FOR_SKEWNESS = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class SignificantPixels:
    """The significant pixels of one image's mean map. Their share grows with E: compare it at equal E only.

    Attributes:
        significant: `[P]`, the pixels whose mean over members is not zero, at the requested rate of false discoveries.
        share: of significant pixels among all P pixels, those that are zero in all members included.
        agreement: the mean of `sign_agreement` over significant pixels; NaN where there are none.
        agreement_all: the same over all pixels that are not zero in all members. Noise alone is above 1/2, because
            members have a say in the mean's sign: 1/2 + asin(1/sqrt E)/pi, at E = 4 / 8 / 16 0.67 / 0.62 / 0.58.
        skewness: of the pixels' noise, see `noise_skewness`; NaN below 8 members. Above about 0.4 more than 5% of the
            significant pixels may be false: 15 to 32% for chi^2_1 or log-normal noise.
        prior_df: d0, how many degrees of freedom the other pixels lend to a pixel's variance; infinite where the
            pixels' variances differ no more than equal ones would.
    """

    significant: Bool[Tensor, " P"]
    share: float
    agreement: float
    agreement_all: float
    skewness: float
    prior_df: float


def significant_pixels(maps: Float[Tensor, "E P"], *, rate: float = FALSE_DISCOVERY_RATE) -> SignificantPixels:
    """Test each pixel's mean over members against zero, and keep discoveries by Benjamini and Hochberg.

    Args:
        maps: `[E, P]`, one image's signed maps of all members, any unit; the pixels (channels included) flattened.
        rate: the rate of false discoveries, between 0 and 1, for symmetric noise: in simulations at most 0.06 at 0.05
            with and without spatial correlation, but 0.06 to 0.11 at E = 4 where one factor is common to all pixels.
            For skewed noise it may be far above, see `SignificantPixels.skewness`.

    Raises:
        UsageError: another shape, fewer than 2 members, no pixel, values that are not finite, or a rate outside 0 to 1.

    >>> noise = torch.randn(8, 100, generator=torch.Generator().manual_seed(0))
    >>> significant_pixels(noise + 3 * (torch.arange(100) < 20)).share
    0.22
    """
    if not 0 < rate < 1:
        raise UsageError(f"rate of false discoveries {rate} is not between 0 and 1: choose for example 0.05")
    if maps.ndim != 2 or len(maps) < 2 or maps.shape[1] == 0:
        raise UsageError(f"maps of shape {list(maps.shape)}: need [members, pixels] with at least 2 members")
    maps = maps.detach().to(device="cpu", dtype=torch.float64)
    if not bool(maps.isfinite().all()):
        raise UsageError("the maps hold NaN or infinity: leave out this image, or the members that do")
    alive = (maps != 0).any(0)
    significant, prior_df = alive.clone(), math.inf
    if bool(alive.any()):
        p, prior_df = moderated_p(maps[:, alive])
        significant[alive] = benjamini_hochberg(p) <= rate
    agreement = sign_agreement(maps)
    return SignificantPixels(
        significant=significant,
        share=float(significant.double().mean()),
        agreement=float(agreement[significant].mean()),
        agreement_all=float(agreement[alive].mean()),
        skewness=noise_skewness(maps[:, alive]),
        prior_df=prior_df,
    )


def moderated_p(maps: Float[Tensor, "E P"]) -> tuple[Float[Tensor, " P"], float]:
    """Return each pixel's two-sided p-value by the moderated t-test, and the prior degrees of freedom d0.

    t = m sqrt(E) / s~, s~^2 = (d0 s0^2 + d s^2) / (d0 + d), d = E - 1, with d0 + d degrees of freedom (as in limma at
    most P d). Pixels without spread count in neither s0^2 nor d0, but are tested: s~ is above zero wherever any pixel
    has spread. Where none has, a mean that is not zero has p = 0.

    Args:
        maps: `[E, P]`, at least 2 members and 1 pixel; any unit.

    >>> p, prior_df = moderated_p(torch.tensor([[0.0, 2.0, 3.0], [1.0, 3.0, 2.0]]).double())
    >>> [round(value, 3) for value in p.tolist()], prior_df     # equal spread: 3 degrees of freedom
    ([0.391, 0.015, 0.015], inf)
    """
    members, pixels = maps.shape
    df = members - 1
    mean, variance = maps.mean(0), maps.var(0)
    # rounding leaves a trace of spread where all members are equal
    variance = torch.where((maps == maps[0]).all(0), 0.0, variance)
    prior_df, prior_variance = variance_prior(variance[variance > 0], df)
    weight = 1.0 if math.isinf(prior_df) else prior_df / (prior_df + df)
    moderated = weight * prior_variance + (1 - weight) * variance
    t = mean.abs() * math.sqrt(members) / moderated.sqrt()
    t = torch.where(mean == 0, 0.0, t)  # 0 / 0 where nothing has spread
    p = 2 * stdtr(min(prior_df + df, max(pixels * df, 1)), -t.numpy())
    return torch.as_tensor(p, dtype=torch.float64), prior_df


def noise_skewness(maps: Float[Tensor, "E P"]) -> float:
    """Return the size of the skewness of the pixels' noise: the root of its mean square over pixels.

    The square is the product of the third cumulants of two halves of the members, which chance and heavy tails leave
    at 0 on average. It may then be negative, and so is the returned value. Small samples shrink it: exponential noise,
    whose skewness is 2, gives 0.6, 1.1 and 1.4 at E = 8, 16 and 30.

    Args:
        maps: `[E, P]`; NaN below 8 members or without spread.

    >>> noise = torch.rand(16, 500, generator=torch.Generator().manual_seed(0)).double()
    >>> abs(noise_skewness(noise)) < 0.2, noise_skewness(-noise.log()) > 0.8
    (True, True)
    """
    variance = maps.var(0) if len(maps) >= FEWEST_FOR_SKEWNESS else maps.new_zeros(maps.shape[1:])
    if not bool((variance > 0).any()):
        return math.nan
    square = float((_third(maps[0::2]) * _third(maps[1::2])).mean() / variance.pow(3).mean())
    return math.copysign(math.sqrt(abs(square)), square)


def _third(maps: Tensor) -> Tensor:
    """Return the unbiased third cumulant over members."""
    members = len(maps)
    return (maps - maps.mean(0)).pow(3).sum(0) * members / ((members - 1) * (members - 2))


def variance_prior(variance: Float[Tensor, " P"], df: int) -> tuple[float, float]:
    """Return limma's d0 and s0^2, from mean and variance of log s^2 (Smyth 2004, section 6.2).

    With e = log s^2 - digamma(d/2) + log(d/2): trigamma(d0/2) = var(e) - trigamma(d/2), and log s0^2 = mean(e) +
    digamma(d0/2) - log(d0/2). If that variance is not positive, d0 is infinite and s0^2 the mean of s^2.

    Args:
        variance: above zero; empty gives (inf, 0).
        df: d, the degrees of freedom of each.

    >>> variance_prior(torch.full((5,), 2.0).double(), 7)
    (inf, 2.0)
    """
    if len(variance) == 0:
        return math.inf, 0.0
    half = torch.tensor(df / 2, dtype=torch.float64)
    e = variance.log() - half.digamma() + half.log()
    excess = float(e.var() - half.polygamma(1)) if len(e) > 1 else 0.0
    if excess <= 0:
        return math.inf, float(variance.mean())
    prior_half = torch.tensor(trigamma_inverse(excess), dtype=torch.float64)
    return 2 * float(prior_half), float((e.mean() + prior_half.digamma() - prior_half.log()).exp())


def trigamma_inverse(value: float) -> float:
    """Return y with trigamma(y) = `value` > 0, by Newton's method on 1/trigamma (Smyth 2004, appendix).

    >>> round(trigamma_inverse(math.pi**2 / 6), 9)
    1.0
    """
    if value > 1e7:  # here trigamma(y) is 1/y^2, and below 1/y, to rounding
        return 1 / math.sqrt(value)
    if value < 1e-6:
        return 1 / value
    y = torch.tensor(0.5 + 1 / value, dtype=torch.float64)
    for _ in range(50):
        trigamma = y.polygamma(1)
        step = trigamma * (1 - trigamma / value) / y.polygamma(2)
        y = y + step
        if -step / y < 1e-8:
            break
    return float(y)


def sign_agreement(maps: Float[Tensor, "E P"]) -> Float[Tensor, " P"]:
    """Return per pixel the share of members whose sign is that of the mean; a zero counts half.

    1 where all agree. Where the mean is exactly zero, 1/2.

    >>> sign_agreement(torch.tensor([[1.0, 0.0], [1.0, 2.0], [-1.0, 3.0], [2.0, 1.0]])).tolist()
    [0.75, 0.875]
    """
    return (1 + (maps.sign() * maps.mean(0).sign()).mean(0)) / 2
