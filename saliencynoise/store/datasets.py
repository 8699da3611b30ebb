"""A loaded data set as one safetensors file, for worker processes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from saliencynoise.interfaces import Dataset, Split
from saliencynoise.store.atomic import replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

TENSORS = ("images", "labels", "masks")


def save_dataset(path: Path, dataset: Dataset) -> None:
    """Write a data set.

    Raises:
        UsageError: if the place is read-only or full.
    """
    from safetensors import SafetensorError  # noqa: PLC0415 - torch stays off the import path of the command line
    from safetensors.torch import save_file  # noqa: PLC0415 - as above

    addresses: set[int] = set()
    tensors = {
        f"{name}.{part}": _unshared(getattr(getattr(dataset, name), part), addresses)
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
        "levels": dataset.levels,
        "train": dataset.train.names,
        "test": dataset.test.names,
        "groups": {"train": dataset.train.groups, "test": dataset.test.groups},
    }

    def write(temporary: Path) -> None:
        temporary.touch()
        mode = temporary.stat().st_mode  # safetensors sets no permissions for the group, whatever the umask
        try:
            save_file(tensors, temporary, metadata={"dataset": json.dumps(plain)})
        except SafetensorError as error:  # safetensors raises it on a full disk
            raise OSError(str(error)) from error
        temporary.chmod(mode)

    replace_file(path, write)


def _unshared(tensor: Tensor, addresses: set[int]) -> Tensor:
    """Return the tensor in memory of its own; it is copied only if another tensor of the file shares its memory.

    Safetensors refuses shared memory.
    """
    whole = tensor.contiguous()
    address = whole.untyped_storage().data_ptr()
    if address in addresses or whole.untyped_storage().nbytes() != whole.nbytes:
        return whole.clone()
    addresses.add(address)
    return whole


def load_dataset(path: Path) -> Dataset:
    """Return the data set that `save_dataset` wrote; its tensors are the file, mapped into memory.

    Writing to them changes this process's copy of a page only, never the file.
    """
    from safetensors import safe_open  # noqa: PLC0415 - as above

    with safe_open(path, framework="pt") as file:
        plain = json.loads(file.metadata()["dataset"])
        splits = {
            name: Split(
                images=file.get_tensor(f"{name}.images"),
                labels=file.get_tensor(f"{name}.labels"),
                names=tuple(plain[name]),
                groups=_texts(plain["groups"][name]),
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
        levels=None if plain["levels"] is None else tuple(plain["levels"]),
        **splits,
    )


def _texts(values: list[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)
