"""The pictures that maps explain, for figures: from memory, from a .npy file, or from image files."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from saliencynoise.data.orders import natural
from saliencynoise.interfaces import UsageError, one_line
from saliencynoise.measuring.layout import COLOURS, text_of

if TYPE_CHECKING:
    from jaxtyping import UInt8
    from torch import Tensor


def pictures_of(given: Any, *, items: int) -> UInt8[Tensor, "B C H W"]:
    """Return pictures as bytes, one for each item.

    Bytes stay as they are. Values from 0 to 1 become 0 to 255, values from 0 to 255 stay; of all others, as of
    normalised tensors, the smallest becomes 0 and the largest 255.

    Args:
        given: `[B, H, W]`, `[B, C, H, W]` or `[B, H, W, C]` with C of 1 or 3; a list of such arrays or of PIL's images;
            or a path of a .npy file, or a pattern of image files in natural order.
        items: how many there must be.

    Raises:
        UsageError: if there are more or fewer, or they are no pictures.
    """
    values = _read(given) if isinstance(given, str | Path) else _stacked(given)
    if len(values) != items:
        raise UsageError(f"images has {len(values)} pictures, and there are {items} items; give one for each")
    if values.ndim == 3:
        values = values[:, None]
    elif values.ndim == 4 and values.shape[1] not in COLOURS and values.shape[3] in COLOURS:
        values = values.transpose(0, 3, 1, 2)
    if values.ndim != 4 or values.shape[1] not in COLOURS or values.dtype.kind not in "fiub":
        raise UsageError(
            f"images: {values.dtype} of shape {text_of(values.shape)} is no set of pictures; give numbers [B, H, W], "
            "[B, C, H, W] or [B, H, W, C] with C of 1 or 3"
        )
    return torch.from_numpy(np.ascontiguousarray(_bytes(values)))


def _stacked(given: Any) -> np.ndarray:
    if isinstance(given, torch.Tensor):
        return given.detach().cpu().float().numpy() if given.is_floating_point() else given.detach().cpu().numpy()
    try:
        return np.stack([np.asarray(picture) for picture in given])
    except (TypeError, ValueError) as error:
        raise UsageError(f"images: {one_line(error)}; give pictures of one size") from error


def _read(given: str | Path) -> np.ndarray:
    path = Path(given)
    try:
        if path.is_file() and path.suffix == ".npy":
            array: np.ndarray = np.load(path, allow_pickle=False)
            return array
        paths = [path] if path.exists() else [Path(text) for text in sorted(glob.glob(str(given)), key=natural)]  # noqa: PTH207 - a pattern
        if not paths:
            raise UsageError(f"images={given}: no file matches; give a .npy file, or a pattern of image files")
        return _stacked([_opened(one) for one in paths])
    except (OSError, ValueError) as error:
        raise UsageError(f"images={given} cannot be read: {one_line(error)}") from error


def _opened(path: Path) -> np.ndarray:
    from PIL import Image  # noqa: PLC0415 - only where files are named

    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def _bytes(values: np.ndarray) -> np.ndarray:
    if values.dtype == np.uint8:
        return values
    wide = values.astype(np.float64)
    if not np.isfinite(wide).all():
        raise UsageError("images hold NaN or infinity; give the pictures themselves")
    low, high = float(wide.min()), float(wide.max())
    if low >= 0 and high <= 1:
        wide *= 255
    elif low < 0 or high > 255:
        wide = (wide - low) * (255 / (high - low))
    return wide.round().astype(np.uint8)
