"""Data sets from memory are kept in the cache under a name, so that commands and worker processes can read them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.data.loading import check_dataset
from saliencynoise.data.objects import dataset_in_memory
from saliencynoise.data.sizes import check_image_size
from saliencynoise.data.squares import squared
from saliencynoise.data.tensors import channel_statistics
from saliencynoise.interfaces import Dataset, Split, UsageError
from saliencynoise.store.atomic import key_of, locked, read_json, sha256_of, slug_of, write_json
from saliencynoise.store.datasets import load_dataset, save_dataset
from saliencynoise.store.places import cache_folder

if TYPE_CHECKING:
    from torch import Tensor

NAME = "stored"


def stored_name(value: object, *, image_size: int | None = None) -> str:
    """Keep a data set from memory in the cache, by its content, and return the name by which it is loaded.

    Args:
        value: as for `dataset_in_memory`.
        image_size: as for `dataset_in_memory`.

    Raises:
        UsageError: as `dataset_in_memory`; or if the cache cannot be written to.
    """
    dataset = check_dataset(dataset_in_memory(value, image_size=image_size))
    splits = [[s.names, s.groups, None if s.masks is None else _sum(s.masks)] for s in (dataset.train, dataset.test)]
    key = key_of([fingerprint(dataset), dataset.name, dataset.notes, splits])
    path = cache_folder() / "datasets" / f"{slug_of(dataset.name)}-memory-{key}.safetensors"
    with locked(path.with_suffix(".lock")):
        if not _is_sound(path):
            save_dataset(path, dataset)
            write_json(path.with_suffix(".json"), {"sha256": sha256_of(path)})
    return f"{NAME}:{path}"


def name_for_people(asked: str, dataset: Dataset) -> str:
    """Return the name of a data set as the user gave it, or its kind ("mnist", "tensors") if it came from memory."""
    return dataset.name if asked.partition(":")[0].rpartition("/")[2] == NAME else asked


def load_stored(*, path: str | None, image_size: int | None, seed: int) -> Dataset:  # noqa: ARG001 - its split is fixed
    """Return a data set that `stored_name` kept.

    Args:
        path: its file.
        image_size: edge of the images, in pixels; None for their own.
        seed: the run's seed.

    Raises:
        UsageError: if the file is not there, or was changed.
    """
    file = Path(path or "")
    if not _is_sound(file):
        raise UsageError(
            f"the data set {str(file)!r}, which came from memory, is no longer in the cache, or was changed; give it "
            "again in Python, with dataset=..."
        )
    dataset = load_dataset(file)
    if image_size is None or dataset.train.images.shape[2:] == (image_size, image_size):
        return dataset
    check_image_size(image_size)
    train, test = (_resized(split, image_size) for split in (dataset.train, dataset.test))
    mean, std = channel_statistics(train.images)
    note = f"images of {image_size}x{image_size} pixels: scaled by their shorter side and cropped about the centre"
    return replace(dataset, train=train, test=test, mean=mean, std=std, notes=(*dataset.notes, note))


def _resized(split: Split, size: int) -> Split:
    images = torch.stack([torch.from_numpy(squared(image.numpy(), size)) for image in split.images])
    return replace(split, images=images, masks=None)


def _is_sound(path: Path) -> bool:
    record = read_json(path.with_suffix(".json"))
    return isinstance(record, dict) and path.exists() and record.get("sha256") == sha256_of(path)


def _sum(masks: Tensor) -> str:
    return hashlib.sha256(masks.cpu().contiguous().numpy().tobytes()).hexdigest()
