"""Draws that respect the classes, by hashing names: stable across platforms, libraries and file orders.

An image's place in a draw depends on the seed and on its name only, so leaving out one unreadable file, or
adding one, moves no other image.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def hashed_order(keys: Sequence[str], *, seed: int) -> list[int]:
    """Return the indices of `keys` in an order drawn by hashing (seed, key); equal keys keep their order.

    >>> hashed_order(["a", "b", "c", "d"], seed=0)
    [3, 0, 2, 1]
    """
    prefix = f"{seed}:".encode()
    digests = [hashlib.sha256(prefix + key.encode("utf-8", "surrogatepass")).digest() for key in keys]
    return sorted(range(len(keys)), key=digests.__getitem__)


def shuffled_classes(labels: Sequence[int], names: Sequence[str], *, num_classes: int, seed: int) -> list[list[int]]:
    """Return, for each class, the indices of its images in hashed order."""
    members: list[list[int]] = [[] for _ in range(num_classes)]
    for index in hashed_order(names, seed=seed):
        members[labels[index]].append(index)
    return members


def apportion(sizes: Sequence[int], *, percent: int) -> list[int]:
    """Return how many of each class go to the test part: `percent` of all, rounded up, by largest remainder.

    Every class gives at least one image and keeps at least one. Classes whose share is below one give that
    one and have no part in the rounding.

    Args:
        sizes: images of each class, at least 2 each.
        percent: share of the test part, in percent, of each class and of all.

    >>> apportion([10, 7, 2], percent=20)
    [2, 1, 1]
    """
    shares = [max(1, size * percent // 100) for size in sizes]
    missing = -(-sum(sizes) * percent // 100) - sum(shares)
    remainders = {c: size * percent % 100 for c, size in enumerate(sizes) if size * percent >= 100}
    for c in sorted(remainders, key=lambda c: -remainders[c])[: max(0, missing)]:
        shares[c] = min(shares[c] + 1, sizes[c] - 1)
    return shares


def split_indices(
    labels: Sequence[int], names: Sequence[str], *, num_classes: int, percent: int, seed: int
) -> tuple[list[int], list[int]]:
    """Return the indices of the training and of the test part, stratified by class, each in ascending order.

    Args:
        labels: class of each image; every class has at least two.
        names: a unique name for each image, on which its draw depends.
        num_classes: number of classes.
        percent: share of the test part, in percent; see `apportion`.
        seed: seed of the draw.
    """
    members = shuffled_classes(labels, names, num_classes=num_classes, seed=seed)
    shares = apportion([len(images) for images in members], percent=percent)
    test = sorted(index for images, share in zip(members, shares, strict=True) for index in images[:share])
    train = sorted(index for images, share in zip(members, shares, strict=True) for index in images[share:])
    return train, test
