"""The SNR of maps of rewritten copies of one network: an upper bound that no training can raise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """c/(1-c), with c the mean cosine of maps of copies of one network.

    Attributes:
        value: c is the mean over members and images; infinite where rewriting changes no map.
        low: the smallest value of a single member.
        high: the largest value of a single member.
        members: the number of measured members.
        images: the number of images of each member.
    """

    value: float
    low: float
    high: float
    members: int
    images: int


def disagreement(copies: Float[Tensor, "n B c h w"]) -> Float[Tensor, " B"]:
    """Return 1 - c for each image: c is the mean inner product of two copies' unit-norm maps, over that of one.

    Zero maps stay zero; NaN where all are zero.

    >>> round(float(disagreement(torch.tensor([[1.0, 0.0], [1.0, 1.0]]).reshape(2, 1, 1, 1, 2))[0]), 3)
    0.293
    """
    rows = copies.double().flatten(2)
    norms = rows.norm(dim=2, keepdim=True)
    unit = torch.where(norms > 0, rows / norms, 0)
    count = len(unit)
    whole, energy = unit.sum(0).square().sum(1), unit.square().sum((0, 2))
    pairs = (whole - energy) / (count * (count - 1))
    return 1 - pairs / (energy / count)


def ceiling(loss: Float[Tensor, "E B"]) -> Ceiling | None:
    """Return the ceiling from 1 - c of each member and image, NaN where it was not measured; None without any.

    >>> ceiling(torch.tensor([[0.2, 0.2], [0.1, 0.3]]))
    Ceiling(value=4.0, low=4.0, high=4.0, members=2, images=2)
    """
    known = ~loss.isnan()
    members = known.any(1)
    if not bool(members.any()):
        return None
    each = [_snr(float(member_loss.double().nanmean())) for member_loss in loss[members]]
    return Ceiling(
        value=_snr(float(loss[known].double().mean())),
        low=min(each),
        high=max(each),
        members=int(members.sum()),
        images=int(known.sum(1).max()),
    )


def _snr(loss: float) -> float:
    # the digits of float32 that are stored, and no more
    return math.inf if loss <= 0 else float(f"{(1 - loss) / loss:.6g}")
