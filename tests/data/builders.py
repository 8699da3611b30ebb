"""Folders of images and data sets that the tests of this room make."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from PIL import Image

from saliencynoise.interfaces import Dataset, Split

if TYPE_CHECKING:
    from pathlib import Path


def pixels(seed: int, height: int = 8, width: int = 8, channels: int = 3) -> np.ndarray:
    """Random bytes, [height, width, channels], or [height, width] for one channel."""
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def save(path: Path, array: np.ndarray) -> np.ndarray:
    """Write an image file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)
    return array


def make_folder(root: Path, counts: dict[str, int], *, channels: int = 3, side: int = 8) -> Path:
    """A folder of PNGs, `counts[name]` of each class (or "train/name")."""
    for place, (name, count) in enumerate(counts.items()):
        for index in range(count):
            save(root / name / f"{index}.png", pixels(1000 * place + index, side, side, channels))
    return root


def make_split(labels: list[int], *, prefix: str = "") -> Split:
    """A split of 2x2 grey images, the value of whose pixels is their index."""
    images = torch.arange(len(labels), dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 2, 2).contiguous()
    names = tuple(f"{prefix}{index}" for index in range(len(labels)))
    return Split(images=images, labels=torch.tensor(labels, dtype=torch.int64), names=names)


def make_dataset() -> Dataset:
    """A data set that keeps the contract."""
    return Dataset(
        name="made",
        classes=("a", "b"),
        train=make_split([0, 1, 0, 1], prefix="train/"),
        test=make_split([0, 1, 1], prefix="test/"),
        mean=(0.5,),
        std=(0.25,),
        augmentations=frozenset({"shift"}),
        notes=("made",),
    )
