from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image

from saliencynoise_dream.files import CANVAS, FRAMES, gif, png


def pictures(*shape: int) -> torch.Tensor:
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def test_a_png_holds_the_pixels_and_enlarged_each_as_a_square():
    colour = pictures(3, 5, 5)
    result = np.asarray(Image.open(io.BytesIO(png(colour))))
    assert np.array_equal(result, colour.permute(1, 2, 0).numpy())
    large = np.asarray(Image.open(io.BytesIO(png(colour, enlarged=True))))
    factor = len(large) // 5
    assert len(large) >= 384
    assert np.array_equal(large, result.repeat(factor, 0).repeat(factor, 1))
    grey = np.asarray(Image.open(io.BytesIO(png(colour[:1]))))
    assert np.array_equal(grey, colour[0].numpy())
    assert png(colour[:2]) == png(colour[:1])


def test_an_animation_goes_from_the_first_step_to_the_last_and_is_bounded():
    steps = torch.zeros(61, 10, 1, 16, 16, dtype=torch.uint8)
    steps += torch.arange(61, dtype=torch.uint8).view(-1, 1, 1, 1, 1) * 4
    for count in (10, 1):
        result = Image.open(io.BytesIO(gif([("one", steps[:, :count]), ("<all>", steps[:, :count])])))
        assert result.n_frames == FRAMES
        assert result.width * result.height < 1.3 * CANVAS
        values = []
        for frame in (0, FRAMES - 1):
            result.seek(frame)
            values.append(result.convert("L").getpixel((result.width - 5, result.height - 5)))
        assert values == [0, 240]
