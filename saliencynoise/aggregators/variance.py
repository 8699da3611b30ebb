"""The variance over members: where networks disagree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch

from saliencynoise.aggregators.shapes import require_members, require_shape

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor


class Moments(NamedTuple):
    """The state: the number of members, their mean, and the sum of their squared deviations from it."""

    members: int
    mean: Float64[Tensor, "*shape"]
    squares: Float64[Tensor, "*shape"]


@dataclass(frozen=True)
class Variance:
    """Unbiased variance of the members' raw maps, pixel by pixel: where networks disagree.

    Not negative, in squared units of the maps; its sum over pixels is the noise energy of one map. Needs 2 members.
    Streaming, by deviations from the mean: sums of squares would cancel.

    Source: Chan, Golub and LeVeque, *Algorithms for Computing the Sample Variance*, 1983,
    doi:10.1080/00031305.1983.10483115.

    >>> variance = Variance()
    >>> state = variance.update(variance.init((2,)), torch.tensor([1.0, 5.0]))
    >>> variance.result(variance.update(state, torch.tensor([3.0, 5.0])))
    tensor([2., 0.])
    """

    def init(self, shape: tuple[int, ...]) -> Moments:
        """Return no members and zero sums."""
        zero = torch.zeros(shape, dtype=torch.float64)
        return Moments(0, zero, zero)

    def update(self, state: Moments, values: Tensor) -> Moments:
        """Add one member's map.

        Raises:
            ValueError: if its shape differs from the others'.
        """
        require_shape(values, state.mean.shape)
        member = values.detach().double().cpu()
        return self.merge(state, Moments(1, member, torch.zeros_like(member)))

    def merge(self, left: Moments, right: Moments) -> Moments:
        """Add the squared deviations from the common mean."""
        members = left.members + right.members
        share = right.members / max(1, members)
        distance = right.mean - left.mean
        squares = left.squares + right.squares + distance.square() * left.members * share
        return Moments(members, left.mean + distance * share, squares)

    def result(self, state: Moments) -> Tensor:
        """Return the variance as float32.

        Raises:
            ValueError: if fewer than 2 members were seen.
        """
        require_members(state.members, "the variance", least=2)
        return (state.squares / (state.members - 1)).float()
