"""Architectures of the user's own code are refused if their networks begin with the same weights under any seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.registry.entry import OwnEntry

if TYPE_CHECKING:
    from torch import Tensor, nn

    from saliencynoise.registry.bound import BoundModel


def refuse_same_weights(model: BoundModel, in_shape: tuple[int, int, int], classes: int) -> None:
    """Build a network under two seeds and compare the initial weights; architectures of plugins are not built.

    Args:
        model: the architecture.
        in_shape: (C, H, W) of the images.
        classes: number of classes.

    Raises:
        UsageError: if there are no parameters, or all that are random are equal.
    """
    if not isinstance(model.entry, OwnEntry):
        return
    name = model.display_name
    first, second = (_parameters(_built(model, in_shape, classes, seed)) for seed in (0, 1))
    if not first:
        raise UsageError(f"{name} has no parameters, so nothing of it can be trained; name a network that has some")
    random = [key for key, value in first.items() if value.numel() > 1 and bool((value != value.flatten()[0]).any())]
    if random and all(key in second and torch.equal(first[key], second[key]) for key in random):
        raise UsageError(
            f"{name} begins with the same weights under each seed, so its networks are not independent; remove "
            f"torch.manual_seed from {name}, or save these weights and name them as a start, with --init FILE"
        )


def _built(model: BoundModel, in_shape: tuple[int, int, int], classes: int, seed: int) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return model.named().build(in_shape, classes).module


def _parameters(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu() for name, value in module.named_parameters()}
