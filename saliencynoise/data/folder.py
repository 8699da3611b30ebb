"""A folder of images, one subfolder per class, as a data set."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from saliencynoise.data.cache import decoded_once, listed
from saliencynoise.data.decode import decode
from saliencynoise.data.image_groups import named_groups, read_groups
from saliencynoise.data.layout import read_layout
from saliencynoise.data.notes import GROUPS
from saliencynoise.data.orders import natural
from saliencynoise.data.scan import open_root, text
from saliencynoise.data.sizes import check_image_size
from saliencynoise.data.tensors import channel_statistics
from saliencynoise.data.words import count, few
from saliencynoise.interfaces import Dataset

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from saliencynoise.data.layout import Layout


def load_folder(*, path: str | None, image_size: int | None, seed: int) -> Dataset:
    """Return the images of a folder that holds a folder for each class.

    With `train/` and `test/` (or `val/`) inside, each of which holds the class folders, the split is that;
    else a fifth of each class, at least one image, is drawn for testing. Classes are in the order of
    `classes.txt` in the folder, or else in natural order ("2" before "10"). Images are made square: scaled so
    that the shorter side fits, cropped about the centre; an image that has the size already keeps its every
    bit. Grey if all images are grey (by their pixels, not
    by their format), else colour. Augmentations are "shift" and "flip" for colour, "shift" alone for grey,
    where a flipped digit or letter is another.

    Files of more than 8 bits are scaled by the range of all of them, in float32.

    Files that cannot be read are left out and named in the notes, as are others that were ignored.

    A file `groups.csv` in the folder, with the columns "file" (the path within the folder, with "/") and "group", says
    which images belong together, such as those of one writer, patient or video.

    Args:
        path: the folder; "~" is the home folder.
        image_size: height and width in pixels; the median of the images' shorter sides where None.
        seed: the run's seed, for the split.

    Raises:
        UsageError: if the folder is missing, may not be read or is no folder of two or more classes, if a
            class has too few (readable) images or is in one part only, if the size is not in 4..4096, or if
            `classes.txt` lists other classes than there are.
    """
    if image_size is not None:
        check_image_size(image_size)
    layout = read_layout(open_root(path))
    dataset = decoded_once(
        partial(dataset_of, layout, image_size=image_size, seed=seed),
        name=name_of(layout),
        identity={
            "folder": str(layout.root.resolve()),
            "image_size": image_size,
            "seed": seed if layout.test_part is None else None,
        },
        content=listed(layout),
    )
    file = layout.root / GROUPS
    return with_groups(dataset, read_groups(file), file) if file.exists() else dataset


def with_groups(dataset: Dataset, table: Mapping[str, str], file: Path) -> Dataset:
    """Return the data set with groups; a note names those that are in both parts.

    Args:
        dataset: of images with names.
        table: the group of each image by its name.
        file: from which the table was read.

    Raises:
        UsageError: if the table lacks a test image.
    """
    groups = tuple(named_groups(table, dataset.test.names, file=str(file)))
    seen = {table[name] for name in dataset.train.names if name in table}
    shared = sorted(set(groups) & seen, key=natural)
    leak = (
        f"{count(len(shared), 'group')} of {len(set(groups))} in the test part are also in the training part "
        f"({few(shared)}): accuracy and maps do not hold for new groups"
    )
    notes = (*dataset.notes, leak) if shared else dataset.notes
    return replace(dataset, test=replace(dataset.test, groups=groups), notes=notes)


def dataset_of(layout: Layout, *, image_size: int | None, seed: int) -> Dataset:
    """Return the data set of listed images, as `load_folder` does."""
    decoded = decode(layout, image_size=image_size, seed=seed)
    mean, std = channel_statistics(decoded.train.images)
    grey = decoded.train.images.shape[1] == 1
    return Dataset(
        name=name_of(layout),
        classes=layout.classes,
        train=decoded.train,
        test=decoded.test,
        mean=mean,
        std=std,
        augmentations=frozenset({"shift"}) if grey else frozenset({"shift", "flip"}),
        notes=decoded.notes,
        levels=decoded.levels,
    )


def name_of(layout: Layout) -> str:
    """Return the name under which results list the data set."""
    kind = "folder" if layout.what == "image folder" else layout.what
    return f"{kind}:{text(layout.root.resolve().name) or '/'}"
