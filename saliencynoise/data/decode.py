"""Listed image files become the two parts of a data set."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from saliencynoise.data import notes
from saliencynoise.data.kinds import described
from saliencynoise.data.levels import joint, likely, scaled_levels
from saliencynoise.data.pictures import Picture, Unreadable, read_all, read_picture, read_size
from saliencynoise.data.sizes import SMALLEST, median_side
from saliencynoise.data.stratify import split_indices
from saliencynoise.data.words import few
from saliencynoise.interfaces import Split, UsageError, derive_seed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from saliencynoise.data.layout import Layout
    from saliencynoise.data.levels import Levels
    from saliencynoise.data.scan import ImageFile

_TEST_PERCENT = 20


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """The two parts of a data set, whose labels are indices of the layout's classes, with notes for the reader.

    Attributes:
        train: the images to train on.
        test: the others.
        notes: in sentences.
        levels: as in `Dataset`.
    """

    train: Split
    test: Split
    notes: tuple[str, ...]
    levels: Levels | None


def decode(layout: Layout, *, image_size: int | None, seed: int, channels: int = 1) -> Decoded:
    """Return the images of a layout, with its split, else split by the seed.

    Args:
        layout: the listed folder; its classes may be in any order.
        image_size: height and width in pixels; the median of the images' shorter sides where None.
        seed: the run's seed, for the split.
        channels: 3 to give grey images three channels even where all are grey.

    Raises:
        UsageError: if a class has too few readable images, or half of the images are smaller than can be used.
    """
    files = layout.listing.files
    size = _median([file.path for file in files]) if image_size is None else image_size
    pictures, lost = _read(files, size)
    _check_filled(layout, pictures, lost)
    parts = _parts(layout, sorted(pictures), seed)
    channels = max(channels, *(len(picture.pixels) for picture in pictures.values()))
    levels = _levels(pictures.values())
    described = (
        notes.size_note(size, pictures.values(), asked=image_size is not None),
        notes.split_note([len(part) for part in parts], layout, seed=seed),
        *filter(None, [layout.order]),
        *notes.levels_note(pictures.values(), levels),
        *notes.content_notes(pictures.values(), channels=channels),
        *notes.left_out_notes(layout, [f"{files[i].name} ({why})" for i, why in lost.items()]),
    )
    train, test = (_assemble(part, layout, pictures, (channels, size, size), levels) for part in parts)
    return Decoded(train=train, test=test, notes=described, levels=levels)


def _median(paths: Sequence[str | bytes]) -> int:
    """Return the default size of the images; any size if no image can be read."""
    sizes = [size for size in read_all(read_size, paths) if size is not None]
    return median_side(sizes) if sizes else SMALLEST


def _read(files: Sequence[ImageFile], size: int) -> tuple[dict[int, Picture], dict[int, str]]:
    """Return the readable images, and the reasons for the others, by their place in `files`."""
    results = read_all(partial(read_picture, image_size=size), [file.path for file in files])
    pictures = {i: item for i, item in enumerate(results) if isinstance(item, Picture)}
    return pictures, {i: item.reason for i, item in enumerate(results) if isinstance(item, Unreadable)}


def _check_filled(layout: Layout, readable: Collection[int], lost: Mapping[int, str]) -> None:
    """Raise UsageError if a class has no readable image, or only one although it must be split."""
    files = layout.listing.files
    left = Counter((files[i].label, files[i].part) for i in readable)
    for part in (None,) if layout.test_part is None else ("train", "test"):
        inside = "" if part is None else f" of {layout.parts[part]}"
        for label in layout.classes:
            where = f"{layout.title}: class {label!r}{inside}"
            why = [f"{files[i].name} ({lost[i]})" for i in lost if (files[i].label, files[i].part) == (label, part)]
            if not left[label, part] and why:
                raise UsageError(f"{where} has no image that can be read, replace its files: {few(why)}")
            if not left[label, part]:
                raise UsageError(f"{where} holds no images: {_fix(layout, label, part)}")
            if part is None and left[label, part] == 1:
                raise UsageError(
                    f"{where} has only 1 readable image, too few to train and to test: add images to it, or "
                    "remove the folder"
                )


def _fix(layout: Layout, label: str, part: str | None) -> str:
    """Return the fix for a class without images, which depends on the other files in its folder."""
    start = f"{'' if part is None else layout.parts[part]}{label}/"
    others = [name for name in layout.listing.others if name.startswith(start)]
    contents = described(layout.root, others)
    return (
        f"it has {contents}"
        if contents
        else f"add images to it, or remove the {'class' if layout.split_by else 'folder'}"
    )


def _levels(pictures: Collection[Picture]) -> Levels | None:
    """Return the levels of files of more than 8 bits that become 0 and 255: their range, or that of their bits."""
    deep = [picture.levels for picture in pictures if picture.levels is not None]
    levels = joint(deep)
    if levels is None or len(deep) == len(pictures):
        return levels
    return likely(levels, floating=any("floating" in picture.traits for picture in pictures))


def _parts(layout: Layout, readable: Sequence[int], seed: int) -> tuple[list[int], list[int]]:
    """Return the places of the training and of the test images among the listed files."""
    files = layout.listing.files
    if layout.test_part is not None:
        by_part = ([i for i in readable if files[i].part == part] for part in ("train", "test"))
        return next(by_part), next(by_part)
    train, test = split_indices(
        [layout.classes.index(files[i].label) for i in readable],
        [files[i].name for i in readable],
        num_classes=len(layout.classes),
        percent=_TEST_PERCENT,
        seed=derive_seed(seed, "split"),
    )
    return [readable[index] for index in train], [readable[index] for index in test]


def _assemble(
    part: Sequence[int],
    layout: Layout,
    pictures: dict[int, Picture],
    shape: tuple[int, int, int],
    levels: Levels | None,
) -> Split:
    """Return the split, taking its images out of `pictures`: the peak is twice the data set, not more."""
    images = np.empty((len(part), *shape), dtype=np.uint8 if levels is None else np.float32)
    for row, i in enumerate(part):
        picture = pictures.pop(i)
        deep = levels if picture.levels is not None else None
        images[row] = picture.pixels if deep is None else scaled_levels(picture.pixels, deep)
    files = [layout.listing.files[i] for i in part]
    labels = {name: label for label, name in enumerate(layout.classes)}
    return Split(
        images=torch.from_numpy(images),
        labels=torch.tensor([labels[file.label] for file in files], dtype=torch.int64),
        names=tuple(file.name for file in files),
    )
