"""Images that belong together: near duplicates, frames of a video, pages of a writer. They count as one, in part.

Thirty-two images of four scenes are not thirty-two independent images, and an interval that takes them for such is too
narrow (coverage .71 of a nominal .95 for 4 groups of 8 at E = 8, `docs/statistics.md`). So the group
is the unit that varies.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
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
    order = {name: index for index, name in enumerate(dict.fromkeys(names))}
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
    indices = torch.arange(images) if groups is None else _indices(groups)
    units = int(indices.max()) + 1
    if units < 2:
        return math.inf, 1.0
    deviations = values - values.mean()
    totals = torch.zeros(units, dtype=values.dtype).index_add_(0, indices, deviations)
    variance = float(totals.square().sum()) * units / (units - 1) / images**2
    return (variance if math.isfinite(variance) else math.inf), effective_groups(indices) - 1


def resamples(
    images: int, groups: Groups | None, *, count: int, generator: torch.Generator
) -> Iterator[Int[Tensor, "R n"]]:
    """Yield the images of bootstrap samples, many samples at once: images drawn with replacement, or whole groups.

    Samples of unequal groups differ in size: samples of one size are in one batch.

    Args:
        images: B, at least 1.
        groups: of the images, where some belong together.
        count: of all samples.
        generator: of the draws.

    >>> (drawn,) = resamples(4, (0, 0, 1, 1), count=3, generator=torch.Generator().manual_seed(0))
    >>> drawn.shape, {tuple(pair) for pair in drawn.reshape(-1, 2).tolist()}
    (torch.Size([3, 4]), {(0, 1), (2, 3)})
    """
    if groups is None:
        yield torch.randint(images, (count, images), generator=generator)
        return
    indices = _indices(groups)
    units = int(indices.max()) + 1
    drawn = torch.randint(units, (count, units), generator=generator)
    sizes = torch.bincount(indices)[drawn].sum(1)
    of_group = [(indices == unit).nonzero().flatten() for unit in range(units)]
    for size in sorted(set(sizes.tolist())):
        yield torch.stack([torch.cat([of_group[unit] for unit in row]) for row in drawn[sizes == size].tolist()])


def in_groups(groups: Groups | None) -> str:
    """Return the caveat that belongs to an interval over groups of images, or nothing.

    >>> in_groups((0, 0, 1)), in_groups(None)
    ('images in 2 groups', '')
    """
    return "" if groups is None else f"images in {len(set(groups))} group{'s' if len(set(groups)) > 1 else ''}"


def units_of(images: int, groups: Groups | None) -> tuple[int, float]:
    """Return how many images or groups vary, and as how many of equal size they count.

    >>> units_of(4, None), units_of(4, (0, 0, 0, 1))
    ((4, 4.0), (2, 1.6))
    """
    return (images, float(images)) if groups is None else (len(set(groups)), effective_groups(groups))


def effective_groups(groups: Sequence[int] | Int[Tensor, " B"]) -> float:
    """Return how many groups of equal size say as much about a mean: (sum n)^2 / sum n^2.

    >>> effective_groups((0, 0, 1, 1)), effective_groups((0, 0, 0, 1))
    (2.0, 1.6)
    """
    sizes = Counter(groups.tolist() if isinstance(groups, torch.Tensor) else groups).values()
    return sum(sizes) ** 2 / sum(size**2 for size in sizes)


def _indices(groups: Groups) -> Tensor:
    return torch.tensor(as_groups(groups) or tuple(range(len(groups))))
