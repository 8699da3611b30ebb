"""CIFAR-10, from any of its sources."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from saliencynoise.data.batches import FOLDER, fetch_batches, read_archive, read_batches
from saliencynoise.data.cache import decoded_once, listed, stamp
from saliencynoise.data.decode import decode
from saliencynoise.data.download import downloaded
from saliencynoise.data.known import copy_note, count_note, photographs, read_known
from saliencynoise.data.npz import read_npz
from saliencynoise.data.scan import open_root
from saliencynoise.data.sizes import check_image_size
from saliencynoise.data.tensors import scaled
from saliencynoise.interfaces import Dataset, Split, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from saliencynoise.data.layout import Layout

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
ARCHIVE = "cifar-10-python.tar.gz"
_WHOLE = (50_000, 10_000)
_SIDE = 32


def load_cifar10(*, path: str | None, image_size: int | None, seed: int) -> Dataset:  # noqa: ARG001 - see below
    """Return CIFAR-10: 50,000 pictures of 32x32 pixels to train on, 10,000 to test, as uint8 RGB.

    Without a path, the official batches are downloaded; torchvision checks their md5. Labels are the official numbers
    whatever the source. The notes say where the pixels come from: the official batches bit by bit, a copy that went
    through JPEG, a subset. The split is fixed: `seed` is accepted, as by every data set, and changes nothing.

    A. Krizhevsky: Learning Multiple Layers of Features from Tiny Images, 2009,
    https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf.

    Args:
        path: a folder with the official batches (or `cifar-10-batches-py` or `cifar-10-python.tar.gz` in it); or with
            pictures in `train/` and `test/`, a folder for each class; or a `.npz` file with `x_train`, `y_train`,
            `x_test`, `y_test`.
        image_size: height and width in pixels, scaled bilinearly; 32 where None.
        seed: the run's seed.

    Raises:
        UsageError: if it cannot be downloaded, the path holds none of these or is damaged, or the image size is not in
            4..4096.
    """
    size = _SIDE if image_size is None else check_image_size(image_size)
    if path is None:
        return _official(downloaded(FOLDER, fetch_batches, name="cifar10"), size)
    source = Path(path).expanduser()
    if source.suffix == ".npz":
        train, test = read_npz(source, num_classes=len(CLASSES), side=_SIDE)
        kind = "complete" if (len(train), len(test)) == _WHOLE else "subset"
        return _dataset(train, test, size, f"npz: {len(train):,} + {len(test):,} images, {kind}")
    if source.name == ARCHIVE:
        return _archive(source, size)
    root = open_root(path)
    if (root / FOLDER).is_dir() or (root / "data_batch_1").is_file() or (root / "test_batch").is_file():
        return _official(root / FOLDER if (root / FOLDER).is_dir() else root, size)
    if (root / ARCHIVE).exists():
        return _archive(root / ARCHIVE, size)
    return _copy(root, size)


def _official(folder: Path, size: int) -> Dataset:
    files = sorted(entry for entry in folder.iterdir() if entry.is_file())
    return _decoded_once(partial(read_batches, folder), folder, size, [[file.name, *stamp(file)] for file in files])


def _archive(archive: Path, size: int) -> Dataset:
    return _decoded_once(partial(read_archive, archive), archive, size, stamp(archive))


def _decoded_once(read: Callable[[], tuple[Split, Split]], path: Path, size: int, content: object) -> Dataset:
    return decoded_once(
        lambda: _dataset(*read(), size, "official batches, bit-exact"),
        name=f"cifar10-{size}",
        identity={"dataset": "cifar10", "path": str(path.resolve()), "image_size": size},
        content=content,
    )


def _dataset(train: Split, test: Split, size: int, source: str) -> Dataset:
    train, test = (Split(images=scaled(s.images, size), labels=s.labels, names=s.names) for s in (train, test))
    notes = () if size == _SIDE else (f"pictures of {_SIDE}x{_SIDE} pixels, scaled to {size}x{size}",)
    return photographs("cifar10", CLASSES, train, test, (source, *notes))


def _copy(root: Path, size: int) -> Dataset:
    if not (root / "train").is_dir() or not (root / "test").is_dir():
        raise UsageError(
            f"{str(root)!r} holds no CIFAR-10: there must be {FOLDER!r} or {ARCHIVE!r} in it, or train/ and test/, "
            f"each with the class folders {', '.join(CLASSES)}; or name a .npz file"
        )
    layout = read_known(root, name="cifar10", classes=CLASSES, test_part="test")
    return decoded_once(
        partial(_decode, layout, size=size),
        name=f"cifar10-{size}",
        identity={"dataset": "cifar10", "path": str(root.resolve()), "image_size": size},
        content=listed(layout),
    )


def _decode(layout: Layout, *, size: int) -> Dataset:
    decoded = decode(layout, image_size=size, seed=0, channels=3)
    count = count_note(decoded.train, decoded.test, whole=_WHOLE)
    return photographs(
        "cifar10",
        CLASSES,
        decoded.train,
        decoded.test,
        (copy_note(layout), count, *decoded.notes),
        levels=decoded.levels,
    )
