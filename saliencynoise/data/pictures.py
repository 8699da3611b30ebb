"""One image file becomes an array `[C, S, S]`: decoded, upright, opaque, square."""

from __future__ import annotations

import io
import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from saliencynoise.data import dicom
from saliencynoise.data.levels import is_deep, is_halved, planes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from jaxtyping import Float, UInt8

    from saliencynoise.data.levels import Levels

T = TypeVar("T")

SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm"}
    | {".tif", ".tiff", ".webp"}
)
# Pillow knows more formats; some run other programs (EPS) or recognise anything (TGA).
_FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
_CHUNK = 64  # files per task: with fewer, handing out tasks costs more than reading small images
_FEW = 64  # the most of 256 levels that remain of 14 bits or fewer if only the upper 8 of 16 bits are read


@dataclass(frozen=True)
class Picture:
    """An image as read.

    Attributes:
        pixels: `[C, S, S]`, C = 1 where red, green and blue agree everywhere, else 3.
        traits: conversions that a reader of the results must know: "resized", "cropped", "transparent",
            "animated", "deep" (more than 8 bits), "floating" (deep, of floating point), "halved" (only the upper 8 of
            16 bits could be read), "cmyk", "windowed" and "inverted" (DICOM).
        levels: the lowest and the highest in the file, where it has more than 8 bits; `pixels` are then its levels, as
            float32.
    """

    pixels: UInt8[np.ndarray, "C S S"] | Float[np.ndarray, "C S S"]
    traits: frozenset[str]
    levels: Levels | None = None


@dataclass(frozen=True)
class Unreadable:
    """A file that could not be read, and the reason in a few words."""

    reason: str


def read_picture(path: str | bytes, image_size: int) -> Picture | Unreadable:
    """Return the image at `path`, or with that content, as `image_size` x `image_size` pixels.

    The first frame; turned as its EXIF orientation says; transparent parts laid over white; scaled (bilinearly,
    antialiased) so that the shorter side fits, then cropped about its centre. An image that has the size
    already keeps its every bit.
    """
    try:
        with _stream(path) as stream:
            if dicom.is_dicom(stream):
                return _of_dicom(stream, image_size)
            with Image.open(stream, formats=_formats()) as file:
                return _of_file(file, stream, image_size)
    except Exception as error:  # noqa: BLE001 - Pillow's decoders raise a dozen types on damaged files
        return Unreadable(_reason(error))


def _of_dicom(stream: BinaryIO, size: int) -> Picture:
    traits: set[str] = set()
    image = dicom.opened(stream, traits)
    if image.mode == "F":
        return _of_levels([image], size, traits)
    return Picture(_as_array(fitted(image, size, traits)), frozenset(traits))


def _of_file(file: Image.Image, stream: BinaryIO, size: int) -> Picture:
    traits = {"animated"} if _is_animated(file) else set()
    if is_deep(file):
        return _of_levels(planes(file, stream, traits), size, traits)
    traits |= {"halved"} if is_halved(file) else set()
    file.load()
    image = eight_bits(_upright(file), traits)
    return Picture(_as_array(fitted(image, size, traits)), frozenset(traits))


def read_size(path: str | bytes) -> tuple[int, int] | None:
    """Return width and height from the file's header, or None if Pillow cannot read it."""
    try:
        with _stream(path) as stream:
            if dicom.is_dicom(stream):
                return dicom.size_of(stream)
            with Image.open(stream, formats=_formats()) as file:
                return file.size
    except Exception:  # noqa: BLE001 - as above; reading the picture will say why
        return None


def as_image(pixels: UInt8[np.ndarray, "C H W"]) -> Image.Image:
    """Return pixels for Pillow: in colour if they have three channels, else the first channel in grey.

    >>> as_image(np.zeros((3, 2, 5), dtype=np.uint8)).size
    (5, 2)
    """
    shown = pixels.transpose(1, 2, 0) if len(pixels) == 3 else pixels[0]
    return Image.fromarray(np.ascontiguousarray(shown))


