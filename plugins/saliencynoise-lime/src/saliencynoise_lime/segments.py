"""Division of a picture into segments, numbered from 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from saliencynoise.interfaces import UsageError

Segmenter: TypeAlias = Callable[[Any], Any]
"""From a picture `[H, W, 3]` to the number of each pixel's segment, `[H, W]`."""


def grid_segments(grid: int, seed: int) -> Segmenter:  # noqa: ARG001 - as the others
    """Return a segmenter into `grid * grid` rectangles, counted line by line."""

    def segment(picture: Any) -> Any:
        height, width = picture.shape[:2]
        if grid > min(height, width):
            raise UsageError(f"grid={grid} has more cells than the images of {height}x{width} have pixels")
        return (np.arange(height) * grid // height)[:, None] * grid + np.arange(width) * grid // width

    return segment


def quickshift_segments(grid: int, seed: int) -> Segmenter:  # noqa: ARG001 - as the others
    """Return lime's own segmenter."""

    def segment(picture: Any) -> Any:
        from skimage import segmentation  # noqa: PLC0415 - takes a second

        quickshift: Any = segmentation.quickshift  # untyped
        return _renumbered(quickshift(_scaled(picture), kernel_size=4, max_dist=200, ratio=0.2, rng=seed))

    return segment


def slic_segments(grid: int, seed: int) -> Segmenter:  # noqa: ARG001 - as the others
    """Return skimage's segmenter by k-means, which asks for `grid * grid` segments."""

    def segment(picture: Any) -> Any:
        from skimage.segmentation import slic  # noqa: PLC0415 - takes a second

        return _renumbered(slic(_scaled(picture), n_segments=grid**2, start_label=0))

    return segment


SEGMENTERS: dict[str, Callable[[int, int], Segmenter]] = {
    "grid": grid_segments,
    "quickshift": quickshift_segments,
    "slic": slic_segments,
}


def _scaled(picture: Any) -> Any:
    """Return the picture in [0, 1], which skimage takes for colours."""
    low, high = picture.min(), picture.max()
    return (picture - low) / (high - low if high > low else 1)


def _renumbered(segments: Any) -> Any:
    """Return the segments numbered without gaps, as lime takes for granted."""
    return np.unique(segments, return_inverse=True)[1].reshape(segments.shape)
