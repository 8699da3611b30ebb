"""Test images that are near duplicates of training images: found by a hash, confirmed by the distance of `duplicates`.

The hash has a bit for each pair of neighbours in a grid of 8x8 mean grey levels: whether the second is brighter. Test
images and their mirror images are compared with all training images. Pairs that differ in at most `BITS` of the 112
bits are candidates. Shares of 300 copies that are found; no other pair is reported in 8,068 + 1,017 images of CIFAR-10
and in the 1,437 + 360 digits:

    CIFAR-10     mirrored 1; brightness +20% .96; noise of 8 grey levels .89; JPEG of quality 30 .45
    digits       mirrored 1; brightness +20% .95; noise of 8 grey levels .97; JPEG of quality 30 .97

Copies that were shifted by more than a few hundredths of the side, or cropped, are not found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from saliencynoise.data.duplicates import FARTHEST, NEAREST, SHARE, distances, reduced, standardised
from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.store.atomic import read_json, write_json
from saliencynoise.store.places import cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Float, Int
    from torch import Tensor

    from saliencynoise.interfaces import Dataset, Split

GRID = 8
BITS = 20
"""Largest number of different bits of a candidate."""

OTHERS = 2048
"""Number of training images with which those that have a candidate are compared, as a yardstick."""

CERTAIN, KIN = 0.03, 0.3
"""Shares of the distances to near training images of another class and of the same class. A distance below the first
share is a copy's; one below `duplicates.SHARE` of the other class is if it is also below `KIN` of the own class, since
ones of handwriting are alike."""

VERSION = 1
"""Version of the stored result: raise it when the same images would give other pairs."""

_CHUNK = 512


def near_copies(dataset: Dataset) -> list[tuple[int, int]]:
    """Return the test images that are near duplicates of a training image, each with the nearest one, by their indices.

    The result is kept in the cache, by the content of the data set.

    Raises:
        UsageError: if the cache cannot be written to.
    """
    file = cache_folder() / "datasets" / "near-copies" / f"{fingerprint(dataset)[:32]}.json"
    stored = read_json(file)
    if isinstance(stored, dict) and stored.get("version") == VERSION and _are_pairs(stored.get("pairs"), dataset):
        return [(test, train) for test, train in stored["pairs"]]
    pairs = compared(dataset.train, dataset.test)
    write_json(file, {"version": VERSION, "pairs": pairs})
    return pairs


def compared(train: Split, test: Split) -> list[tuple[int, int]]:
    """As `near_copies`, without the cache."""
    if bool((train.labels == train.labels[0]).all()):  # nothing says how far apart images of different classes are
        return []
    nearest: dict[int, tuple[float, int]] = {}
    small = torch.cat([reduced(images) for images in torch.split(test.images, _CHUNK)])
    for images in (small, small.flip(-1)):
        for tests, trains in _candidates(_hashes(train), _bits(images)):
            ours = standardised(images[tests])
            theirs = standardised(reduced(train.images[trains]))
            for index, other, distance in zip(
                tests.tolist(), trains.tolist(), (1 - (ours * theirs).sum(1)).tolist(), strict=True
            ):
                if distance < FARTHEST:
                    nearest[index] = min(nearest.get(index, (distance, other)), (distance, other))
    if not nearest:
        return []
    found = torch.tensor(sorted(nearest))
    distance = torch.tensor([nearest[index][0] for index in found.tolist()])
    apart, kin = _yardsticks(train, small[found], test.labels[found])
    copies = (distance < CERTAIN * apart) | ((distance < SHARE * apart) & (distance < KIN * kin))
    copies &= apart > 0  # rounding can make a distance negative
    return [(index, nearest[index][1]) for index in found[copies].tolist()]


def _hashes(split: Split) -> Float[Tensor, "N 112"]:
    return torch.cat([_bits(reduced(images)) for images in torch.split(split.images, _CHUNK)])


def _bits(images: Float[Tensor, "N C H W"]) -> Float[Tensor, "N 112"]:
    """Return -1 or 1 for each pair of neighbours in the grid: the inner product of two hashes is 112 - 2 bits."""
    grid = functional.interpolate(images.mean(1, keepdim=True), size=(GRID, GRID), mode="area")[:, 0]
    brighter = [grid[:, :, 1:] > grid[:, :, :-1], grid[:, 1:] > grid[:, :-1]]
    return torch.cat([pairs.flatten(1) for pairs in brighter], dim=1).float() * 2 - 1


def _candidates(
    train: Float[Tensor, "N 112"], test: Float[Tensor, "M 112"]
) -> Iterator[tuple[Int[Tensor, " P"], Int[Tensor, " P"]]]:
    """Yield the indices of pairs whose hashes are alike, in parts; an image of one colour has none."""
    textured = (train > 0).any(1)
    for start in range(0, len(test), _CHUNK):
        block = test[start : start + _CHUNK]
        alike = block @ train.T >= test.shape[1] - 2 * BITS
        rows, columns = (alike & textured & (block > 0).any(1, keepdim=True)).nonzero(as_tuple=True)
        for left, right in zip(torch.split(rows, 4 * _CHUNK), torch.split(columns, 4 * _CHUNK), strict=True):
            yield left + start, right


def _yardsticks(
    train: Split, images: Float[Tensor, "F C H W"], labels: Int[Tensor, " F"]
) -> tuple[Float[Tensor, " F"], Float[Tensor, " F"]]:
    """Return the distance of each image to a near training image of another class (0 if none), and of its own."""
    others = torch.arange(0, len(train), max(1, len(train) // OTHERS))[:OTHERS]
    near = distances(images, train.images[others])
    apart = labels[:, None] != train.labels[others]
    far, kin = (_third(torch.where(mask, near, torch.inf)) for mask in (apart, ~apart))
    return torch.where(far.isfinite(), far, 0.0), kin


def _third(distances: Float[Tensor, "F O"]) -> Float[Tensor, " F"]:
    """Return the third smallest finite value of each row, or its largest one; infinity where there is none."""
    ordered = distances.sort(dim=1).values
    place = (ordered.isfinite().sum(1).clamp(max=NEAREST) - 1).clamp(min=0)
    return ordered.gather(1, place[:, None])[:, 0]


def _are_pairs(value: object, dataset: Dataset) -> bool:
    if not isinstance(value, list):
        return False
    sizes = (len(dataset.test), len(dataset.train))
    return all(
        isinstance(pair, list)
        and len(pair) == 2
        and all(type(index) is int and 0 <= index < size for index, size in zip(pair, sizes, strict=True))
        for pair in value
    )
