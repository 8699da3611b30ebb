"""Residual networks, and the plain ones without shortcuts."""

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

BLOCKS = {
    10: (1, 1, 1, 1),
    14: (2, 2, 1, 1),
    18: (2, 2, 2, 2),
    26: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
}
"""Blocks a stage. Blocks of two layers to depth 18 and in 34 (timm's resnet14t has one bottleneck a stage instead),
bottlenecks of three in 26 (as timm's resnet26), 50 and 101."""

BOTTLENECKS = frozenset({26, 50, 101})
EXPANSION = 4
LARGEST_SMALL = 64  # pixels; up to these the stem keeps the resolution


@dataclass(frozen=True, kw_only=True)
class ResNet:
    """A residual network of four stages: He et al. 2016, arXiv:1512.03385 (bottlenecks stride in their 3x3 layer).

    Args:
        depth: layers with weights, shortcuts not counted.
        width: channels of the first stage; each next one has twice as many.
        residual: whether blocks have shortcuts; without them the same layers make the paper's plain network.
        norm: batch norm, group norm, or none, then with biases, and initialised after Zhang et al. 2019 (Fixup,
            arXiv:1901.09321, without its scalars).
        stem_stride: 1 is one layer of 3x3 with stride 1; 2 is 7x7 with stride 2 and a max-pool; "auto" is 1 where the
            images' shorter side has at most 64 pixels, else 2.

    Strides that would leave less than 4x4 are 1. With width=64, norm="batch" and stem_stride=2 the networks of 18, 34,
    50 and 101 layers are those of torchvision and timm; each residual branch starts at zero, as in timm.

    >>> network = ResNet(depth=10, width=8).build((1, 16, 16), 10)
    >>> network.points["top"].grid, network.points["intermediate"].grid
    ((4, 4), (8, 8))
    """

    depth: Literal[10, 14, 18, 26, 34, 50, 101] = 18
    width: int = 64
    residual: bool = True
    norm: Norm = "batch"
    stem_stride: Literal["auto", 1, 2] = "auto"

    def __post_init__(self) -> None:
        """Refuse a width without channels.

        Raises:
            UsageError: naming the width.
        """
        if self.width < 1:
            raise UsageError(f"resnet: width={self.width} is not possible; give 1 or more channels")

    def build(self, in_shape: tuple[int, int, int], num_classes: int) -> Network:
        """Return a new network for images of `in_shape` = (C, H, W), initialised from torch's global seed.

        Raises:
            UsageError: if the images are smaller than 4x4.
        """
        require_images("resnet", in_shape, num_classes)
        grid = Shrinking("resnet", in_shape[1:])
        adaptations = []
        small = self.stem_stride == 1
        if self.stem_stride == "auto" and min(in_shape[1:]) <= LARGEST_SMALL:
            small = True
            adaptations.append("stem: 3x3 with stride 1 in place of 7x7 with stride 2 and a max-pool")
        stem = self._stem(in_shape[0], grid, small=small)
        stages, grids, channels = [], [], self.width
        for index, blocks in enumerate(BLOCKS[self.depth]):
            stride = 2 if index > 0 and grid.halve(f"stages.{index}") else 1
            stage, channels = self._stage(channels, self.width * 2**index, blocks, stride)
            stages.append(stage)
            grids.append(grid.size)
        module = _Module(stem, stages, Head(channels, num_classes))
        if grid.kept:
            adaptations.append(f"stride 2 -> 1: {', '.join(grid.kept)}")
        return Network(module=module, points=points_of(grids, self.norm), adaptations=tuple(adaptations))

    def _stem(self, channels: int, grid: Shrinking, *, small: bool) -> nn.Sequential:
        stride = 1 if small or not grid.halve("stem") else 2
        bias = self.norm is None
        layers = [
            convolution(channels, self.width, kernel=3 if small else 7, norm=self.norm, bias=bias, stride=stride),
            norm_of(self.norm, self.width),
            nn.ReLU(),
        ]
        if not small and grid.halve("max-pool (removed)"):
            layers.append(nn.MaxPool2d(3, stride=2, padding=1))
        return nn.Sequential(*layers)

    def _stage(self, channels: int, width: int, blocks: int, stride: int) -> tuple[nn.Sequential, int]:
        """Return a stage and the channels that it gives."""
        out = width * EXPANSION if self.depth in BOTTLENECKS else width
        stage = nn.Sequential()
        for index in range(blocks):
            stage.append(self._block(out if index else channels, width, out, 1 if index else stride))
        return stage, out

    def _block(self, channels: int, width: int, out: int, stride: int) -> _Block:
        bias = self.norm is None
        if self.depth in BOTTLENECKS:
            shapes = [(channels, width, 1, 1), (width, width, 3, stride), (width, out, 1, 1)]
        else:
            shapes = [(channels, width, 3, stride), (width, out, 3, 1)]
        layers = nn.Sequential()
        for index, (before, after, kernel, step) in enumerate(shapes):
            if index:
                layers.append(nn.ReLU())
            layers.append(convolution(before, after, kernel=kernel, stride=step, norm=self.norm, bias=bias))
            layers.append(norm_of(self.norm, after))
        if not self.residual:
            return _Block(layers, None)
        self._start_at_zero(layers)
        if stride == 1 and channels == out:
            return _Block(layers, nn.Identity())
        # oneDNN's 1x1 convolution of stride 2 writes past its buffer in the backward pass where channels come last and
        # are fewer than 8 (https://github.com/uxlfoundation/oneDNN/issues/6035): every second value is taken first
        halved = [nn.AvgPool2d(1, stride=stride)] if stride > 1 else []
        projection = convolution(channels, out, kernel=1, norm=self.norm, bias=bias)
        return _Block(layers, nn.Sequential(*halved, projection, norm_of(self.norm, out)))

    def _start_at_zero(self, layers: nn.Sequential) -> None:
        """Let a residual branch add nothing at first; without norms also shrink its other layers, as Fixup does."""
        if self.norm is not None:
            nn.init.zeros_(layers[-1].weight)  # type: ignore[arg-type]
            return
        convolutions = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
        scale = sum(BLOCKS[self.depth]) ** (-1 / (2 * len(convolutions) - 2))
        for layer in convolutions[:-1]:
            layer.weight.data.mul_(scale)
        nn.init.zeros_(convolutions[-1].weight)


class _Block(nn.Module):
    """Layers with a shortcut around them, or without one."""

    def __init__(self, layers: nn.Sequential, shortcut: nn.Module | None) -> None:
        super().__init__()
        self.layers = layers
        self.shortcut = shortcut
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        out = self.layers(x)
        if self.shortcut is not None:
            out = out + self.shortcut(x)
        activated: Tensor = self.activation(out)
        return activated


class _Module(nn.Module):
    def __init__(self, stem: nn.Sequential, stages: list[nn.Sequential], head: Head) -> None:
        super().__init__()
        self.stem = stem
        self.stages = nn.Sequential(*stages)
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.stages(self.stem(x)))
        return logits


def resnet(name: str, /, **arguments: Any) -> ResNet:
    """Return the architecture with these arguments, the fields of `ResNet`.

    Raises:
        UsageError: if there is no such argument, or a value is not possible.
    """
    model: ResNet = build(ResNet, arguments, where=f"architecture '{name}'")
    return model
