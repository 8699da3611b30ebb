"""Published data sets of photographs with known classes and sizes, from any source."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from saliencynoise.data.layout import Layout, read_layout
from saliencynoise.data.tensors import channel_statistics
from saliencynoise.data.words import few
from saliencynoise.interfaces import Dataset, Split, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from saliencynoise.data.levels import Levels

_LOSSLESS = frozenset({"BMP", "PBM", "PGM", "PNG", "PNM", "PPM"})
_SAME = {"JPG": "JPEG", "JPE": "JPEG", "JFIF": "JPEG", "TIF": "TIFF"}


def read_known(root: Path, *, name: str, classes: Sequence[str], test_part: str) -> Layout:
    """Return the layout of a folder that must hold `train/` and `test_part/`, each with just these class folders.

    Its classes are in the given order, so that a label is the same number for every source of the pictures.

    Raises:
        UsageError: if a part is missing, or a class is missing, is in one part only, or is none of the data set's.
    """
    layout = read_layout(root)
    if layout.test_part != test_part:
        raise UsageError(
            f"{str(root)!r} holds no copy of {name}: there must be train/ and {test_part}/ in it, each with the "
            f"class folders {', '.join(classes)}"
        )
    unknown = [folder for folder in layout.classes if folder not in classes]
    missing = [wanted for wanted in classes if wanted not in layout.classes]
    if unknown:
        raise UsageError(
            f"{str(root)!r} holds class folders that {name} does not have: {few(unknown)}; remove them, or read the "
            "folder as it is with --dataset folder:PATH"
        )
    if missing:
        raise UsageError(f"{str(root)!r} lacks classes of {name}: {few(missing)}; complete the copy")
    return replace(layout, classes=tuple(classes))


def copy_note(layout: Layout) -> str:
    """Return where the pixels of a folder of pictures come from, by the formats of its files."""
    suffixes = {file.name.rpartition(".")[2].upper() for file in layout.listing.files}
    formats = sorted({_SAME.get(suffix, suffix) for suffix in suffixes})
    kind = "lossless" if _LOSSLESS.issuperset(formats) else "lossy, not the original pixels"
    return f"image-folder copy: {' and '.join(formats)} files, {kind}"


def count_note(train: Split, test: Split, *, whole: tuple[int, int]) -> str:
    """Return how many images there are, and whether these are all of the `whole`."""
    total = f"{len(train):,} + {len(test):,} images"
    if (len(train), len(test)) == whole:
        return f"{total}, complete"
    return f"{total}, of {whole[0]:,} + {whole[1]:,}"


def photographs(
    name: str,
    classes: Sequence[str],
    train: Split,
    test: Split,
    notes: Sequence[str],
    *,
    levels: Levels | None = None,
) -> Dataset:
    """Return a data set of photographs: shifted or mirrored, they show the same thing."""
    mean, std = channel_statistics(train.images)
    return Dataset(
        name=name,
        classes=tuple(classes),
        train=train,
        test=test,
        mean=mean,
        std=std,
        augmentations=frozenset({"shift", "flip"}),
        notes=tuple(notes),
        levels=levels,
    )
