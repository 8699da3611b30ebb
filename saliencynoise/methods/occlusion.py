"""Occlusion."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from saliencynoise.interfaces import Batch, Maps, Scorer, UsageError
from saliencynoise.methods.baselines import BaselineName, baseline_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Float
    from torch import Tensor

Region: TypeAlias = "tuple[slice, slice, slice, slice]"


@dataclass(frozen=True)
class Occlusion:
    """Fall of the target's logit when a square window hides part of the image: `[B, 1, H, W]`, signed.

    A pixel has the mean over all windows that cover it, each of which hides all channels. It is positive where the
    hidden part raises the logit. The last windows of a row or column may reach beyond the image.

    Source: Zeiler and Fergus, *Visualizing and Understanding Convolutional Networks*, ECCV 2014, arXiv:1311.2901.

    Attributes:
        window: side of the window in pixels; an eighth of the image's shorter side, rounded up, if None.
        stride: pixels from one window to the next, in both directions; half the window, rounded up, if None. With both
            of them None a square image has at most 225 windows.
        baseline: the content of the window: "zero", "mean" (of each channel of the image), "blur" or "dataset".
    """

    window: int | None = None
    stride: int | None = None
    baseline: BaselineName = "zero"

    def __post_init__(self) -> None:
        """Refuse windows and strides that no image allows."""
        for name in ("window", "stride"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name}={value} is not possible; it must be 1 or more pixels")
        if self.window and self.stride and self.stride > self.window:
            raise ValueError(_gap(self.stride, self.window))

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        """Return the mean fall of the logit at each pixel; a forward pass for each window, and one.

        Raises:
            UsageError: if the window is larger than the image, or smaller than the stride.
        """
        regions = self._places(*batch.x.shape[2:])
        scores = net.scores(_occluded(batch.x, baseline_of(self.baseline, batch), regions))
        falls = scores[:, :1] - scores[:, 1:]
        total = batch.x.new_zeros(len(batch.x), 1, *batch.x.shape[2:])
        windows = total[:1].clone()
        for region, fall in zip(regions, falls.T, strict=True):
            total[region] += fall[:, None, None, None]
            windows[region] += 1
        return Maps(values=total / windows)

    def _places(self, height: int, width: int) -> list[Region]:
        shorter = min(height, width)
        window = self.window or math.ceil(shorter / 8)
        stride = self.stride or math.ceil(window / 2)
        if window > shorter:
            raise UsageError(
                f"window={window} does not fit images of {height}x{width}; it can be 1 to {shorter} pixels"
            )
        if stride > window:
            raise UsageError(_gap(stride, window))
        return [
            (slice(None), slice(None), slice(top, top + window), slice(left, left + window))
            for top in _starts(height, window, stride)
            for left in _starts(width, window, stride)
        ]


def _starts(length: int, window: int, stride: int) -> range:
    return range(0, stride * math.ceil((length - window) / stride) + 1, stride)


def _occluded(
    x: Float[Tensor, "B C H W"], baseline: Float[Tensor, "B C H W"], regions: list[Region]
) -> Iterator[Float[Tensor, "B 1 C H W"]]:
    """Yield the images, then those with each window hidden."""
    yield x[:, None]
    for region in regions:
        hidden = x.clone()
        hidden[region] = baseline[region]
        yield hidden[:, None]


def _gap(stride: int, window: int) -> str:
    return f"stride={stride} leaves gaps between windows of {window} pixels; it can be 1 to {window}"
