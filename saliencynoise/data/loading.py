"""Checks of the contract of `Dataset`: they name a mistake of a third party where its data enters."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import ConfigurationError, Dataset, Split

if TYPE_CHECKING:
    from collections.abc import Iterator

_AUGMENTATIONS = frozenset({"shift", "flip"})


def check_dataset(dataset: object) -> Dataset:
    """Return `dataset` if it keeps the contract of `saliencynoise.interfaces.Dataset`.

    Raises:
        ConfigurationError: it names the data set, the broken part of the contract, and the wrong value.
    """
    if not isinstance(dataset, Dataset):
        raise ConfigurationError(f"a data set must be an interfaces.Dataset, not {_type(dataset)}")
    for broken in _breaches(dataset):
        raise ConfigurationError(f"data set {dataset.name!r}: {broken}")
    return dataset


def _breaches(dataset: Dataset) -> Iterator[str]:
    """Yield the broken parts of the contract. Only the first is reliable, as later checks assume the earlier ones."""
    yield from _classes(dataset.classes)
    for part in ("train", "test"):
        split = getattr(dataset, part)
        if not isinstance(split, Split):
            yield f"{part} must be a Split, not {_type(split)}"
        yield from _images(part, split)
        yield from _labels(part, split, len(dataset.classes))
        yield from _names(part, split)
        yield from _masks(part, split)
        yield from _groups(part, split)
    train, test = tuple(dataset.train.images.shape[1:]), tuple(dataset.test.images.shape[1:])
    if train != test:
        yield f"train and test must hold images of one shape, not {list(train)} and {list(test)}"
    yield from _statistics(dataset, channels=train[0])
    yield from _texts(dataset)


def _texts(dataset: Dataset) -> Iterator[str]:
    notes: object = dataset.notes
    augmentations: object = dataset.augmentations
    if not isinstance(notes, tuple) or not all(isinstance(note, str) for note in notes):
        yield f"notes must be a tuple of strings, not {_type(notes)}"
    if not isinstance(augmentations, frozenset):
        yield f"augmentations must be a frozenset, not {_type(augmentations)}"
    elif unknown := sorted(augmentations - _AUGMENTATIONS):
        yield f"augmentations must be among {sorted(_AUGMENTATIONS)}, not {unknown}"


def _classes(classes: object) -> Iterator[str]:
    if not isinstance(classes, tuple) or not all(isinstance(name, str) for name in classes):
        yield f"classes must be a tuple of strings, not {_type(classes)}"
    elif len(classes) < 2:
        yield f"classes must name at least 2 classes, not {len(classes)}"
    elif len(set(classes)) < len(classes):
        yield f"classes must be unique, but {_repeated(classes)!r} is there more than once"


def _images(part: str, split: Split) -> Iterator[str]:
    images: object = split.images
    if not isinstance(images, torch.Tensor) or images.dtype not in {torch.uint8, torch.float32}:
        yield f"{part}.images must be a uint8 tensor (or float32 from 0 to 255), not {_type(images)}"
    elif images.ndim != 4 or 0 in images.shape[1:]:
        yield f"{part}.images must have the shape [N, C, H, W], not {list(images.shape)}"
    elif len(images) == 0:
        yield f"{part} must hold at least one image"
    elif images.dtype == torch.float32 and not (float(images.min()) >= 0 and float(images.max()) <= 255):
        low, high = float(images.min()), float(images.max())
        yield f"{part}.images must be in 0..255, the range of bytes, not in {low:.4g}..{high:.4g}"


def _labels(part: str, split: Split, num_classes: int) -> Iterator[str]:
    labels: object = split.labels
    if not isinstance(labels, torch.Tensor) or labels.dtype != torch.int64:
        yield f"{part}.labels must be an int64 tensor, not {_type(labels)}"
    elif labels.shape != split.images.shape[:1]:
        yield f"{part}.labels must have the shape [{len(split.images)}], not {list(labels.shape)}"
    elif int(labels.min()) < 0 or int(labels.max()) >= num_classes:
        yield (f"{part}.labels must be in 0..{num_classes - 1}, not in {int(labels.min())}..{int(labels.max())}")


def _names(part: str, split: Split) -> Iterator[str]:
    names: object = split.names
    if not isinstance(names, tuple) or not all(isinstance(name, str) for name in names):
        yield f"{part}.names must be a tuple of strings, not {_type(names)}"
    elif len(names) != len(split.images):
        yield f"{part}.names must name each of the {len(split.images)} images, but there are {len(names)}"
    elif len(set(names)) < len(names):
        yield f"{part}.names must be unique, but {_repeated(names)!r} is there more than once"


def _masks(part: str, split: Split) -> Iterator[str]:
    masks: object = split.masks
    if masks is None:
        return
    shape = [len(split.images), *split.images.shape[2:]]
    if not isinstance(masks, torch.Tensor) or masks.dtype != torch.bool:
        yield f"{part}.masks must be a bool tensor, not {_type(masks)}"
    elif list(masks.shape) != shape:
        yield f"{part}.masks must have the shape {shape}, not {list(masks.shape)}"
    elif not bool(masks.flatten(1).any(1).all()):
        yield f"{part}.masks must mark at least one pixel of every image"


def _groups(part: str, split: Split) -> Iterator[str]:
    groups: object = split.groups
    if groups is None:
        return
    if not isinstance(groups, tuple) or not all(isinstance(group, str) for group in groups):
        yield f"{part}.groups must be a tuple of strings, not {_type(groups)}"
    elif len(groups) != len(split.images):
        yield f"{part}.groups must name a group for each of the {len(split.images)} images, but there are {len(groups)}"


def _statistics(dataset: Dataset, *, channels: int) -> Iterator[str]:
    for name, values in (("mean", dataset.mean), ("std", dataset.std)):
        if not isinstance(values, tuple) or not all(isinstance(value, float | int) for value in values):
            yield f"{name} must be a tuple of floats, not {values!r}"
        elif len(values) != channels:
            yield f"{name} must have one value per channel ({channels}), not {len(values)}"
        elif not all(math.isfinite(value) for value in values):
            yield f"{name} must be finite, not {values}"
    if not all(value > 0 for value in dataset.std):
        yield f"std must be positive, not {dataset.std}"


def _repeated(names: tuple[str, ...]) -> str:
    return next(name for name, count in Counter(names).items() if count > 1)


def _type(value: object) -> str:
    if isinstance(value, torch.Tensor):
        return f"a {value.dtype} tensor"
    return type(value).__name__
