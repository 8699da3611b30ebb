"""The image sizes that can be used, and the one that a folder of mixed sizes gets."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

SMALLEST = 4
LARGEST = 4096


def check_image_size(image_size: int) -> int:
    """Return `image_size`, in pixels, if images of that height and width can be made.

    Raises:
        UsageError: if it is below 4 or above 4096 pixels.
    """
    if not SMALLEST <= image_size <= LARGEST:
        raise UsageError(f"image size {image_size} cannot be used: choose {SMALLEST} to {LARGEST} pixels")
    return image_size


def median_side(sizes: Iterable[tuple[int, int]]) -> int:
    """Return the median of the shorter sides (the lower one of two), in pixels.

    Raises:
        UsageError: if that median is no size that can be used.

    >>> median_side([(32, 48), (64, 40), (16, 16)])
    32
    """
    side = statistics.median_low(min(size) for size in sizes)
    if not SMALLEST <= side <= LARGEST:
        raise UsageError(
            f"half of the images have a shorter side of {side} pixels or "
            f"{'less' if side < SMALLEST else 'more'}, which cannot be used as it is: "
            f"give an image size of {SMALLEST} to {LARGEST} pixels"
        )
    return side
