"""Weights of networks, for samplers that make many networks from one."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torch import Generator, Tensor, nn


def copied(module: nn.Module) -> dict[str, Tensor]:
    """Return a copy of the module's state dictionary, which later changes of the module do not affect."""
    return {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}


def parameters(module: nn.Module) -> list[Tensor]:
    """Return the tensors that a posterior covers: the parameters, each once; no running statistics, no integers."""
    return [parameter for parameter in module.parameters() if parameter.is_floating_point()]


def normal_like(tensor: Tensor, generator: Generator) -> Tensor:
    """Return standard normal numbers in a tensor's shape and place, drawn on the CPU: the same on every device."""
    return torch.randn(tensor.shape, generator=generator).to(tensor)


@torch.no_grad()
def write(module: nn.Module, values: Sequence[Tensor]) -> None:
    """Write values into `parameters`, in their order."""
    for parameter, value in zip(parameters(module), values, strict=True):
        parameter.copy_(value)


def places(members_a_run: int) -> Iterable[int]:
    """Return the indices of a run's members; for 0 the indices have no end."""
    return range(members_a_run) if members_a_run else count()


def refuse_unless(holds: bool, sampler: str, name: str, value: object, possible: str) -> None:  # noqa: FBT001 - a condition
    """Refuse an impossible parameter of a sampler.

    Raises:
        UsageError: naming it, its value and the possible ones.
    """
    if not holds:
        raise UsageError(f"{sampler}: {name}={value} is not possible; give {possible}")
