"""The arrays of numpy's files, read item by item: nothing is unpickled, and no more is in memory than is asked for."""

from __future__ import annotations

import math
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from saliencynoise.interfaces import UsageError, one_line
from saliencynoise.measuring.readers import refuse_format

if TYPE_CHECKING:
    from saliencynoise.store.scratch import Scratch

LOCAL_HEADER = 30
"""Bytes of the fixed part of a zip file's local header, whose last two numbers are the lengths of two more fields."""


@dataclass(frozen=True, kw_only=True)
class NpyArray:
    """An array in a file, of which consecutive slices along an axis are read; the axes before it have an index.

    Attributes:
        path: of the file.
        start: the array's first byte.
        shape: of the whole array.
        dtype: its number format.
        fortran: whether the first axis changes fastest in the file.
    """

    path: Path
    start: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool = False

    def __getitem__(self, key: tuple[int | slice, ...]) -> np.ndarray:
        """Return the values at some indices and a final slice of the next axis."""
        if self.fortran:
            return self._strided(key)
        *lead, rows = key
        size = math.prod(self.shape[len(key) :])
        first, last, _ = rows.indices(self.shape[len(lead)]) if isinstance(rows, slice) else (rows, rows + 1, 1)
        place = 0
        for index, side in zip(lead, self.shape, strict=False):
            assert isinstance(index, int)  # noqa: S101 - the readers' keys; this tells mypy
            place = place * side + index
        place = (place * self.shape[len(lead)] + first) * size
        with self.path.open("rb") as file:
            file.seek(self.start + place * self.dtype.itemsize)
            values = np.fromfile(file, self.dtype, (last - first) * size)
        if len(values) < (last - first) * size:
            raise UsageError(f"{self.path} ends before its last value; write it again")
        return values.reshape(last - first, *self.shape[len(key) :])

    def _strided(self, key: tuple[int | slice, ...]) -> np.ndarray:
        """Return values that are apart in the file, of which only their pages are read."""
        if self.path.stat().st_size < self.start + math.prod(self.shape) * self.dtype.itemsize:
            raise UsageError(f"{self.path} ends before its last value; write it again")
        if not math.prod(self.shape):
            return np.empty(self.shape, self.dtype)[key]
        return np.array(np.memmap(self.path, self.dtype, "r", self.start, self.shape, "F")[key], order="C")


def npy_array(path: Path) -> NpyArray:
    """Return the array of a .npy file, which is not read yet.

    Raises:
        UsageError: if it is no such file.
    """
    with path.open("rb") as file:
        return _described(file, path, where=str(path))


def npz_arrays(path: Path, scratch: Scratch) -> dict[str, NpyArray]:
    """Return the arrays of a .npz file by name; compressed ones are written to a temporary file, block by block.

    Args:
        path: of the file.
        scratch: folder for temporary files.

    Raises:
        UsageError: if it is no such file.
    """
    arrays = {}
    try:
        with zipfile.ZipFile(path) as file:
            for entry in file.infolist():
                name = entry.filename.removesuffix(".npy")
                arrays[name] = _of_entry(file, entry, path, scratch, where=f"{path}, array '{name}'")
    except (zipfile.BadZipFile, OSError, EOFError) as error:
        raise UsageError(f"{path} is no .npz file that can be read: {one_line(error)}") from error
    return arrays


def _of_entry(
    file: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, scratch: Scratch, *, where: str
) -> NpyArray:  # fmt: skip
    if entry.compress_type == zipfile.ZIP_STORED:
        with path.open("rb") as raw:
            raw.seek(entry.header_offset + LOCAL_HEADER - 4)
            lengths = np.frombuffer(raw.read(4), "<u2")
            raw.seek(entry.header_offset + LOCAL_HEADER + int(lengths.sum()))
            return _described(raw, path, where=where)
    target = scratch.file(".npy")
    with file.open(entry) as source, target.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 24)
    with target.open("rb") as raw:
        return _described(raw, target, where=where)


def _described(file: IO[bytes], path: Path, *, where: str) -> NpyArray:
    """Return the array whose header is at a file's place."""
    try:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(file)
    except (ValueError, EOFError) as error:
        raise UsageError(f"{where} is no array of numpy: {one_line(error)}") from error
    if dtype.hasobject:
        refuse_format("object", where=where)
    return NpyArray(path=path, start=file.tell(), shape=shape, dtype=dtype, fortran=fortran)
