"""Data sets that are in memory: pairs of torch data sets, of tensors or arrays, or of Hugging Face data sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image

from saliencynoise.data.hugging_face import IMAGES, LABELS
from saliencynoise.data.layout import TEST, TRAIN, named
from saliencynoise.data.levels import Levels, scaled_levels
from saliencynoise.data.orders import natural
from saliencynoise.data.pictures import eight_bits
from saliencynoise.data.sizes import median_side
from saliencynoise.data.squares import squared
from saliencynoise.data.tensors import channel_statistics
from saliencynoise.data.words import few
from saliencynoise.interfaces import Dataset, Split, UsageError, one_line

READ_TWICE = 16
"""Items of each part that are read twice, since a random transform gives another image each time."""

MOST_CLASSES = 100_000
"""More classes than any data set of images has: a larger label is an identifier, and no class."""

WANTED = (
    "it must be a name, or a pair (train, test): of data sets with len() and items (image, label), or of pairs "
    "(images, labels) of tensors or arrays; or a mapping with the keys 'train' and 'test'"
)


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One part as it was given: the images `[C, H, W]` in their own types, their labels, the names of the classes."""

    images: Sequence[np.ndarray]
    labels: Sequence[int | str]
    classes: tuple[str, ...] | None


def dataset_in_memory(value: object, *, image_size: int | None = None) -> Dataset:
    """Return data from memory as a data set.

    Images are PIL images, or tensors `[C, H, W]` or arrays `[H, W, C]` (also without C). Bytes stay as they are.
    Floating point within 0 to 1 is multiplied by 255, and within 0 to 255 it is left as it is; it is stored as bytes
    where it is whole. Other floating point is refused, since a normalised image has lost its range. Whole numbers
    beyond bytes are scaled as files of more than 8 bits are: the lowest becomes 0, the highest 255. Images of several
    sizes become squares, as the files of a folder do. Classes are the training part's `classes`, or the names of its
    feature of type `ClassLabel`, or the labels themselves. Colour images may be flipped and shifted in training, grey
    ones shifted.

    Args:
        value: as `WANTED` says; a `Dataset` of this package is returned as it is.
        image_size: edge of the images, in pixels; None for their own, or for the median of their shorter sides.

    Raises:
        UsageError: if it is something else; if an item is no image with a label; if two readings of an item differ; if
            values are normalised, NaN or infinite; if a label is no class.
    """
    if isinstance(value, Dataset):
        return value
    with torch.random.fork_rng():  # transforms draw from it
        train, test = (_read(part, name) for part, name in zip(_pair(value), ("train", "test"), strict=True))
    classes = _classes(train, test)
    images, notes = _of_one_size([*train.images, *test.images], image_size)
    pixels, levels, range_notes = _levels(images)
    splits = []
    for name, part, start in (("train", train, 0), ("test", test, len(train.images))):
        splits.append(
            Split(
                images=torch.from_numpy(pixels[start : start + len(part.images)]),
                labels=torch.tensor(list(_indices(part, classes, name)), dtype=torch.int64),
                names=tuple(f"{name}/{index}" for index in range(len(part.images))),
            )
        )
    mean, std = channel_statistics(splits[0].images)
    return Dataset(
        name=_name(value),
        classes=classes,
        train=splits[0],
        test=splits[1],
        mean=mean,
        std=std,
        augmentations=frozenset({"shift"}) if pixels.shape[1] == 1 else frozenset({"shift", "flip"}),
        notes=(*notes, *range_notes),
        levels=levels,
    )


def _pair(value: object) -> tuple[Any, Any]:
    if isinstance(value, Mapping):
        keys = [str(key) for key in value]
        trains, tests = named(TRAIN, keys), named(TEST, keys)
        if trains and tests:
            return value[trains[0]], value[tests[0]]
        raise UsageError(f"dataset has the parts {few(keys)}; {WANTED}")
    if isinstance(value, list | tuple) and len(value) == 2:
        return value[0], value[1]
    raise UsageError(f"dataset is a {type(value).__name__}; {WANTED}")


