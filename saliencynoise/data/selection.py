"""The choice of images to attribute, and of training images when not all are used: seeded, stratified, nested."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from saliencynoise.data.stratify import hashed_order, shuffled_classes
from saliencynoise.interfaces import Split, UsageError, derive_seed

if TYPE_CHECKING:
    from jaxtyping import Int
    from torch import Tensor


def select_images(split: Split, *, count: int, seed: int, num_classes: int) -> Int[Tensor, " count"]:
    """Return the indices of the images that are attributed, in the order of their selection.

    One image of each class in turn, the classes in a seeded order; a class that has run out is passed over.
    The first n of a selection of m > n images are the selection of n. Whether a network classifies an image
    rightly plays no part.

    Args:
        split: usually the test split.
        count: how many, 1 to `len(split)`.
        seed: the run's seed.
        num_classes: number of classes of the data set.

    Raises:
        UsageError: if `count` is below 1 or above the number of images.
    """
    if not 1 <= count <= len(split):
        raise UsageError(
            f"--images {count}: the test split holds {len(split)}; give 1 to {len(split)}, or leave it out"
        )
    stream = derive_seed(seed, "selection")
    members = shuffled_classes(split.labels.tolist(), split.names, num_classes=num_classes, seed=stream)
    turns = _turns(num_classes, stream)
    queue = sorted((rank, turns[c], index) for c, images in enumerate(members) for rank, index in enumerate(images))
    return torch.tensor([index for _, _, index in queue[:count]], dtype=torch.int64)


def limit_train(split: Split, *, count: int, seed: int, num_classes: int) -> Split:
    """Return `count` of the images, stratified, in their old order; with all images the split is unchanged.

    First one image of every class, then each class in proportion to its size. A smaller subset of the same
    seed is part of a larger one. (The statistics of the data set stay those of all training images; use
    `saliencynoise.data.tensors.channel_statistics` where those of the subset are wanted.)

    Args:
        split: the training split; every class is in it.
        count: how many, `num_classes` to `len(split)`.
        seed: the run's seed.
        num_classes: number of classes of the data set.

    Raises:
        UsageError: if there are fewer images than `count`, or `count` is below the number of classes.
    """
    if count > len(split):
        raise UsageError(f"--train-images {count} is more than there are: choose {len(split)} or fewer")
    if count < num_classes:
        raise UsageError(
            f"--train-images {count} leaves classes without an image: "
            f"there are {num_classes} classes, choose {num_classes} or more"
        )
    stream = derive_seed(seed, "split", 1)
    members = shuffled_classes(split.labels.tolist(), split.names, num_classes=num_classes, seed=stream)
    turns = _turns(num_classes, stream)
    queue = sorted(
        (rank / len(images), turns[c], index) for c, images in enumerate(members) for rank, index in enumerate(images)
    )
    chosen = sorted(index for _, _, index in queue[:count])
    return Split(
        images=split.images[chosen],
        labels=split.labels[chosen],
        names=tuple(split.names[index] for index in chosen),
        masks=None if split.masks is None else split.masks[chosen],
        groups=None if split.groups is None else tuple(split.groups[index] for index in chosen),
    )


def _turns(num_classes: int, seed: int) -> list[int]:
    """Return the place of each class in a seeded order of the classes."""
    turns = [0] * num_classes
    for position, c in enumerate(hashed_order([f"class {c}" for c in range(num_classes)], seed=seed)):
        turns[c] = position
    return turns
