"""Parts of all families: norms, convolutions, and the size of the grid after strides."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from torch import nn

from saliencynoise.interfaces import CamPoint, Rewrite, UsageError

if TYPE_CHECKING:
    from torch import Tensor

Norm: TypeAlias = Literal["batch", "group"] | None

SMALLEST = 4
"""Sides of the smallest last grid: a map of fewer cells says little, and one of 1x1 nothing."""

GROUPS = 32


def norm_of(norm: Norm, channels: int) -> nn.Module:
    """Return a norm over `channels`; without one, an identity.

    Group norm has 32 groups as in Wu and He 2018 (arXiv:1803.08494), or as many as divide fewer channels. A group
    has two channels or more: one of its own would take each channel's mean and contrast from it.
    """
    if norm == "batch":
        return nn.BatchNorm2d(channels)
    if norm == "group":
        most = max(1, min(GROUPS, channels // 2))
        return nn.GroupNorm(max(g for g in range(1, most + 1) if channels % g == 0), channels)
    return nn.Identity()


def convolution(channels: int, out: int, *, kernel: int, norm: Norm, bias: bool, stride: int = 1) -> nn.Conv2d:
    """Return a convolution whose map is ceil(n / stride) wide; weights as in He et al. 2015 (arXiv:1502.01852).

    In front of a norm the gradients keep their size, as in torchvision and timm. Without norms the values do: else each
    stage, wider than the one before, halves their variance (ResNet18 of width 8 on digits, 160 steps: accuracy .98
    instead of .88).
    """
    layer = nn.Conv2d(channels, out, kernel, stride=stride, padding=kernel // 2, bias=bias)
    nn.init.kaiming_normal_(layer.weight, mode="fan_in" if norm is None else "fan_out", nonlinearity="relu")
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class Head(nn.Module):
    """A linear layer on the mean over the grid."""

    def __init__(self, features: int, num_classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits `[N, K]` for features `[N, C, h, w]`."""
        logits: Tensor = self.linear(x.mean(dim=(2, 3)))
        return logits


@dataclass
class Shrinking:
    """The size of the grid along the network, and the stages that do not halve it, so that it stays at least 4x4.

    >>> grid = Shrinking("resnet", (16, 24))
    >>> [grid.halve("stages.1"), grid.halve("stages.2"), grid.halve("stages.3")]
    [True, True, False]
    >>> grid.size, grid.kept
    ((4, 6), ['stages.3'])
    """

    family: str
    size: tuple[int, int]
    kept: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Refuse images that are too small.

        Raises:
            UsageError: if the images themselves are smaller than the smallest grid.
        """
        if min(self.size) < SMALLEST:
            height, width = self.size
            raise UsageError(
                f"{self.family} cannot be built for images of {height}x{width}: its last grid is at least "
                f"{SMALLEST}x{SMALLEST}; give larger images (--image-size)"
            )

    def halve(self, where: str, *, round_up: bool = True) -> bool:
        """Halve the grid and return true, or note `where` and return false if that would leave too little."""
        height, width = ((side + round_up) // 2 for side in self.size)
        if min(height, width) < SMALLEST:
            self.kept.append(where)
            return False
        self.size = (height, width)
        return True


def points_of(grids: list[tuple[int, int]], norm: Norm) -> dict[str, CamPoint]:
    """Return "top", the output of the last stage, and "intermediate", that of the last stage with a finer grid.

    Where all stages have one grid, "intermediate" is the last but one. Stages end with a ReLU, whose channels may
    change their order and take positive factors, which the next layer undoes; the groups of a group norm forbid most
    orders.
    """
    rewrites: tuple[Rewrite, ...] = ("positive_scale",) if norm == "group" else ("permutation", "positive_scale")
    last = len(grids) - 1
    finer = max((stage for stage in range(last) if grids[stage] != grids[last]), default=last - 1)
    return {
        "top": CamPoint(module=f"stages.{last}", grid=grids[last], rewrites=rewrites),
        "intermediate": CamPoint(module=f"stages.{finer}", grid=grids[finer], rewrites=rewrites),
    }


def require_images(family: str, in_shape: tuple[int, int, int], num_classes: int) -> None:
    """Refuse images and classes for which no network can be built.

    Raises:
        UsageError: if there is no channel, no pixel or no class.
    """
    if len(in_shape) != 3 or min(in_shape) < 1 or num_classes < 1:
        raise UsageError(f"{family} cannot be built for images {in_shape} and {num_classes} classes")
