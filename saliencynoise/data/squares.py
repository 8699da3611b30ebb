"""Arrays of pixels become squares as picture files do: scaled by the shorter side, cropped about the centre."""

from __future__ import annotations

import numpy as np
from PIL import Image

from saliencynoise.data.pictures import fitted


def squared(pixels: np.ndarray, size: int) -> np.ndarray:
    """Return an image `[C, H, W]` as `[C, size, size]`, bilinearly and antialiased; bytes stay bytes, others float32.

    >>> squared(np.full((3, 8, 4), 7, dtype=np.uint8), 2).tolist()
    [[[7, 7], [7, 7]], [[7, 7], [7, 7]], [[7, 7], [7, 7]]]
    """
    planes = pixels if pixels.dtype == np.uint8 else pixels.astype(np.float32)
    return np.stack([np.asarray(fitted(Image.fromarray(np.ascontiguousarray(plane)), size, set())) for plane in planes])
