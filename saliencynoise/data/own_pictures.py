"""A user's own picture, converted to the format of the images on which the networks were trained.

It is read as `folder:` data are: the first frame, upright by its EXIF orientation, transparent parts over
white, its shorter side scaled (bilinearly, antialiased) to the networks' input size, the centre cut out. Then its
channels are made those of the data set: grey from colour by ITU-R 601 (0.299 R + 0.587 G + 0.114 B), colour from grey
by repetition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from saliencynoise.data.levels import Levels, likely, scaled_levels
from saliencynoise.data.pictures import Picture, Unreadable, read_picture, read_size

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8

TRAITS = {
    "transparent": "transparent parts laid over white",
    "animated": "first frame of several",
    "halved": "only the upper 8 of 16 bits per channel used",
    "cmyk": "CMYK turned into RGB",
    "windowed": "seen through the window of the DICOM file",
    "inverted": "MONOCHROME1 turned over",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class SeenPicture:
    """A picture as networks see it, without the normalisation.

    Attributes:
        pixels: `[C, S, S]`, as many channels as the data set has; float32 where its images are.
        size: width and height of the file, in pixels, as it is seen upright or lying on its side.
        notes: the conversions of the picture, in words.
    """

    pixels: UInt8[np.ndarray, "C S S"] | Float[np.ndarray, "C S S"]
    size: tuple[int, int]
    notes: tuple[str, ...]


def as_seen(
    path: str | Path | bytes, *, size: int, channels: int, levels: Levels | None = None
) -> SeenPicture | Unreadable:
    """Return the picture in a file as networks see it, or the reason why it cannot be read.

    Args:
        path: of the file, or its content.
        size: edge of the networks' square input, in pixels.
        channels: 1 or 3, of the data set.
        levels: of the data set, where its files have more than 8 bits. A picture of more than 8 bits is scaled by
            them; without them by the range of the bits that it seems to have, and rounded to bytes.
    """
    source = str(path) if isinstance(path, Path) else path
    picture, original_size = read_picture(source, size), read_size(source)
    if isinstance(picture, Unreadable):
        return picture
    if original_size is None:
        return Unreadable("not an image that can be read")
    pixels = _with_channels(_scaled(picture, levels), channels)
    if pixels is None:
        return Unreadable(f"the data set's images have {channels} channels, not 1 or 3")
    return SeenPicture(
        pixels=pixels, size=original_size, notes=tuple(_notes(picture, original_size, size, channels, levels))
    )


def _scaled(picture: Picture, levels: Levels | None) -> np.ndarray:
    """Return the picture's pixels from 0 to 255, of the type of the data set's images."""
    pixels = picture.pixels
    if picture.levels is not None:
        pixels = scaled_levels(pixels, levels or _likely(picture))
    return pixels.astype(np.float32) if levels is not None else np.rint(pixels).astype(np.uint8)


def _likely(picture: Picture) -> Levels:
    return likely(picture.levels or (0.0, 255.0), floating="floating" in picture.traits)


def _with_channels(pixels: np.ndarray, channels: int) -> np.ndarray | None:
    if len(pixels) == channels:
        return pixels
    if channels == 1:
        weights = np.array([299, 587, 114], dtype=np.int64)[:, None, None]
        if pixels.dtype != np.uint8:
            return np.asarray((pixels * weights).sum(0, keepdims=True) / 1000, dtype=np.float32)
        return np.asarray(((pixels * weights).sum(0, keepdims=True) + 500) // 1000, dtype=np.uint8)
    return np.repeat(pixels, channels, axis=0) if len(pixels) == 1 and channels == 3 else None


def _notes(
    picture: Picture, original_size: tuple[int, int], size: int, channels: int, levels: Levels | None
) -> Iterator[str]:
    short, long = sorted(original_size)
    if "cropped" in picture.traits:
        yield f"cropped about its centre to a square: {short / long:.0%} of it is seen"
    if "resized" in picture.traits:
        yield f"scaled from {short} to {size} pixels"
    if picture.levels is not None:
        low, high = levels or _likely(picture)
        rounded = ", rounded" if levels is None else ", as in the data set"
        yield f"levels {low:.10g} to {high:.10g} of more than 8 bits turned into 0 to 255{rounded}"
    for trait in sorted(picture.traits & TRAITS.keys()):
        yield TRAITS[trait]
    if len(picture.pixels) != channels:
        yield (
            "colours turned into grey, as the data set is" if channels == 1 else "grey repeated in red, green and blue"
        )
