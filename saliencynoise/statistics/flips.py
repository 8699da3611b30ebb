"""Noise in views without sign, estimated from the maps themselves: from residuals, and from maps, with signs flipped.

Half of white noise passes a ReLU whatever its scale, so r has a floor above zero, which depends on the noise: .03
(sparse) to 1 (rank one) in the view "relu", .07 to infinity in "abs". A residual, d_e = (a_e - mean) sqrt(E/(E-1)), is
noise without signal. The mean over the signs of both residuals of a pair is exact, with nothing drawn. From 8 members
on it is right to 5% for Gaussian noise of any covariance, at any r; at 4 it is 8% (relu) or 18% (abs) too high. Noise
with heavy tails or many zeros leaves residuals that have less of both, and a floor that is too high.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.statistics.intervals import Unit
from saliencynoise.statistics.significance import DRAWS, FEWEST_MEMBERS, MOST_MEMBERS_EXACT, SignalTest
from saliencynoise.statistics.views import apply_view

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

HEAVY = 1.1
"""Kurtosis of residuals, relative to Gaussian noise's, above which the floor is too high."""

SPARSE = 0.1
"""Share of zeros, where other members have none, above which the floor is too high."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Flips:
    """Statistics of one image's raw maps with their signs flipped.

    Attributes:
        cosine: of two residuals in the view, the mean over pairs of members and over their signs; NaN for maps without
            noise.
        kurtosis: of the residuals at a pixel, over that of Gaussian noise with as many members; NaN as `cosine`.
        zeros: share of values that are zero in a member and not in all.
        gram: `[2E, 2E]`, cosines of the members' whole maps in the view, as they are and then with flipped signs; None
            in "abs", where flips change nothing.
    """

    cosine: float
    kurtosis: float
    zeros: float
    gram: Float[Tensor, "2E 2E"] | None


def image_flips(maps: Float[Tensor, "E c h w"], *, view: str) -> Flips:
    """Return statistics of one image's raw maps with their signs flipped, in a view without sign.

    >>> maps = torch.randn(8, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    >>> c = image_flips(maps, view="relu").cosine
    >>> round(c / (1 - c), 2)         # of white noise 0.47
    0.48
    """
    rows = maps.detach().to(device="cpu", dtype=torch.float64)
    members = len(rows)
    residuals = (rows - rows.mean(0)) * math.sqrt(members / (members - 1))
    flat = residuals.flatten(1)
    squares = flat.square().sum(0)
    alive = squares > 0
    kurtosis = members * flat.pow(4).sum(0)[alive] / squares[alive].square()
    zeros = (rows == 0) & (rows != 0).any(0)
    return Flips(
        cosine=_cosine(_both(residuals, view)),
        kurtosis=float(kurtosis.mean()) * (members + 1) / (3 * (members - 1)),
        zeros=float(zeros.double().mean()),
        gram=None if view == "abs" else _gram(_both(rows, view)),
    )


def floor_of(images: Sequence[Flips]) -> tuple[float, str]:
    """Return the floor of r over images, and why it is too high, or nothing.

    >>> even = Flips(cosine=0.5, kurtosis=1.0, zeros=0.0, gram=None)
    >>> floor_of([even])
    (1.0, '')
    """
    cosines, kurtosis, zeros = (
        torch.tensor([getattr(image, name) for image in images], dtype=torch.float64)
        for name in ("cosine", "kurtosis", "zeros")
    )
    c = float(cosines.nanmean())
    reasons = []
    if float(kurtosis.nanmean()) > HEAVY:
        reasons.append(f"heavy tails (kurtosis {float(kurtosis.nanmean()):.1f} times that of Gaussian noise)")
    if float(zeros.mean()) > SPARSE:
        reasons.append(f"sparse maps ({float(zeros.mean()):.0%} zeros)")
    note = f"the floor of noise is too high for {' and '.join(reasons)}" if reasons else ""
    return (math.inf if 1 - c <= 1e-12 else c / (1 - c)), note


def flip_test(images: Sequence[Flips], *, seed: int, unit: Unit = "members") -> SignalTest:
    """Test whether members share any signal in the view "relu": their agreement against all flips of whole maps.

    Without signal and with noise symmetric about zero, each member's raw maps could as well have come with the other
    sign on all images. p is the share of the 2^E choices of signs whose summed cosines reach those of the maps as they
    are; beyond 11 members 9999 drawn ones. Valid as a test; the flipped maps are no floor, for they hold the signal.

    Args:
        images: of the same members, each with its `gram`.
        seed: of the draws.
        unit: "starts" where each member is the first one of its start.
    """
    grams = [image.gram for image in images if image.gram is not None]
    members = len(grams[0]) // 2 if grams else 0
    if members < FEWEST_MEMBERS:
        note = f"no test: {members} {unit}; at least {FEWEST_MEMBERS} are needed for p below 0.05"
        return SignalTest(p=None, note=note)
    pooled = torch.stack(grams).sum(0)
    pooled = pooled - torch.diag(pooled.diagonal())
    exact = members <= MOST_MEMBERS_EXACT
    flipped = _all(members) if exact else _drawn(members, seed)
    chosen = torch.cat([1 - flipped, flipped], 1)
    sums = (chosen @ pooled * chosen).sum(-1)
    reached = sums >= sums[0] - 1e-9 * len(grams)
    kind = f"exact, {len(flipped)} flips" if exact else f"Monte Carlo, {len(flipped) - 1} flips"
    return SignalTest(p=float(reached.double().mean()), note=f"{kind} of whole maps")


def _both(maps: Tensor, view: str) -> Float[Tensor, "2 E P"]:
    """Return the maps and their negatives in the view, at unit norm; zero maps stay zero."""
    signs = torch.stack([maps, -maps])
    return torch.nn.functional.normalize(apply_view(signs, view).flatten(2), dim=-1)


def _cosine(both: Float[Tensor, "2 E P"]) -> float:
    """Return the mean cosine of different members over their four pairs of signs."""
    energy = float(both.square().sum(-1).mean())
    mean = both.mean(0)
    members = len(mean)
    products = mean @ mean.mT
    off = float(products.sum() - products.diagonal().sum()) / (members * (members - 1))
    return off / energy if energy > 0 else math.nan


def _gram(both: Float[Tensor, "2 E P"]) -> Float[Tensor, "2E 2E"]:
    rows = both.flatten(0, 1)
    return rows @ rows.mT


def _all(members: int) -> Float[Tensor, "S E"]:
    """Return all choices of flipped members, 1 for flipped; none first."""
    return ((torch.arange(2**members)[:, None] >> torch.arange(members)) & 1).double()


def _drawn(members: int, seed: int) -> Float[Tensor, "S E"]:
    """Return that none is flipped, and 9999 random choices."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(2, (DRAWS, members), generator=generator)
    return torch.cat([torch.zeros(1, members), drawn.double()]).double()
