"""A loaded data set as one safetensors file, for worker processes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from saliencynoise.interfaces import Dataset, Split
from saliencynoise.store.atomic import write_bytes

if TYPE_CHECKING:
    from pathlib import Path

TENSORS = ("images", "labels", "masks")


def save_dataset(path: Path, dataset: Dataset) -> None:
    """Write a data set.

    Raises:
        UsageError: if the place is read-only or full.
    """
    from safetensors.torch import save  # noqa: PLC0415 - torch stays off the import path of the command line

    tensors = {
        f"{name}.{part}": getattr(getattr(dataset, name), part).contiguous().clone()
        for name in ("train", "test")
        for part in TENSORS
        if getattr(getattr(dataset, name), part) is not None
    }
    plain = {
        "name": dataset.name,
        "classes": dataset.classes,
        "mean": dataset.mean,
        "std": dataset.std,
        "augmentations": sorted(dataset.augmentations),
        "notes": dataset.notes,
        "train": dataset.train.names,
        "test": dataset.test.names,
    }
    write_bytes(path, save(tensors, metadata={"dataset": json.dumps(plain)}))


def load_dataset(path: Path) -> Dataset:
    """Return the data set that `save_dataset` wrote."""
    from safetensors import safe_open  # noqa: PLC0415 - as above

    with safe_open(path, framework="pt") as file:
        plain = json.loads(file.metadata()["dataset"])
        splits = {
            name: Split(
                images=file.get_tensor(f"{name}.images"),
                labels=file.get_tensor(f"{name}.labels"),
                names=tuple(plain[name]),
                masks=file.get_tensor(f"{name}.masks") if f"{name}.masks" in file.keys() else None,  # noqa: SIM118 - no dict
            )
            for name in ("train", "test")
        }
    return Dataset(
        name=plain["name"],
        classes=tuple(plain["classes"]),
        mean=tuple(plain["mean"]),
        std=tuple(plain["std"]),
        augmentations=frozenset(plain["augmentations"]),
        notes=tuple(plain["notes"]),
        **splits,
    )
