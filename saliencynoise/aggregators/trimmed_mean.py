"""The mean over members without the extreme ones."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch

from saliencynoise.aggregators.kept import KeptMaps

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor


@dataclass(frozen=True)
class TrimmedMean(KeptMaps):
    """Mean of the members' raw maps without the lowest and the highest values, pixel by pixel.

    Half of `share` is trimmed at either end. Where that is no whole number of members, the last one is trimmed in part:
    else 20% of 8 members would be none. Keeps all maps: memory O(E) an image.

    Source: Rosenberger and Gasko, *Comparing Location Estimators: Trimmed Means, Medians, and Trimean*, 1983, in
    *Understanding Robust and Exploratory Data Analysis*, ISBN 978-0-471-09777-8.

    Attributes:
        share: of the members, at both ends together, from 0 (the mean) up to but not 1 (near it, the median).

    >>> trimmed = TrimmedMean(share=0.5)
    >>> state = trimmed.init((1,))
    >>> for value in (1.0, 2.0, 4.0, 90.0):
    ...     state = trimmed.update(state, torch.tensor([value]))
    >>> trimmed.result(state)
    tensor([3.])
    """

    what: ClassVar[str] = "the trimmed mean"
    share: float = 0.2

    def __post_init__(self) -> None:
        """Refuse impossible values."""
        if not 0 <= self.share < 1:
            raise ValueError(f"share={self.share} is not possible; give 0 or more and less than 1")

    def of(self, ordered: Float64[Tensor, "E ..."]) -> Float64[Tensor, "*shape"]:
        """Return the mean of the values that stay."""
        weights = torch.tensor(_weights(len(ordered), self.share), dtype=ordered.dtype)
        mean: Tensor = torch.tensordot(weights, ordered, dims=1)
        return mean


def _weights(members: int, share: float) -> list[float]:
    """Return the weight of each place in the order, summing to 1."""
    trimmed = share * members / 2
    kept = [min(1.0, max(0.0, rank + 1 - trimmed)) for rank in range(members)]  # from the lowest
    both = [low + high - 1 for low, high in zip(kept, reversed(kept), strict=True)]
    total = math.fsum(both)
    return [weight / total for weight in both]
