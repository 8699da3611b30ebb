"""Imagenette: ten classes of ImageNet that are easy to distinguish."""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from saliencynoise.data.cache import decoded_once, listed
from saliencynoise.data.decode import decode
from saliencynoise.data.download import downloaded
from saliencynoise.data.known import copy_note, count_note, photographs, read_known
from saliencynoise.data.scan import open_root
from saliencynoise.data.sizes import check_image_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saliencynoise.data.layout import Layout
    from saliencynoise.interfaces import Dataset

CLASSES: Mapping[str, str] = MappingProxyType(
    {
        "n01440764": "tench",
        "n02102040": "English springer",
        "n02979186": "cassette player",
        "n03000684": "chain saw",
        "n03028079": "church",
        "n03394916": "French horn",
        "n03417042": "garbage truck",
        "n03425413": "gas pump",
        "n03445777": "golf ball",
        "n03888257": "parachute",
    }
)
"""Names of the classes by their folders, WordNet's identifiers; their order is that of the labels."""

_WHOLE = (9469, 3925)
_DEFAULT_SIZE = 128
_ARCHIVES = ((160, "160px", "imagenette2-160"), (320, "320px", "imagenette2-320"), (4096, "full", "imagenette2"))


def load_imagenette(*, path: str | None, image_size: int | None, seed: int) -> Dataset:  # noqa: ARG001 - see below
    """Return Imagenette, version 2: 9,469 photographs to train on, 3,925 to test, as uint8 RGB.

    Without a path, the smallest of fastai's archives is downloaded whose shorter sides reach the image size: 160
    pixels (99 MB), 320 (341 MB) or full (1.6 GB); torchvision checks its md5. Photographs are scaled so that the
    shorter side fits and cropped about the centre. The split is fixed: `seed` is accepted, as by every data set, and
    changes nothing.

    J. Howard: Imagenette, https://github.com/fastai/imagenette; the pictures are those of ImageNet,
    doi:10.1007/s11263-015-0816-y.

    Args:
        path: a folder of the archives' layout, `train/` and `val/` with a folder for each WordNet identifier and
            pictures of any size; or one that holds the unpacked archive for this image size.
        image_size: height and width in pixels; 128 where None.
        seed: the run's seed.

    Raises:
        UsageError: if it cannot be downloaded, the folder is no copy of it, or the image size is not in 4..4096.
    """
    size = _DEFAULT_SIZE if image_size is None else check_image_size(image_size)
    _, archive, folder = next(entry for entry in _ARCHIVES if size <= entry[0])
    if path is None:
        root = downloaded(folder, partial(_fetch, archive=archive), name="imagenette")
    else:
        root = open_root(path)
        root = root / folder if (root / folder).is_dir() else root
    layout = read_known(root, name="imagenette", classes=tuple(CLASSES), test_part="val")
    source = f"fastai's {folder}, md5 checked" if path is None else copy_note(layout)
    return decoded_once(
        partial(_decode, layout, size=size, source=source),
        name=f"imagenette-{size}",
        identity={"dataset": "imagenette", "folder": str(root.resolve()), "image_size": size},
        content=listed(layout),
    )


def _fetch(root: str, *, archive: str) -> None:
    from torchvision.datasets import Imagenette  # noqa: PLC0415 - only to download

    Imagenette(root, size=archive, download=True)


def _decode(layout: Layout, *, size: int, source: str) -> Dataset:
    decoded = decode(layout, image_size=size, seed=0, channels=3)
    count = count_note(decoded.train, decoded.test, whole=_WHOLE)
    return photographs(
        "imagenette",
        tuple(CLASSES.values()),
        decoded.train,
        decoded.test,
        (source, count, *decoded.notes),
        levels=decoded.levels,
    )
