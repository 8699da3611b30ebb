"""Pictures of more than 8 bits: their levels as in the file, and their scale in a data set.

A file of 16 bits may hold 10, 12 or 14, a label mask of two levels, or signed values; 32 bits may be whole numbers or
floating point. The levels are read as they are. The lowest and the highest level of all such files of a data set become
0 and 255, in float32, so nothing is rounded. Beside files of 8 bits, it is the range of the number of bits that they
seem to have, and 0 to 1 for floating point within 0 to 1.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jaxtyping import Float, UInt8
    from torch import Tensor

Levels = tuple[float, float]
"""The level that becomes 0 and the one that becomes 255."""

GREY = ("I", "I;16", "I;16B", "I;16L", "I;16N", "F")
"""Modes of Pillow for one channel of more than 8 bits."""

DEPTHS = (8, 10, 12, 14, 16, 24, 32)
_BITS, _FORMAT, _ORIENTATION = 258, 339, 0x0112
_UNSIGNED, _SIGNED = 1, 2
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def is_deep(file: Image.Image) -> bool:
    """Return, before it is loaded, whether a file has more than 8 bits a channel that can all be read."""
    return file.mode in GREY or _is_deep_png(file) or (file.mode == "L" and _number_format(file) == _SIGNED)


def is_halved(file: Image.Image) -> bool:
    """Return whether Pillow reads the upper 8 bits of a file only: TIFF in colour of 16 bits."""
    tags: Any = getattr(file, "tag_v2", {})
    return file.format == "TIFF" and file.mode not in GREY and max(tags.get(_BITS, (8,))) > 8


def _number_format(file: Image.Image) -> int:
    """Return the number for unsigned (1), signed (2) or floating-point (3) values in a TIFF; 1 for other files."""
    tags: Any = getattr(file, "tag_v2", {})
    return int(max(tags.get(_FORMAT, (_UNSIGNED,))))


def _is_deep_png(file: Image.Image) -> bool:
    """Return whether Pillow would drop the lower 8 bits, as it does with colour and with transparency."""
    tiles: Any = getattr(file, "tile", None)
    return file.format == "PNG" and bool(tiles) and str(tiles[0][3]).endswith(";16B")


def planes(file: Image.Image, stream: io.BufferedIOBase | Any, traits: set[str]) -> list[Image.Image]:
    """Return the channels of a deep file, upright and opaque, as pictures of floats that hold its levels.

    Transparent parts are laid over the file's brightest level.

    Raises:
        ValueError: if levels are NaN or infinite.
    """
    levels = _colour(stream) if _is_deep_png(file) else _grey(file)
    if not np.isfinite(levels).all():
        raise ValueError("levels that are NaN or infinite: replace them")
    if file.mode == "F":
        traits.add("floating")
    if len(levels) in {2, 4}:
        *_, alpha = levels
        levels = levels[:-1]
        if alpha.min() < 65535:
            traits.add("transparent")
            levels = levels.max() + (levels - levels.max()) * (alpha / 65535)
    turn = _TURNS.get(_orientation(file))
    images = [Image.fromarray(plane.astype(np.float32)) for plane in levels]
    return images if turn is None else [plane.transpose(turn) for plane in images]


def _grey(file: Image.Image) -> np.ndarray:
    kind = _number_format(file)
    file.load()
    levels = np.asarray(file)
    if levels.dtype == np.int32 and kind == _UNSIGNED and file.format == "TIFF":
        levels = levels.view(np.uint32)  # Pillow gives the upper half of them as negative numbers
    if levels.dtype == np.uint8 and kind == _SIGNED:
        levels = levels.view(np.int8)
    return levels.astype(np.float64)[None]


def _colour(stream: Any) -> np.ndarray:
    """Return all 16 bits of each channel of a PNG, which Pillow does not give."""
    try:
        from torchvision.io import ImageReadMode, decode_image  # noqa: PLC0415 - half a second, for few files
    except ImportError as error:  # deprecated since torchvision 0.29
        raise ValueError("16 bits in colour, which this torchvision does not read: save it with 8") from error
    stream.seek(0)
    content = torch.frombuffer(bytearray(stream.read()), dtype=torch.uint8)
    pixels: np.ndarray = decode_image(content, mode=ImageReadMode.UNCHANGED).numpy().astype(np.float64)
    return pixels


def _orientation(file: Image.Image) -> int:
    try:
        return int(file.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - damaged metadata is no reason to lose the picture
        return 1


def joint(levels: Iterable[Levels]) -> Levels | None:
    """Return the lowest and the highest of all levels, or None where there are none.

    >>> joint([(0, 4095), (-3, 17)])
    (-3.0, 4095.0)
    """
    ranges = list(levels)
    return (float(min(low for low, _ in ranges)), float(max(high for _, high in ranges))) if ranges else None


def likely(levels: Levels, *, floating: bool = False) -> Levels:
    """Return the range of the number of bits that a single file was likely made with: 8, 10, 12, 14, 16, 24 or 32.

    Floating point within 0 to 1 has the range 0 to 1, and within 0 to 255 that of bytes; others keep their own.

    >>> likely((17, 3000)), likely((-5, 7)), likely((0.1, 0.7), floating=True)
    ((0.0, 4095.0), (-5, 7), (0.0, 1.0))
    """
    low, high = levels
    if low < 0 or (floating and high > 255):
        return levels
    if floating:
        return 0.0, 1.0 if high <= 1 else 255.0
    return 0.0, float(next(2**bits - 1 for bits in DEPTHS if high < 2**bits))


def scaled_levels(pixels: np.ndarray, levels: Levels) -> Float[np.ndarray, "C S S"]:
    """Return levels of a file as float32 from 0 to 255; those outside the range become its ends.

    >>> scaled_levels(np.array([[[0.0, 1023.75, 4095.0]]]), (0, 4095)).tolist()
    [[[0.0, 63.75, 255.0]]]
    """
    low, high = levels
    scaled = (pixels.astype(np.float64) - low) * (255 / (high - low) if high > low else 0)
    return np.clip(scaled, 0, 255).astype(np.float32)


def shown(images: UInt8[Tensor, "*shape"] | Float[Tensor, "*shape"]) -> UInt8[Tensor, "*shape"]:
    """Return images of 0 to 255 as bytes for display; bytes are unchanged."""
    return images if images.dtype == torch.uint8 else images.round().clamp(0, 255).to(torch.uint8)
