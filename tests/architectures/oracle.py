"""Published networks with weights that leave no layer at its initial one or zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor


@torch.no_grad()
def scrambled(module: nn.Module) -> nn.Module:
    """Return the module in float64 and eval mode, its norms' weights, biases and statistics drawn at random."""
    draw = torch.Generator().manual_seed(0)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            for values in (part.weight, part.running_var):
                assert values is not None
                values.uniform_(0.5, 1.5, generator=draw)
            for values in (part.bias, part.running_mean):
                assert values is not None
                values.normal_(0, 0.1, generator=draw)
    return module.double().eval()


def copy_by_order(source: nn.Module, to: nn.Module) -> None:
    """Give `to` the weights and statistics of `source`, in the order of their state dictionaries."""
    names, values = to.state_dict().keys(), source.state_dict().values()
    to.double().eval().load_state_dict(dict(zip(names, values, strict=True)))


def images(*shape: int) -> Tensor:
    """Return random images of float64."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def parameters(module: nn.Module) -> int:
    """Return how many weights there are."""
    return sum(parameter.numel() for parameter in module.parameters())
