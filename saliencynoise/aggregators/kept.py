"""The common base of aggregators that need the maps of all members at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import torch

from saliencynoise.aggregators.shapes import require_members, require_shape

if TYPE_CHECKING:
    from jaxtyping import Float, Float64
    from torch import Tensor

    State = tuple[tuple[int, ...], tuple[Float[Tensor, "..."], ...]]


@dataclass(frozen=True)
class KeptMaps(ABC):
    """An aggregator whose state is the members' maps: memory O(E) an image, and merged by putting them together.

    Attributes:
        what: the result in words, for errors.
        least: members that it needs.
    """

    what: ClassVar[str]
    least: ClassVar[int] = 1

    @abstractmethod
    def of(self, ordered: Float64[Tensor, "E ..."]) -> Float64[Tensor, "*shape"]:
        """Return the one map.

        Args:
            ordered: `[E, ...]`, at each pixel the members' values from the lowest to the highest: so not even the
                rounding of a sum knows in which order the members came.
        """

    def init(self, shape: tuple[int, ...]) -> State:
        """Return the shape, and no maps."""
        return tuple(shape), ()

    def update(self, state: State, values: Tensor) -> State:
        """Keep a copy of one more member's map, on the CPU.

        Raises:
            ValueError: if its shape differs from the others'.
        """
        shape, maps = state
        require_shape(values, shape)
        return shape, (*maps, values.detach().to("cpu", copy=True))

    def merge(self, left: State, right: State) -> State:
        """Put the maps of both together."""
        return left[0], left[1] + right[1]

    def result(self, state: State) -> Tensor:
        """Return the one map as float32, computed in float64.

        Raises:
            ValueError: if no member was seen, or fewer than it needs.
        """
        _, maps = state
        require_members(len(maps), self.what, least=self.least)
        return self.of(torch.stack(maps).double().sort(0).values).float()
