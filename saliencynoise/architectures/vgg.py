"""VGG networks with a head for any image size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from torch import nn

from saliencynoise.architectures.layers import (
    Head,
    Norm,
    Shrinking,
    convolution,
    norm_of,
    points_of,
    require_images,
)
from saliencynoise.interfaces import Network, UsageError
from saliencynoise.registry.parameters import build

if TYPE_CHECKING:
    from torch import Tensor

LAYERS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}
"""Layers of 3x3 a stage; the depth counts the original head's three too."""

WIDENINGS = (1, 2, 4, 8, 8)


@dataclass(frozen=True, kw_only=True)
class Vgg:
    """Five stages of 3x3 layers, each followed by a max-pool: Simonyan and Zisserman 2015, arXiv:1409.1556.

    Args:
        depth: 11, 13, 16 or 19, as the original counts.
        width: channels of the first stage; the next ones have 2, 4, 8 and 8 times as many.
        norm: batch norm, group norm, or none as in the original.

    One linear layer on the mean over the grid takes the place of the head's three. The last max-pools are left out
    where they would leave less than 4x4. With width=64 and norm="batch" (or None) the layers up to the head are those
    of torchvision and timm.

    >>> Vgg(depth=11, width=8).build((3, 32, 32), 10).points["top"].grid
    (4, 4)
    """

    depth: Literal[11, 13, 16, 19] = 11
    width: int = 64
    norm: Norm = "batch"

    def __post_init__(self) -> None:
        """Refuse a width without channels.

        Raises:
            UsageError: naming the width.
        """
        if self.width < 1:
            raise UsageError(f"vgg: width={self.width} is not possible; give 1 or more channels")

    def build(self, in_shape: tuple[int, int, int], num_classes: int) -> Network:
        """Return a new network for images of `in_shape` = (C, H, W), initialised from torch's global seed.

        Raises:
            UsageError: if the images are smaller than 4x4.
        """
        require_images("vgg", in_shape, num_classes)
        grid = Shrinking("vgg", in_shape[1:])
        stages, grids, channels = [], [], in_shape[0]
        for index, (count, widening) in enumerate(zip(LAYERS[self.depth], WIDENINGS, strict=True)):
            pooled = index > 0 and grid.halve(f"{index}", round_up=False)
            stages.append(self._stage(channels, self.width * widening, count, pooled=pooled))
            grids.append(grid.size)
            channels = self.width * widening
        last = grid.halve("5", round_up=False)
        module = _Module(stages, nn.MaxPool2d(2) if last else nn.Identity(), Head(channels, num_classes))
        adaptations = ["head: one linear layer on the mean over the grid in place of two of 4096 channels and a third"]
        if grid.kept:
            adaptations.append(f"max-pools removed: {', '.join(grid.kept)} of 5")
        return Network(module=module, points=points_of(grids, self.norm), adaptations=tuple(adaptations))

    def _stage(self, channels: int, width: int, count: int, *, pooled: bool) -> nn.Sequential:
        """Return a stage, which begins with the max-pool behind the stage before."""
        stage = nn.Sequential(*([nn.MaxPool2d(2)] if pooled else []))
        for index in range(count):
            # the published networks with batch norm have biases too
            stage.append(convolution(width if index else channels, width, kernel=3, norm=self.norm, bias=True))
            stage.append(norm_of(self.norm, width))
            stage.append(nn.ReLU())
        return stage


class _Module(nn.Module):
    def __init__(self, stages: list[nn.Sequential], pool: nn.Module, head: Head) -> None:
        super().__init__()
        self.stages = nn.Sequential(*stages)
        self.pool = pool
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.pool(self.stages(x)))
        return logits


def vgg(name: str, /, **arguments: Any) -> Vgg:
    """Return the architecture with these arguments, the fields of `Vgg`.

    Raises:
        UsageError: if there is no such argument, or a value is not possible.
    """
    model: Vgg = build(Vgg, arguments, where=f"architecture '{name}'")
    return model
