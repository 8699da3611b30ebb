"""Maps of members, and how an aggregator is given them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from saliencynoise.interfaces import Aggregator

SHAPE = (3, 4, 5)


def member_maps(
    members: int = 7, *, shape: tuple[int, ...] = SHAPE, signal: float = 0.5, seed: int = 0
) -> torch.Tensor:
    """Maps with a common part and noise, `[E, *shape]`; the members' scales differ."""
    generator = torch.Generator().manual_seed(seed)
    common = signal * torch.randn(shape, generator=generator)
    scale = 1 + torch.rand(members, *(1,) * len(shape), generator=generator)
    return scale * (common + torch.randn(members, *shape, generator=generator))


def state_of(aggregator: Aggregator, maps: torch.Tensor) -> Any:
    state = aggregator.init(tuple(maps.shape[1:]))
    for values in maps:
        state = aggregator.update(state, values)
    return state


def result_of(aggregator: Aggregator, maps: torch.Tensor) -> torch.Tensor:
    return aggregator.result(state_of(aggregator, maps))