def _read(part: Any, name: str) -> _Part:
    if isinstance(part, list | tuple) and len(part) == 2 and all(_array(entry) is not None for entry in part):
        arrays = [_array(entry) for entry in part]
        return _from_arrays(*arrays, name=name, channels_first=isinstance(part[0], torch.Tensor))
    if not hasattr(part, "__len__") or not hasattr(part, "__getitem__"):
        raise UsageError(f"dataset: the part {name} is a {type(part).__name__}; {WANTED}")
    with _running(f"len() of {name}"):
        count = len(part)
    if count == 0:
        raise UsageError(f"dataset: the part {name} is empty; give it images")
    images, labels = zip(*(_item(part, index, name) for index in range(count)), strict=True)
    for index in range(0, count, max(1, count // READ_TWICE)):
        again, label = _item(part, index, name)
        if label != labels[index]:
            raise UsageError(
                f"dataset: item {index} of {name} has the label {labels[index]!r}, and {label!r} when read again; "
                "a label must stay the same"
            )
        if again.shape != images[index].shape or not np.array_equal(again, images[index], equal_nan=True):
            raise UsageError(
                f"dataset: item {index} of {name} is another image when it is read again, so its transform is random; "
                "leave random transforms out (in training, images are shifted and flipped here)"
            )
    return _Part(images=images, labels=labels, classes=_given_classes(part))


@contextmanager
def _running(what: str) -> Iterator[None]:
    """Name the part of the user's data set that fails."""
    try:
        yield
    except (UsageError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        raise UsageError(f"dataset: {what} failed: {one_line(error)}; correct the data set") from error


def _from_arrays(images: Any, labels: Any, *, name: str, channels_first: bool) -> _Part:
    if images.ndim not in {3, 4} or labels.reshape(-1).shape != images.shape[:1] or not len(images):
        raise UsageError(
            f"dataset: {name} has images of the shape {list(images.shape)} and labels of the shape "
            f"{list(labels.shape)}; they must be [N, C, H, W] (tensors), [N, H, W, C] (arrays) or [N, H, W], and [N]"
        )
    return _Part(
        images=[_channels_first(image, preferred=channels_first) for image in images],
        labels=[_label(label, name, index) for index, label in enumerate(labels.reshape(-1))],
        classes=None,
    )


def _item(part: Any, index: int, name: str) -> tuple[np.ndarray, int | str]:
    with _running(f"item {index} of {name}"):
        item = part[index]
    if isinstance(item, Mapping):
        image_keys, label_keys = named(IMAGES, list(item)), named(LABELS, list(item))
        item = (item[image_keys[0]], item[label_keys[0]]) if image_keys and label_keys else item
    if not isinstance(item, list | tuple) or len(item) != 2:
        raise UsageError(f"dataset: item {index} of {name} is no pair of an image and a label; {WANTED}")
    return _pixels(item[0], name, index), _label(item[1], name, index)


def _pixels(image: Any, name: str, index: int) -> np.ndarray:
    if isinstance(image, Image.Image):
        if image.mode not in {"F", "I"} and not image.mode.startswith("I;"):
            image = eight_bits(image, set())
        return _channels_first(np.asarray(image), preferred=False)
    array = _array(image)
    if array is None or array.ndim not in {2, 3}:
        what = type(image).__name__ if array is None else f"of the shape {list(array.shape)}"
        raise UsageError(
            f"dataset: the image of item {index} of {name} is {what}; it must be a PIL image, a tensor [C, H, W] or an "
            "array [H, W, C]"
        )
    return _channels_first(array, preferred=isinstance(image, torch.Tensor))


def _array(value: Any) -> np.ndarray | None:
    if isinstance(value, torch.Tensor):
        plain = value.detach().cpu()
        return plain.float().numpy() if plain.dtype == torch.bfloat16 else plain.numpy()
    return value if isinstance(value, np.ndarray) else None


def _channels_first(array: np.ndarray, *, preferred: bool) -> np.ndarray:
    """Return an image as `[C, H, W]`; `preferred`: channels are the first axis, unless only the last one is short."""
    if 0 in array.shape:
        raise UsageError(f"dataset: an image has the shape {list(array.shape)}, without a pixel; leave it out")
    if array.ndim == 2:
        return array[None]
    first, last = array.shape[0] <= 4, array.shape[-1] <= 4
    return array if (preferred if first == last else first) else array.transpose(2, 0, 1)


def _label(value: Any, name: str, index: int) -> int | str:
    if isinstance(value, str):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        number = 0.5
    if not number.is_integer():
        raise UsageError(
            f"dataset: the label of item {index} of {name} is {value!r}; it must be a whole number or a name"
        )
    return int(number)


def _given_classes(part: Any) -> tuple[str, ...] | None:
    """Return the names of the classes that a data set, or the one that it is a selection of, has."""
    features = getattr(part, "features", None)
    if isinstance(features, Mapping):
        names = next((names for entry in features.values() if (names := getattr(entry, "names", None))), None)
        return tuple(names) if names else None
    classes = getattr(part, "classes", None)
    if isinstance(classes, list | tuple) and classes:
        return tuple(str(name) for name in classes)
    inner = getattr(part, "dataset", None)
    return None if inner is None else _given_classes(inner)


def _classes(train: _Part, test: _Part) -> tuple[str, ...]:
    every = {*train.labels, *test.labels}
    texts = [label for label in every if isinstance(label, str)]
    numbers = [label for label in every if isinstance(label, int)]
    if texts and numbers:
        raise UsageError(
            f"dataset: labels are numbers and names, as {numbers[0]!r} and {texts[0]!r}; give one kind, since a number "
            "counts classes and a name is one"
        )
    classes = train.classes or test.classes
    if classes is None and numbers:
        if max(numbers) < 0 or max(numbers) >= MOST_CLASSES:
            raise UsageError(
                f"dataset: the largest label is {max(numbers)}; labels count the classes from 0, of which there may be "
                f"{MOST_CLASSES}"
            )
        classes = tuple(map(str, range(max(numbers) + 1)))
    elif classes is None:
        classes = tuple(sorted(texts, key=natural))
    if len(classes) < 2:
        raise UsageError(f"dataset has the class {few(classes)} only; a classifier needs two or more")
    return classes


def _indices(part: _Part, classes: tuple[str, ...], name: str) -> Iterator[int]:
    numbers = {text: index for index, text in enumerate(classes)}
    for index, label in enumerate(part.labels):
        number = numbers.get(label, -1) if isinstance(label, str) else label
        if not 0 <= number < len(classes):
            raise UsageError(
                f"dataset: the label of item {index} of {name} is {label!r}; the {len(classes)} classes are "
                f"{few(classes)}"
            )
        yield number


def _of_one_size(images: Sequence[np.ndarray], size: int | None) -> tuple[list[np.ndarray], tuple[str, ...]]:
    channels = max(len(image) for image in images)
    widths = {len(image) for image in images}
    if widths - {1, channels}:
        raise UsageError(f"dataset: images have {' and '.join(map(str, sorted(widths)))} channels; give all the same")
    shapes = {image.shape[1:] for image in images}
    notes: tuple[str, ...] = ()
    if len(shapes) > 1 or (size is not None and shapes != {(size, size)}):
        edge = size or median_side(image.shape[1:] for image in images)
        notes = (f"images of {edge}x{edge} pixels: scaled by their shorter side and cropped about the centre",)
        images = [squared(image, edge) for image in images]
    if len(widths) > 1:
        notes = (*notes, "grey images among colour images given equal channels")
        images = [np.repeat(image, channels // len(image), axis=0) for image in images]
    return list(images), notes


def _levels(images: list[np.ndarray]) -> tuple[np.ndarray, Levels | None, tuple[str, ...]]:
    """Return all images from 0 to 255, as bytes where they are whole; the levels that these were; and notes."""
    pixels = np.stack(images)
    images.clear()  # the peak is twice the data set, not more
    if pixels.dtype == np.uint8:
        return pixels, None, ()
    if pixels.dtype.kind not in "fiub":
        raise UsageError(f"dataset: images are of the type {pixels.dtype}; give bytes or floating point")
    low, high = float(pixels.min()), float(pixels.max())
    if not np.isfinite([low, high]).all():
        raise UsageError("dataset: images hold values that are NaN or infinite; replace them")
    if pixels.dtype.kind == "f" and (low < 0 or high > 255):
        raise UsageError(
            f"dataset: images hold values from {low:.3g} to {high:.3g}, as after a normalisation; give values from 0 "
            "to 1, or bytes (leave Normalize out), and the mean and deviation by normalization='MEAN/STD' or 'imagenet'"
        )
    if pixels.dtype.kind == "b" or (pixels.dtype.kind == "f" and high <= 1):
        return _whole(pixels * np.float32(255)), None, ("values of 0 to 1 became 0 to 255",)
    if low >= 0 and high <= 255:
        return _whole(pixels), None, ()
    note = f"the levels {low:.10g} to {high:.10g}, their range, became 0 to 255, without rounding (float32)"
    return scaled_levels(pixels, (low, high)), (low, high), (note,)


def _whole(pixels: np.ndarray) -> np.ndarray:
    """Return bytes where all values are whole but for rounding, else float32."""
    rounded = np.rint(pixels)
    close = bool(np.abs(pixels - rounded).max() < 1e-3)
    return rounded.astype(np.uint8) if close else pixels.astype(np.float32)


def _name(value: object) -> str:
    """Return the name of the training part's kind: "mnist" for torchvision's MNIST, "tensors" for tensors."""
    part, _ = _pair(value)
    while (inner := getattr(part, "dataset", None)) is not None:
        part = inner
    return "tensors" if isinstance(part, list | tuple) else type(part).__name__.lower()
