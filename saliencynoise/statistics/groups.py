"""Images that belong together: near duplicates, frames of a video, pages of a writer. They count as one, in part.

Thirty-two images of four scenes are not thirty-two independent images, and an interval that takes them for such is too
narrow (coverage .71 of a nominal .95 for 4 groups of 8 at E = 8, `docs/statistics.md`). So the group
is the unit that varies.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

Groups = tuple[int, ...]
"""A number for each image, equal for images that belong together."""


def as_groups(names: Sequence[Hashable] | None) -> Groups | None:
    """Return a number for each image; None where no two images belong together.

    >>> as_groups(["anna", "ben", "anna"]), as_groups(["anna", "ben"])
    ((0, 1, 0), None)
    """
    if names is None or len(set(names)) == len(names):
        return None
    order = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return tuple(order[name] for name in names)


def chosen(groups: Groups | None, used: Bool[Tensor, " B"] | Sequence[bool]) -> Groups | None:
    """Return the groups of the images that are used.

    >>> chosen((0, 0, 1, 2), [True, True, False, True])
    (0, 0, 1)
    """
    if groups is None:
        return None
    return as_groups([group for group, use in zip(groups, used, strict=True) if use])


def variance_of_mean(values: Float[Tensor, " B"], groups: Groups | None) -> tuple[float, float]:
    """Return the variance of the images' mean for new images, or new groups of images, and its degrees of freedom.

    With deviations summed over each of G groups, G/(G-1) times the sum of their squares over B^2. Unequal groups
    leave fewer degrees of freedom than G - 1: (sum n)^2 / sum n^2 - 1 of sizes n. Infinite with a single group.

    >>> round(variance_of_mean(torch.tensor([1.0, 2.0, 3.0, 6.0]), None)[0], 3)
    1.167
    >>> variance_of_mean(torch.tensor([1.0, 1.0, 3.0, 3.0]), (0, 0, 1, 1))
    (1.0, 1.0)
    """
    images = len(values)
    places = torch.arange(images) if groups is None else _places(groups)
    units = int(places.max()) + 1
    if units < 2:
        return math.inf, 1.0
    deviations = values - values.mean()
    totals = torch.zeros(units, dtype=values.dtype).index_add_(0, places, deviations)
    variance = float(totals.square().sum()) * units / (units - 1) / images**2
    return (variance if math.isfinite(variance) else math.inf), effective_groups(places) - 1


def effective_groups(groups: Sequence[int] | Int[Tensor, " B"]) -> float:
    """Return how many groups of equal size say as much about a mean: (sum n)^2 / sum n^2.

    >>> effective_groups((0, 0, 1, 1)), effective_groups((0, 0, 0, 1))
    (2.0, 1.6)
    """
    sizes = Counter(groups.tolist() if isinstance(groups, torch.Tensor) else groups).values()
    return sum(sizes) ** 2 / sum(size**2 for size in sizes)


def _places(groups: Groups) -> Tensor:
    return torch.tensor(as_groups(groups) or tuple(range(len(groups))))
