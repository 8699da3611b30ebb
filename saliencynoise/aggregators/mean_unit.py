"""The mean over members of maps of unit norm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.aggregators.mean import Mean

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor

    from saliencynoise.aggregators.mean import State


@dataclass(frozen=True)
class MeanUnit(Mean):
    """Mean of the members' maps, each over its own Euclidean norm: no network counts more for its steeper logits.

    Without units, and of norm at most 1: with equal maps it is 1, with E unrelated ones about 1/sqrt(E). A map that is
    zero everywhere stays zero and counts as a member.

    >>> mean = MeanUnit()
    >>> state = mean.update(mean.update(mean.init((2,)), torch.tensor([3.0, 4.0])), torch.tensor([0.0, 10.0]))
    >>> mean.result(state)
    tensor([0.3000, 0.9000])
    """

    def update(self, state: State, values: Tensor) -> State:
        """Add one member's map, scaled to unit norm.

        Raises:
            ValueError: if its shape differs from the others'.
        """
        return super().update(state, _unit(values.double()))


def _unit(values: Float64[Tensor, "*shape"]) -> Float64[Tensor, "*shape"]:
    # squared in float64, float32's largest and smallest values neither overflow nor vanish
    norm = torch.linalg.vector_norm(values)
    return values / norm if norm > 0 else values
