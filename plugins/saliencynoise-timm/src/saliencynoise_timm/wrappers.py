"""Modules around a timm network, for operations that the network does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch.nn.functional as F
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor


class Resized(nn.Module):
    """Scale the images (bilinear) to the size that `network` takes."""

    def __init__(self, network: nn.Module, size: tuple[int, int]) -> None:
        super().__init__()
        self.network = network
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """Return the network's logits `[N, K]` for images `[N, C, H, W]`."""
        out: Tensor = self.network(F.interpolate(x, size=self.size, mode="bilinear", align_corners=False))
        return out


class Repeated(nn.Module):
    """Give a network of three channels the one channel of the images, three times."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """Return the network's logits `[N, K]` for images `[N, 1, H, W]`."""
        out: Tensor = self.network(x.expand(-1, 3, -1, -1))
        return out


class Classified(nn.Module):
    """Give an encoder a classifier: a linear layer on the mean of its features over the grid."""

    def __init__(self, network: nn.Module, features: int, num_classes: int, *, channels_last: bool) -> None:
        super().__init__()
        self.network = network
        self.channels_last = channels_last
        self.head = nn.Linear(features, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits `[N, K]` for images `[N, C, H, W]`."""
        features = self.network(x)
        mean = features.flatten(1, -2).mean(1) if self.channels_last else features.flatten(2).mean(2)
        out: Tensor = self.head(mean)
        return out


class _Forgetful(dict[Any, Any]):
    """A cache that never has anything."""

    def __contains__(self, key: object) -> bool:
        return False

    def __bool__(self) -> bool:
        return False


def forget_caches(network: nn.Module) -> None:
    """Stop LeViT, TinyViT, EfficientFormer and EfficientViT from caching attention biases in eval mode.

    The cache outlives `load_state_dict`, so that a second member would attend with the first one's biases;
    and it keeps a graph, so that a second backward pass fails.
    """
    for module in network.modules():
        if hasattr(module, "attention_bias_cache"):
            module.attention_bias_cache = _Forgetful()  # type: ignore[assignment]


def keep_outputs(network: nn.Module) -> None:
    """Make every activation return a new tensor, so that a captured tensor keeps its values."""
    for module in network.modules():
        if getattr(module, "inplace", False) is True:
            module.inplace = False  # type: ignore[assignment]
