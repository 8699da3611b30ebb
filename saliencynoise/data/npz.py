"""Images and labels in a `.npz` file. Pickled objects are refused."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from saliencynoise.interfaces import Split, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_REQUIRED = ("x_train", "y_train", "x_test", "y_test")


def read_npz(path: Path, *, num_classes: int, side: int) -> tuple[Split, Split]:
    """Return the training and the test part of a `.npz` file.

    `x_train` and `x_test` are uint8 `[N, side, side, 3]`, `y_train` and `y_test` whole numbers `[N]` or `[N, 1]`, the
    classes; `idx_train` and `idx_test`, where they are there, the positions in the whole data set, by which images
    are named.

    Raises:
        UsageError: if the file cannot be read, an array is missing, pickled or of another shape or type, or a class
            has no image in a part.
    """
    arrays = _arrays(path)
    missing = [name for name in _REQUIRED if name not in arrays]
    if missing:
        raise UsageError(
            f"{str(path)!r} lacks {', '.join(missing)}: it must hold {', '.join(_REQUIRED)} (of these it holds "
            f"{', '.join(arrays) or 'none'})"
        )
    train, test = (_split(path, arrays, part, num_classes, side) for part in ("train", "test"))
    return train, test


def _arrays(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    wanted = {*_REQUIRED, "idx_train", "idx_test"}
    if path.is_file() and not zipfile.is_zipfile(path):  # numpy would read it as a pickle
        raise _damaged(path, "it is truncated, or no archive")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files if name in wanted}
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror or error}; check the path") from error
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        pickled = "allow_pickle" in str(error)
        raise _damaged(path, "it holds pickled objects, which are never read" if pickled else str(error)) from error


def _split(path: Path, arrays: Mapping[str, Any], part: str, num_classes: int, side: int) -> Split:
    images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
    shape = (len(images) if images.ndim else 0, side, side, 3)
    if images.dtype != np.uint8 or images.shape != shape or not len(images):
        raise _wrong(path, f"x_{part}", f"uint8 of the shape [N, {side}, {side}, 3]", images)
    if not np.issubdtype(labels.dtype, np.integer) or labels.shape not in {shape[:1], (*shape[:1], 1)}:
        raise _wrong(path, f"y_{part}", f"whole numbers of the shape [{len(images)}]", labels)
    labels = labels.reshape(-1).astype(np.int64)
    counts = np.bincount(labels[(labels >= 0) & (labels < num_classes)], minlength=num_classes)
    if counts.sum() < len(labels):
        raise UsageError(f"{str(path)!r}: y_{part} holds labels outside of 0 to {num_classes - 1}: correct them")
    if not counts.all():
        raise UsageError(f"{str(path)!r}: class {int(counts.argmin())} has no image in y_{part}: add some")
    indices = arrays.get(f"idx_{part}", np.arange(len(labels)))
    if (
        not np.issubdtype(indices.dtype, np.integer)
        or indices.shape != labels.shape
        or len(set(indices)) < len(indices)
    ):
        raise _wrong(path, f"idx_{part}", f"{len(labels)} different whole numbers", indices)
    return Split(
        images=torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))),
        labels=torch.from_numpy(labels),
        names=tuple(f"{part}/{index}" for index in indices.tolist()),
    )


def _damaged(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{str(path)!r} is damaged or no .npz file of plain arrays ({why}): write it again with numpy.savez_compressed"
    )


def _wrong(path: Path, name: str, wanted: str, array: np.ndarray[Any, Any]) -> UsageError:
    return UsageError(f"{str(path)!r}: {name} must be {wanted}, not {array.dtype} {list(array.shape)}")
