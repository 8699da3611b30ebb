"""DICOM, where pydicom is installed: the levels of a file, after its rescale, or bytes through its window."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

SUFFIXES = frozenset({".dcm", ".dicom", ".ima"})


@cache
def installed() -> bool:
    """Return whether DICOM can be read."""
    return find_spec("pydicom") is not None


def is_dicom(stream: BinaryIO) -> bool:
    """Return whether a file has the mark of DICOM; its position is the start again."""
    marked = stream.read(132)[128:] == b"DICM"
    stream.seek(0)
    return marked


def opened(stream: BinaryIO, traits: set[str]) -> Image.Image:
    """Return the first frame: in mode L or RGB for bytes, or F for levels of more than 8 bits.

    Grey levels are those of the modality, after slope and intercept or the table of the file. Where there is a window,
    the first one is applied (PS3.3, C.11.2.1.2: linear, exact or sigmoid), and its range becomes 0 to 255, rounded, as
    a viewer shows it. MONOCHROME1 is turned over, so that more is brighter. Colour becomes RGB.

    Args:
        stream: the file.
        traits: "animated", "windowed" and "inverted" are added where they apply.

    Raises:
        ValueError: if pydicom is not installed, the pixels cannot be decoded, or colour has more than 8 bits.
    """
    if not installed():
        raise ValueError("DICOM: install saliencynoise[dicom], which brings pydicom")
    from pydicom import dcmread  # noqa: PLC0415 - it may not be there

    file = dcmread(stream)
    if int(file.get("NumberOfFrames") or 1) > 1:
        traits.add("animated")
    pixels = _first_frame(file)
    photometric = str(file.get("PhotometricInterpretation", "MONOCHROME2"))
    if photometric == "PALETTE COLOR" or pixels.ndim == 3:
        return _colour(pixels, file, palette=photometric == "PALETTE COLOR")
    return _grey(pixels, file, traits, inverted=photometric == "MONOCHROME1")


def size_of(stream: BinaryIO) -> tuple[int, int]:
    """Return width and height, without reading the pixels."""
    from pydicom import dcmread  # noqa: PLC0415 - it may not be there

    file = dcmread(stream, stop_before_pixels=True)
    return int(file.Columns), int(file.Rows)


def _first_frame(file: Any) -> np.ndarray:
    from pydicom.pixels.utils import pixel_array  # noqa: PLC0415 - as above

    try:
        pixels: np.ndarray = pixel_array(file, index=0)
    except (NotImplementedError, RuntimeError) as error:
        raise ValueError("DICOM whose compression needs a decoder that is not installed (pylibjpeg)") from error
    return pixels


def _colour(pixels: np.ndarray, file: Any, *, palette: bool) -> Image.Image:
    if palette:
        from pydicom.pixels.processing import apply_color_lut  # noqa: PLC0415 - as above

        pixels = apply_color_lut(pixels, file)
        pixels = (pixels >> 8).astype(np.uint8) if pixels.dtype == np.uint16 else pixels
    if pixels.dtype != np.uint8:
        raise ValueError("DICOM in colour of more than 8 bits: save it as PNG with 16 bits")
    return Image.fromarray(np.ascontiguousarray(pixels[..., :3]))


def _grey(pixels: np.ndarray, file: Any, traits: set[str], *, inverted: bool) -> Image.Image:
    from pydicom.pixels.processing import apply_modality_lut  # noqa: PLC0415 - as above

    stored = pixels
    if inverted:
        traits.add("inverted")
    window = _window(file)
    if window is None:
        bits = int(file.BitsStored)
        if inverted:
            ends = -1 if int(file.get("PixelRepresentation") or 0) else 2**bits - 1  # the sum of both ends of the range
            stored = ends - stored.astype(np.int64)
        levels = np.asarray(apply_modality_lut(stored, file), dtype=np.float64)
        if np.array_equal(levels, levels.astype(np.uint8)) and bits <= 8:
            return Image.fromarray(levels.astype(np.uint8))
        return Image.fromarray(levels.astype(np.float32))
    traits.add("windowed")
    shown = window(np.asarray(apply_modality_lut(stored, file), dtype=np.float64))
    return Image.fromarray(np.rint(255 * (1 - shown if inverted else shown)).astype(np.uint8))


def _window(file: Any) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return the function of the file's first window, from levels to 0 to 1; None where there is none."""
    centre, width = (_first(file.get(name)) for name in ("WindowCenter", "WindowWidth"))
    kind = str(file.get("VOILUTFunction") or "LINEAR")
    if centre is None or width is None or width < 1 or (kind == "LINEAR" and width == 1):
        return None
    if kind == "SIGMOID":
        return lambda levels: 1 / (1 + np.exp(-4 * (levels - centre) / width))
    if kind == "LINEAR_EXACT":
        return lambda levels: np.clip((levels - centre) / width + 0.5, 0, 1)
    return lambda levels: np.clip((levels - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    try:
        return float(value)
    except TypeError:
        return float(value[0]) if len(value) else None
