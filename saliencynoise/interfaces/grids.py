"""Grids of features: which height and width a module's output may have, over images of a size."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Size = tuple[int, int]


def mismatch(grid: tuple[int, ...], size: Size) -> float:
    """Return by how much the sides' ratios differ; infinite where no reduction of `size` gives `grid`.

    >>> mismatch((7, 7), (224, 224)), mismatch((7, 768), (224, 224))
    (0.0, inf)
    """
    low = max(n / (g + 1) for n, g in zip(size, grid, strict=True))
    high = min(n / (g - 1) if g > 1 else math.inf for n, g in zip(size, grid, strict=True))
    if low >= high:
        return math.inf
    return abs(math.log(grid[0] / grid[1]) - math.log(size[0] / size[1]))


def token_grid(length: int, size: Size, *, prefixes: Iterable[int] = (0, 1, 2)) -> tuple[Size, int] | None:
    """Return the grid that a number of tokens forms and the class or register tokens before it; None if it forms none.

    Args:
        length: number of tokens.
        size: height and width of the images.
        prefixes: the numbers of class and register tokens that are possible, the likeliest first.

    >>> token_grid(197, (224, 224))
    ((14, 14), 1)
    """
    best: tuple[float, Size, int] | None = None
    for prefix in dict.fromkeys(prefixes):
        for height in range(1, length - prefix + 1):
            width, remainder = divmod(length - prefix, height)
            if remainder:
                continue
            wrong = mismatch((height, width), size)
            if wrong < math.inf and (best is None or wrong < best[0]):
                best = (wrong, (height, width), prefix)
    return None if best is None else best[1:]