def read_all(read: Callable[[str | bytes], T], paths: Sequence[str | bytes]) -> list[T]:
    """Return `read` of each path, in order, read in threads (decoders release the interpreter's lock)."""
    chunks = [paths[start : start + _CHUNK] for start in range(0, len(paths), _CHUNK)]
    # Pillow warns about odd metadata and large images; here a file is either read or unreadable
    with warnings.catch_warnings(), ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        warnings.simplefilter("ignore")
        return [result for part in pool.map(lambda chunk: [read(p) for p in chunk], chunks) for result in part]


def _stream(path: str | bytes) -> BinaryIO:
    """Open a file so that small images take one read: each read releases the interpreter's lock."""
    if isinstance(path, bytes):
        return io.BytesIO(path)
    return open(path, "rb", buffering=1 << 16)  # noqa: PTH123 - 60,000 times: a Path is slow


@cache
def _formats() -> tuple[str, ...]:
    """Return the formats that this build of Pillow has, since it raises KeyError on others."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _is_animated(file: Image.Image) -> bool:
    """Return whether frames after the first are left out; the preview in a JPEG of a camera does not count."""
    return file.format != "MPO" and getattr(file, "is_animated", False)


def _upright(image: Image.Image) -> Image.Image:
    try:
        ImageOps.exif_transpose(image, in_place=True)
    except Exception:  # noqa: BLE001 - damaged metadata is no reason to lose the picture
        return image
    return image


def eight_bits(image: Image.Image, traits: set[str]) -> Image.Image:
    """Return the image in mode L or RGB; unchanged if it has one of them. What was converted is added to `traits`."""
    if "halved" in traits and np.asarray(image).max() < _FEW:
        raise ValueError("a colour TIFF of 16 bits that uses 14 or fewer: save it as PNG with 16 bits")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            traits.add("transparent")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    if image.mode in {"L", "RGB"}:
        return image
    if image.mode == "CMYK":
        traits.add("cmyk")
    return image.convert("L" if image.mode == "1" else "RGB")


def _of_levels(images: Sequence[Image.Image], size: int, traits: set[str]) -> Picture:
    """Return a picture of more than 8 bits, in the levels of its file."""
    arrays = [np.asarray(plane) for plane in images]
    levels = (min(float(plane.min()) for plane in arrays), max(float(plane.max()) for plane in arrays))
    pixels = np.stack([np.asarray(fitted(plane, size, traits)) for plane in images])
    if all(np.array_equal(pixels[0], plane) for plane in pixels):
        pixels = pixels[:1]
    return Picture(pixels, frozenset(traits | {"deep"}), levels)


def fitted(image: Image.Image, size: int, traits: set[str]) -> Image.Image:
    """Return the central square, scaled to `size`; cut before it is scaled, so a long strip costs no more."""
    width, height = image.size
    short = min(width, height)
    if width != height:
        traits.add("cropped")
    if short != size:
        traits.add("resized")
        left, top = (width - short) / 2, (height - short) / 2
        box = (left, top, left + short, top + short)
        return image.resize((size, size), Image.Resampling.BILINEAR, box=box)
    if width == height:
        return image
    left, top = (width - short) // 2, (height - short) // 2
    return image.crop((left, top, left + short, top + short))


def _as_array(image: Image.Image) -> UInt8[np.ndarray, "C S S"]:
    """Return the pixels channel by channel, with one channel for a grey picture.

    Bytes are compared as bytes: numpy's comparisons give the interpreter's lock away, like small reads.
    """
    data = image.tobytes()
    height, width = image.height, image.width
    if image.mode == "RGB":
        red = data[0::3]
        if red != data[1::3] or red != data[2::3]:
            return np.frombuffer(data, dtype=np.uint8).reshape(height, width, 3).transpose(2, 0, 1)
        data = red
    return np.frombuffer(data, dtype=np.uint8).reshape(1, height, width)


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not an image that can be read"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return " ".join(str(error).split())[:80] or type(error).__name__
