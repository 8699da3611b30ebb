"""Networks to dream with: one small and smooth in float64, one linear whose every answer is known."""

from __future__ import annotations

import torch
from torch import nn

from saliencynoise.interfaces import CamPoint, Network


def smooth_network(seed: int, *, channels: int = 2, classes: int = 3) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        grid = nn.Sequential(nn.Conv2d(channels, 4, 3, padding=1), nn.Tanh(), nn.AdaptiveAvgPool2d(2))
        module = nn.Sequential(*grid, nn.Flatten(), nn.Linear(16, classes))
    return Network(module=module.double(), points={"top": CamPoint(module="1", grid=(8, 8))})


def linear_network(weights: torch.Tensor) -> Network:
    """Logit k is the inner product of the picture with weights[k]."""
    module = nn.Linear(weights.shape[1], len(weights), bias=False)
    with torch.no_grad():
        module.weight.copy_(weights)
    return Network(module=nn.Sequential(nn.Flatten(), module.to(weights.dtype)), points={})
