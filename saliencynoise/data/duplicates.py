"""Near duplicates among pictures: copies that were mirrored, shifted a little, recompressed, brightened or made noisy.

Two pictures of one class may be merely alike, as two ones of handwriting are, so no fixed correlation separates copies
from kin. The yardstick is taken from the data: a copy is much nearer than the nearest pictures of *another* class.
Distance is 1 - correlation of pixels, the smallest over both mirror images and shifts up to a sixteenth of the side.
In shares of the yardstick (median; 95% of the copies below the second figure):

    digits       kin: at least .11   JPEG of quality 30 .03, .05; brightness +20% .02, .08; shift .02, .03
    CIFAR-10     kin: at least .64   JPEG of quality 30 .06, .13; brightness +20% .01, .04; shift .03, .10
    shapes       kin: at least .84   noise of 8 grey levels .03, .04; brightness +20% .01, .03; shift .05, .09

Crops, other frames of a video and other photographs of one thing are farther away than that: give their groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int, UInt8
    from torch import Tensor

SHARE = 0.06
"""Share of the distance to pictures of another class, below which a pair counts as near duplicates."""
NEAREST = 3
"""Rank of the picture whose distance is the yardstick: the nearest may be a copy with a wrong label."""
FARTHEST = 0.05
"""The largest distance of near duplicates, whatever the yardstick."""
SIDE = 32
"""Larger pictures are reduced to this number of pixels per side."""
MOST = 2048
"""Pictures among which near duplicates are looked for; the cost grows with the square (2048 of 32 pixels: a minute)."""
FLAT = 1.0
"""Grey levels: a picture whose standard deviation is smaller is like no other."""


def near_duplicates(
    images: UInt8[Tensor, "B C H W"],
    labels: Int[Tensor, " B"],
    *,
    others: UInt8[Tensor, "M C H W"] | None = None,
    other_labels: Int[Tensor, " M"] | None = None,
) -> list[tuple[int, ...]]:
    """Return groups of two pictures or more that are near duplicates, directly or through others.

    None among pictures of a single class, whose likeness has no yardstick; none that are all of one colour.

    Args:
        images: at most `MOST` are looked at, the first ones.
        labels: their classes.
        others: more pictures for the yardstick, in which no duplicates are looked for: few pictures alone make it long.
        other_labels: their classes.

    >>> noise = torch.randint(0, 256, (4, 1, 16, 16), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    >>> copies = torch.cat([noise, noise[:1].flip(-1)])             # the first one, mirrored
    >>> near_duplicates(copies, torch.tensor([0, 0, 1, 1, 0]))
    [(0, 4)]
    """
    images, labels = images[:MOST], labels[:MOST]
    count = len(images)
    if others is not None and other_labels is not None:
        images, labels = torch.cat([images, others]), torch.cat([labels, other_labels])
    apart = labels[:, None] != labels
    if count < 2 or not bool(apart.any()):
        return []
    every = distances(images, images)
    every = torch.minimum(every, every.mT)
    far = torch.where(apart, every, torch.inf)
    yardstick = far.topk(min(NEAREST, int(apart.sum(1).min())), largest=False).values[:count, -1]
    near = every[:count, :count]
    alike = (near < FARTHEST) & (near < SHARE * torch.minimum(yardstick[:, None], yardstick))
    return _connected(alike)


def distances(
    images: UInt8[Tensor, "A C H W"] | Float[Tensor, "A C H W"],
    others: UInt8[Tensor, "B C H W"] | Float[Tensor, "B C H W"],
) -> Float[Tensor, "A B"]:
    """Return 1 - correlation, the smallest over mirror images and small shifts of the first picture."""
    fixed = standardised(reduced(others))
    best = torch.full((len(images), len(others)), -1.0)
    for moved in _moved(reduced(images)):
        best = torch.maximum(best, standardised(moved) @ fixed.mT)
    return 1 - best


def reduced(images: UInt8[Tensor, "N C H W"] | Float[Tensor, "N C H W"]) -> Float[Tensor, "N C h w"]:
    """Return pictures of at most `SIDE` pixels a side, as floats."""
    pictures = images.float()
    if max(pictures.shape[-2:]) > SIDE:
        pictures = functional.interpolate(pictures, size=(SIDE, SIDE), mode="area")
    return pictures


def _moved(pictures: Float[Tensor, "B C H W"]) -> Iterator[Float[Tensor, "B C H W"]]:
    height, width = pictures.shape[-2:]
    reach = max(1, min(height, width) // 16)
    for turned in (pictures, pictures.flip(-1)):
        framed = functional.pad(turned, (reach,) * 4, mode="replicate")
        for down in range(2 * reach + 1):
            for right in range(2 * reach + 1):
                yield framed[..., down : down + height, right : right + width]


def standardised(pictures: Float[Tensor, "B C H W"]) -> Float[Tensor, "B P"]:
    """Return each picture as a row of mean 0 and length 1; zeros for one without variation."""
    rows = pictures.flatten(1)
    rows = rows - rows.mean(1, keepdim=True)
    norms = rows.norm(dim=1, keepdim=True)
    return torch.where(norms > FLAT * rows.shape[1] ** 0.5, rows / norms, 0.0)


def _connected(alike: Bool[Tensor, "B B"]) -> list[tuple[int, ...]]:
    """Return the connected parts of two pictures or more, in the order of their first one."""
    alike = alike.fill_diagonal_(fill_value=False)
    left, groups = set(alike.any(1).nonzero().flatten().tolist()), []
    for start in sorted(left):
        group, reached = {start}, [start]
        while reached and start in left:
            nearby = set(alike[reached.pop()].nonzero().flatten().tolist()) - group
            group |= nearby
            reached += nearby
        if start in left:
            groups.append(tuple(sorted(group)))
            left -= group
    return groups
