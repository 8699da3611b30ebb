"""Segments of an image that perturbation methods switch off together: a grid, or skimage's superpixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from jaxtyping import Bool, Float, Int
    from torch import Tensor

Segmentation = Literal["grid", "slic", "felzenszwalb", "quickshift"]

BLOCK = 32
"""Masked copies of an image that are made at a time."""


def segments_of(x: Float[Tensor, "B C H W"], *, kind: Segmentation, grid: int) -> Int[Tensor, "B H W"]:
    """Return the number of each pixel's segment, 0 to P - 1 in each image.

    Args:
        x: the images.
        kind: "grid", the same cells in every image; or superpixels: "slic" and "felzenszwalb" with about, and
            "quickshift" with however many as come.
        grid: cells a side, `grid` x `grid` in all; in an oblong image no more on the shorter side than it has pixels.

    Raises:
        UsageError: if there are more cells than pixels.

    >>> segments_of(torch.zeros(1, 1, 2, 4), kind="grid", grid=2)[0].tolist()
    [[0, 0, 1, 1], [2, 2, 3, 3]]
    """
    height, width = x.shape[-2:]
    if grid > max(height, width):
        raise UsageError(f"grid={grid} has more cells than images of {height}x{width} have pixels; give fewer")
    if kind == "grid":
        rows, columns = (torch.arange(n) * min(grid, n) // n for n in (height, width))
        return (rows[:, None] * min(grid, width) + columns).expand(len(x), height, width)
    return torch.stack([torch.from_numpy(_superpixels(image, kind, grid**2)) for image in _scaled(x)])


def counts(segments: Int[Tensor, "B H W"]) -> list[int]:
    """Return how many segments each image has."""
    return [int(labels.max()) + 1 for labels in segments]


def masked(
    x: Float[Tensor, "B C H W"],
    fill: Float[Tensor, "B C H W"],
    segments: Int[Tensor, "B H W"],
    masks: Sequence[Bool[Tensor, "S _"]],
) -> Iterator[Float[Tensor, "B _ C H W"]]:
    """Yield copies of each image with the pixels of the segments that its masks switch off replaced by `fill`."""
    for start in range(0, len(masks[0]), BLOCK):
        rows = [image_masks[start : start + BLOCK] for image_masks in masks]
        on = torch.stack([mask[:, labels] for mask, labels in zip(rows, segments, strict=True)])
        yield torch.where(on[:, :, None].to(x.device), x[:, None], fill[:, None])


def spread(values: Sequence[Float[Tensor, " _"]], segments: Int[Tensor, "B H W"]) -> Float[Tensor, "B 1 H W"]:
    """Return maps in which each pixel has the value of its segment."""
    return torch.stack([image_values[labels] for image_values, labels in zip(values, segments, strict=True)])[:, None]


def segment_means(x: Float[Tensor, "B C H W"], segments: Int[Tensor, "B H W"]) -> Float[Tensor, "B C H W"]:
    """Return the images with each segment in its mean colour."""
    filled = torch.empty_like(x)
    for image, pixels, labels in zip(filled, x, segments, strict=True):
        index = labels.flatten().to(x.device)
        sums = torch.zeros(len(pixels), int(index.max()) + 1, dtype=x.dtype, device=x.device)
        sums.index_add_(1, index, pixels.flatten(1))
        image.copy_((sums / index.bincount())[:, index].view_as(image))
    return filled


def _scaled(x: Tensor) -> np.ndarray:
    """Return the images as skimage wants them: `[B, H, W, 3]` in [0, 1] (channels beyond three are left out)."""
    colour = x[:, :3] if x.shape[1] >= 3 else x[:, :1].expand(-1, 3, -1, -1)
    low, high = colour.amin((1, 2, 3), keepdim=True), colour.amax((1, 2, 3), keepdim=True)
    scaled = (colour - low) / torch.where(high > low, high - low, 1.0)
    return scaled.permute(0, 2, 3, 1).double().cpu().numpy()


def _superpixels(image: np.ndarray, kind: Segmentation, count: int) -> np.ndarray:
    """Return one image's superpixels, numbered from zero without gaps."""
    from skimage import segmentation  # noqa: PLC0415 - takes a second, and most methods need none

    if kind == "slic":
        labels = segmentation.slic(image, n_segments=count, start_label=0, channel_axis=-1)
    elif kind == "felzenszwalb":
        size = max(2, image.shape[0] * image.shape[1] // (2 * count))
        labels = segmentation.felzenszwalb(image, scale=size, sigma=0.5, min_size=size, channel_axis=-1)
    else:
        options = {"kernel_size": 2, "max_dist": 6, "ratio": 0.5, "rng": 0, "channel_axis": -1}
        labels = segmentation.quickshift(image, **options)  # type: ignore[no-untyped-call]
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape).astype(np.int64)
