"""The mean over members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.aggregators.shapes import require_members, require_shape

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    State = tuple[int, Float64[Tensor, "..."]]


@dataclass(frozen=True)
class Mean:
    """Mean of the members' raw maps, summed in float64: the attribution of the ensemble's mean logit.

    Source: Woerl, Disselhoff and Wand, CVPR 2023.

    >>> mean = Mean()
    >>> state = mean.update(mean.update(mean.init((2,)), torch.tensor([1.0, 2.0])), torch.tensor([3.0, 2.0]))
    >>> mean.result(state)
    tensor([2., 2.])
    """

    def init(self, shape: tuple[int, ...]) -> State:
        """Return no members and a zero sum."""
        return 0, torch.zeros(shape, dtype=torch.float64)

    def update(self, state: State, values: Tensor) -> State:
        """Add one member's map.

        Raises:
            ValueError: if its shape differs from the others'.
        """
        members, total = state
        require_shape(values, total.shape)
        return members + 1, total + values.double().cpu()

    def merge(self, left: State, right: State) -> State:
        """Add two sums."""
        return left[0] + right[0], left[1] + right[1]

    def result(self, state: State) -> Tensor:
        """Return the mean as float32.

        Raises:
            ValueError: if no member was seen.
        """
        members, total = state
        require_members(members, "the mean")
        return (total / members).float()
