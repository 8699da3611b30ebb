"""Dreams as files: PNG at the networks' size and enlarged, and the steps as a GIF."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from PIL import Image, ImageDraw, ImageFont

from saliencynoise.data.pictures import as_image

if TYPE_CHECKING:
    from jaxtyping import UInt8
    from torch import Tensor

LARGE = 384
"""Pixels of an enlarged picture's edge, at least."""

FRAMES = 40
"""Maximum number of frames of an animation; the first and the last step are always among them."""

CANVAS = 400_000
"""Pixels of a frame at most, unless the pictures at the networks' own size have more."""

LABEL = 14
"""Pixels of a label's height."""

GAP = 4
"""Pixels between pictures."""


def png(picture: UInt8[Tensor, "C H W"], *, enlarged: bool = False) -> bytes:
    """Return a picture as the bytes of a PNG.

    Args:
        picture: a picture; its first channel is shown in grey unless it has three channels.
        enlarged: enlarge by a whole factor, to `LARGE` pixels or more. Each pixel becomes a square, without smoothing.

    >>> len(png(torch.zeros(1, 2, 2, dtype=torch.uint8))) > 50
    True
    """
    image = as_image(picture.numpy())
    if enlarged:
        factor = max(1, -(-LARGE // min(image.size)))
        image = image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def gif(dreams: Sequence[tuple[str, UInt8[Tensor, "T K C H W"]]]) -> bytes:
    """Return the steps of dreams beside each other as the bytes of a GIF that repeats.

    Kinds are side by side, or below each other if there are more pictures than kinds.

    Args:
        dreams: a label and the steps of each kind.
    """
    steps = dreams[0][1]
    count, height, width = steps.shape[1], steps.shape[-2], steps.shape[-1]
    factor = int((CANVAS / (len(dreams) * count * height * width)) ** 0.5)
    factor = max(1, min(factor, LARGE // height))
    shown = torch.linspace(0, len(steps) - 1, min(FRAMES, len(steps))).round().int().tolist()
    frames = [_frame(dreams, step, (width * factor, height * factor)) for step in shown]
    buffer = io.BytesIO()
    durations = [80] * (len(frames) - 1) + [1500]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0)
    return buffer.getvalue()


def _frame(dreams: Sequence[tuple[str, Tensor]], step: int, edge: tuple[int, int]) -> Image.Image:
    count = dreams[0][1].shape[1]
    across = count <= len(dreams)
    columns, bands = (len(dreams), count) if across else (count, len(dreams))
    wide, high = edge[0] + GAP, edge[1] + GAP + LABEL
    mode = "RGB" if dreams[0][1].shape[2] == 3 else "L"
    canvas = Image.new(mode, (columns * wide - GAP, bands * high - GAP), "white")
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(11)
    for kind, (label, steps) in enumerate(dreams):
        for row in range(count):
            left, top = (kind * wide, row * high) if across else (row * wide, kind * high)
            if row == 0:
                pen.text((left, top), label, fill="black", font=font)
            picture = as_image(steps[step, row].numpy()).resize(edge, Image.Resampling.NEAREST)
            canvas.paste(picture, (left, top + LABEL))
    return canvas.quantize(dither=Image.Dither.NONE) if mode == "RGB" else canvas
