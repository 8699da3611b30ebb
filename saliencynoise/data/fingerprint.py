"""The identity of a data set in 64 characters: the key under which trained members are stored."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saliencynoise.interfaces import Dataset, Split

_FORMAT = "saliencynoise dataset 1"


def fingerprint(dataset: Dataset) -> str:
    """Return the sha256, in hex, of everything in the data set that decides training and accuracy.

    That is: pixels, labels and shapes of both splits, the names of the classes, mean, std, augmentations.
    Not: the data set's name, its notes, the images' names, the path it was read from, the tensors' device.
    """
    header = {
        "format": _FORMAT,
        "classes": list(dataset.classes),
        "mean": [float(value) for value in dataset.mean],
        "std": [float(value) for value in dataset.std],
        "augmentations": sorted(dataset.augmentations),
        "train": list(dataset.train.images.shape),
        "test": list(dataset.test.images.shape),
    }
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    if dataset.train.images.is_floating_point() or dataset.test.images.is_floating_point():
        header["pixels"] = "float32"  # only there: bytes keep the fingerprints that they had
    for split in (dataset.train, dataset.test):
        _add(digest, split)
    return digest.hexdigest()


def _add(digest: hashlib._Hash, split: Split) -> None:
    """Feed a split's pixels and labels, whose sizes are in the header."""
    pixels = split.images.cpu().contiguous().numpy()
    digest.update((pixels.astype("<f4", copy=False) if pixels.dtype.kind == "f" else pixels).data)
    digest.update(split.labels.cpu().numpy().astype("<i8").tobytes())
