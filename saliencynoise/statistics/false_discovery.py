"""Many tests at once: which of them to believe, by the rate of false discoveries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


def benjamini_hochberg(p: Float[Tensor, " N"]) -> Float[Tensor, " N"]:
    """Return the adjusted p-values: those at most q are discoveries of which a share q at most is false.

    The smallest q at which each test is a discovery, min over j >= i of p_(j) N / j (Benjamini and Hochberg 1995,
    doi:10.1111/j.2517-6161.1995.tb02031.x). Holds for independent tests and for positively dependent ones
    with valid p-values: those of a t-test on skewed noise are too small.

    Args:
        p: the p-values, no NaN.

    >>> [round(q, 3) for q in benjamini_hochberg(torch.tensor([0.01, 0.5, 0.02])).tolist()]
    [0.03, 0.5, 0.03]
    """
    ordered, order = p.sort()
    ranks = torch.arange(1, len(p) + 1, dtype=p.dtype)
    adjusted = (ordered * len(p) / ranks).flip(0).cummin(0).values.flip(0) if len(p) else ordered
    return torch.empty_like(p).scatter_(0, order, adjusted.clamp(max=1))
