"""A folder of images, one subfolder a class, as a data set."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from saliencynoise.data import notes
from saliencynoise.data.layout import Layout, read_layout
from saliencynoise.data.pictures import Picture, Unreadable, read_all, read_picture, read_size
from saliencynoise.data.scan import open_root, text
from saliencynoise.data.sizes import SMALLEST, check_image_size, median_side
from saliencynoise.data.stratify import split_indices
from saliencynoise.data.tensors import channel_statistics
from saliencynoise.interfaces import Dataset, Split, UsageError, derive_seed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from jaxtyping import UInt8

    from saliencynoise.data.scan import ImageFile

_TEST_PERCENT = 20


def load_folder(*, path: str | None, image_size: int | None, seed: int) -> Dataset:
    """Return the images of a folder that holds a folder for each class.

    With `train/` and `test/` (or `val/`) inside, each of which holds the class folders, the split is that;
    else a fifth of each class, at least one image, is drawn for testing. Classes are in natural order ("2"
    before "10"). Images are made square: scaled so that the shorter side fits, cropped about the centre; an
    image that has the size already keeps its every bit. Grey if all images are grey (by their pixels, not
    by their format), else colour. Augmentations are "shift" and "flip" for colour, "shift" alone for grey,
    where a flipped digit or letter is another.

    Files that cannot be read are left out and named in the notes, as are others that were ignored.

    Args:
        path: the folder; "~" stands for the home folder.
        image_size: height and width in pixels; the median of the images' shorter sides where None.
        seed: the run's seed, for the split.

    Raises:
        UsageError: if the folder is missing, may not be read or is no folder of two or more classes, if a
            class has too few (readable) images or is in one part only, or if the size is not in 4..4096.
    """
    if image_size is not None:
        check_image_size(image_size)
    layout = read_layout(open_root(path))
    files = layout.listing.files
    size = _median([file.path for file in files]) if image_size is None else image_size
    pictures, lost = _read(files, size)
    _check_filled(layout, pictures, lost)
    parts = _parts(layout, sorted(pictures), seed)
    described = (
        notes.size_note(size, pictures.values(), asked=image_size is not None),
        notes.split_note([len(part) for part in parts], layout, seed=seed),
        *notes.content_notes(pictures.values()),
        *notes.left_out_notes(layout, [f"{files[i].name} ({why})" for i, why in lost.items()]),
    )
    channels = max(len(picture.pixels) for picture in pictures.values())
    train, test = (_assemble(part, layout, pictures, (channels, size, size)) for part in parts)
    mean, std = channel_statistics(train.images)
    return Dataset(
        name=f"folder:{text(layout.root.resolve().name) or '/'}",
        classes=layout.classes,
        train=train,
        test=test,
        mean=mean,
        std=std,
        augmentations=frozenset({"shift"}) if channels == 1 else frozenset({"shift", "flip"}),
        notes=described,
    )


def _median(paths: Sequence[str]) -> int:
    """Return the size that the images get where none is asked for; any will do if none can be read."""
    sizes = [size for size in read_all(read_size, paths) if size is not None]
    return median_side(sizes) if sizes else SMALLEST


def _read(files: Sequence[ImageFile], size: int) -> tuple[dict[int, Picture], dict[int, str]]:
    """Return the images that could be read, and why others could not, by their place in `files`."""
    found = read_all(partial(read_picture, image_size=size), [file.path for file in files])
    pictures = {i: item for i, item in enumerate(found) if isinstance(item, Picture)}
    return pictures, {i: item.reason for i, item in enumerate(found) if isinstance(item, Unreadable)}


def _check_filled(layout: Layout, readable: Collection[int], lost: Mapping[int, str]) -> None:
    """Raise UsageError if a class has no readable image left, or, where it has to be split, only one."""
    files = layout.listing.files
    left = Counter((files[i].label, files[i].part) for i in readable)
    for part in (None,) if layout.test_part is None else ("train", "test"):
        inside = "" if part is None else f" of {layout.test_part if part == 'test' else part}/"
        for label in layout.classes:
            where = f"image folder {str(layout.root)!r}: class {label!r}{inside}"
            why = [f"{files[i].name} ({lost[i]})" for i in lost if (files[i].label, files[i].part) == (label, part)]
            if not left[label, part] and why:
                raise UsageError(f"{where} has no image that can be read, replace its files: {notes.few(why)}")
            if not left[label, part]:
                raise UsageError(f"{where} holds no images: add images to it, or remove the folder")
            if part is None and left[label, part] == 1:
                raise UsageError(
                    f"{where} has only 1 readable image, too few to train and to test: add images to it, or "
                    "remove the folder"
                )


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
    return [readable[place] for place in train], [readable[place] for place in test]


def _assemble(part: Sequence[int], layout: Layout, pictures: dict[int, Picture], shape: tuple[int, int, int]) -> Split:
    """Return the split, taking its images out of `pictures`: the peak is twice the data set, not more."""
    images: UInt8[np.ndarray, "N C S S"] = np.empty((len(part), *shape), dtype=np.uint8)
    for place, i in enumerate(part):
        images[place] = pictures.pop(i).pixels
    files = [layout.listing.files[i] for i in part]
    labels = {name: label for label, name in enumerate(layout.classes)}
    return Split(
        images=torch.from_numpy(images),
        labels=torch.tensor([labels[file.label] for file in files], dtype=torch.int64),
        names=tuple(file.name for file in files),
    )
