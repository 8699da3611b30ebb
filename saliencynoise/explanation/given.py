"""Pictures in memory, each turned into the content of an image file, so that they are read as files are."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from saliencynoise.data.pictures import as_image
from saliencynoise.explanation.pictures import PictureFile, picture_files
from saliencynoise.interfaces import UsageError

CHANNELS = (1, 3)
SHAPES = "[C, H, W], [H, W, C] or [H, W] with C = 1 or 3"
PNG_MODES = frozenset({"1", "L", "LA", "I;16", "P", "RGB", "RGBA"})
"""Modes of Pillow that a PNG file holds without a change; others go into a TIFF file."""


def given_files(pictures: Sequence[object]) -> list[PictureFile]:
    """Return the pictures as files, in order.

    Args:
        pictures: paths of files or folders, pictures of Pillow, and arrays or tensors: of uint8 from 0 to 255, or
            floating from 0 to 1, which are rounded to 256 levels.

    Raises:
        UsageError: naming the value that is no picture, and the fix.
    """
    files: list[PictureFile] = []
    for number, picture in enumerate(pictures):
        if isinstance(picture, str | Path):
            if not str(picture) or "\0" in str(picture):
                raise UsageError(f"{str(picture)!r} names no picture; name an image file, or a folder of them")
            files += picture_files([str(picture)])
        else:
            name = f"picture-{number}"
            content = _content(picture, f"picture {number}" if len(pictures) > 1 else "the picture")
            files.append(PictureFile(path=Path(name), name=name, place=name, slug=name, content=content))
    return files


def _content(picture: Any, what: str) -> bytes:
    image = picture if isinstance(picture, Image.Image) else as_image(_pixels(picture, what))
    file = io.BytesIO()
    try:
        image.save(file, "PNG" if image.mode in PNG_MODES else "TIFF", exif=image.getexif())
    except (OSError, ValueError) as error:
        raise UsageError(f"{what} cannot be read: {error}; give image.convert('RGB')") from error
    return file.getvalue()


def _pixels(picture: Any, what: str) -> np.ndarray:
    """Return the pixels of an array or a tensor as uint8 `[C, H, W]`."""
    if not hasattr(picture, "shape") or not hasattr(picture, "dtype"):
        raise UsageError(
            f"{what} is of type {type(picture).__name__}; give a path, a picture of Pillow, an array or a tensor, or a "
            "list of these"
        )
    tensor = picture.detach().cpu() if hasattr(picture, "detach") else picture
    tensor = tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor
    return _bytes(_channels_first(np.asarray(tensor), what), what)


def _channels_first(values: np.ndarray, what: str) -> np.ndarray:
    shape = list(values.shape)
    if len(shape) == 4 and shape[0] == 1:
        values = values[0]
    elif len(shape) == 4:
        raise UsageError(f"{what} has the shape {shape}, of {shape[0]} pictures; give them as a list: list(images)")
    if values.ndim == 2:
        values = values[None]
    if values.ndim == 3 and values.size:
        if values.shape[0] in CHANNELS:
            return values
        if values.shape[-1] in CHANNELS:
            return values.transpose(2, 0, 1)
    raise UsageError(f"{what} has the shape {shape}; give {SHAPES}")


def _bytes(values: np.ndarray, what: str) -> np.ndarray:
    if values.dtype == np.uint8:
        return values
    if values.dtype.kind not in "fiu":
        raise UsageError(f"{what} is of type {values.dtype}; give uint8 from 0 to 255, or floating from 0 to 1")
    if not np.isfinite(values).all():
        raise UsageError(f"{what} holds NaN or infinity; give pixels from 0 to 1")
    low, high, most = float(values.min()), float(values.max()), 1 if values.dtype.kind == "f" else 255
    if low < 0 or high > most:
        other = "pixels before they are normalised: floating from 0 to 1, or uint8 from 0 to 255"
        raise UsageError(f"{what} has values from {low:.3g} to {high:.3g} ({values.dtype}); give {other}")
    pixels: np.ndarray = np.rint(values.astype(np.float64) * (255 / most)).astype(np.uint8)
    return pixels
