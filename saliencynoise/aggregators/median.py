"""The median over members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch

from saliencynoise.aggregators.kept import KeptMaps

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor


@dataclass(frozen=True)
class Median(KeptMaps):
    """Median of the members' raw maps, pixel by pixel; of an even number, half way between the two in the middle.

    Keeps all maps: memory O(E) an image. Up to half of the members may be anything; of Gaussian members it is as good
    as the mean of 2/pi = 64% as many.

    >>> median = Median()
    >>> state = median.init((1,))
    >>> for value in (1.0, 2.0, 90.0):
    ...     state = median.update(state, torch.tensor([value]))
    >>> median.result(state)
    tensor([2.])
    """

    what: ClassVar[str] = "the median"

    def of(self, ordered: Float64[Tensor, "E ..."]) -> Float64[Tensor, "*shape"]:
        """Return the middle of the values; `torch.median` would give the lower of two."""
        members = len(ordered)
        return torch.lerp(ordered[(members - 1) // 2], ordered[members // 2], 0.5)
