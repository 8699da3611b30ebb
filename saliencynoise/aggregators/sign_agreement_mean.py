"""The mean over members where they agree on the sign."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch

from saliencynoise.aggregators.shapes import require_members, require_shape

if TYPE_CHECKING:
    from jaxtyping import Float64, Int
    from torch import Tensor

ROUNDING = 1e-9
"""Rounding error of a threshold times a number of members: 0.56 * 25 is a little more than 14."""


class Signs(NamedTuple):
    """The state: the number of members, their sum, and for each pixel the numbers of values above and below zero."""

    members: int
    total: Float64[Tensor, "*shape"]
    above: Int[Tensor, "*shape"]
    below: Int[Tensor, "*shape"]


@dataclass(frozen=True)
class SignAgreementMean:
    """Mean of the members' raw maps where enough of them agree on its sign, zero elsewhere.

    A pixel stays if at least `threshold` of all members have the sign of the mean there; a member whose value is zero
    agrees with neither sign. That is no test: by chance alone 4 members agree at 1 pixel in 8, and 7 of 8 at 1 in 14
    (`significant_mean` tests). Streaming: memory does not grow with the members.

    Attributes:
        threshold: share of the members, above 0.5 and up to 1 (all).

    >>> agreement = SignAgreementMean()
    >>> state = agreement.init((2,))
    >>> for values in ([1.0, 1.0], [2.0, -2.0], [3.0, 7.0]):
    ...     state = agreement.update(state, torch.tensor(values))
    >>> agreement.result(state)
    tensor([2., 0.])
    """

    threshold: float = 0.8

    def __post_init__(self) -> None:
        """Refuse impossible values."""
        if not 0.5 < self.threshold <= 1:
            raise ValueError(f"threshold={self.threshold} is not possible; give a share above 0.5 and up to 1")

    def init(self, shape: tuple[int, ...]) -> Signs:
        """Return no members and zero counts."""
        none = torch.zeros(shape, dtype=torch.int64)
        return Signs(0, torch.zeros(shape, dtype=torch.float64), none, none)

    def update(self, state: Signs, values: Tensor) -> Signs:
        """Add one member's map and its signs.

        Raises:
            ValueError: if its shape differs from the others'.
        """
        require_shape(values, state.total.shape)
        member = values.detach().double().cpu()
        return self.merge(state, Signs(1, member, (member > 0).long(), (member < 0).long()))

    def merge(self, left: Signs, right: Signs) -> Signs:
        """Add sums and counts."""
        return Signs(
            left.members + right.members,
            left.total + right.total,
            left.above + right.above,
            left.below + right.below,
        )

    def result(self, state: Signs) -> Tensor:
        """Return the mean as float32, zero where the members disagree.

        Raises:
            ValueError: if no member was seen.
        """
        require_members(state.members, "the mean where signs agree")
        agreeing = torch.where(state.total > 0, state.above, state.below)
        stays = agreeing >= self.threshold * state.members - ROUNDING
        return (state.total / state.members).where(stays, 0.0).float()
