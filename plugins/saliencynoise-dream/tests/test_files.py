from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image

from saliencynoise_dream.files import CANVAS, FRAMES, gif, png


def pictures(*shape: int) -> torch.Tensor:
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def test_a_png_holds_the_pixels_and_enlarged_each_as_a_square() -> None:
    colour = pictures(3, 5, 5)
    found = np.asarray(Image.open(io.BytesIO(png(colour))))
    assert np.array_equal(found, colour.permute(1, 2, 0).numpy())
    large = np.asarray(Image.open(io.BytesIO(png(colour, enlarged=True))))
    factor = len(large) // 5
    assert len(large) >= 384
    assert np.array_equal(large, found.repeat(factor, 0).repeat(factor, 1))
    grey = np.asarray(Image.open(io.BytesIO(png(colour[:1]))))
    assert np.array_equal(grey, colour[0].numpy())
    assert png(colour[:2]) == png(colour[:1])


def test_an_animation_goes_from_the_first_step_to_the_last_and_is_bounded() -> None:
    steps = torch.zeros(61, 10, 1, 16, 16, dtype=torch.uint8)
    steps += torch.arange(61, dtype=torch.uint8).view(-1, 1, 1, 1, 1) * 4
    for count in (10, 1):
        found = Image.open(io.BytesIO(gif([("one", steps[:, :count]), ("<all>", steps[:, :count])])))
        assert found.n_frames == FRAMES
        assert found.width * found.height < 1.3 * CANVAS
        values = []
        for frame in (0, FRAMES - 1):
            found.seek(frame)
            values.append(found.convert("L").getpixel((found.width - 5, found.height - 5)))
        assert values == [0, 240]
