from __future__ import annotations

import numpy as np
import pytest
import torch

from saliencynoise.data.tensors import channel_statistics, to_float


def _images(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 200, shape, dtype=np.uint8))


@pytest.mark.parametrize("count", [1, 255, 256, 257, 700])
def test_statistics_are_numpys(count):
    images = _images(count, 3, 5, 4)
    mean, std = channel_statistics(images)
    scaled = images.numpy().astype(np.float64) / 255
    np.testing.assert_allclose(mean, scaled.mean((0, 2, 3)), rtol=1e-12)
    np.testing.assert_allclose(std, scaled.std((0, 2, 3)), rtol=1e-12)


def test_statistics_do_not_depend_on_the_order_or_the_layout():
    images = _images(300, 3, 4, 4)
    shuffled = images[torch.from_numpy(np.random.default_rng(1).permutation(300))]
    assert channel_statistics(shuffled) == channel_statistics(images)
    assert channel_statistics(images.to(memory_format=torch.channels_last)) == channel_statistics(images)


def test_a_constant_channel_becomes_zero():
    images = torch.full((4, 1, 2, 2), 51, dtype=torch.uint8)
    mean, std = channel_statistics(images)
    assert (mean, std) == ((0.2,), (1.0,))
    assert to_float(images, mean, std).abs().max() < 1e-7


def test_no_images_have_no_statistics():
    with pytest.raises(ValueError, match="give at least one image"):
        channel_statistics(torch.empty(0, 1, 2, 2, dtype=torch.uint8))


def test_normalised_images_are_those_of_float64():
    images = _images(6, 3, 5, 4)
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.1, 0.3)
    result = to_float(images, mean, std)
    expected = (images.numpy() / 255 - np.reshape(mean, (3, 1, 1))) / np.reshape(std, (3, 1, 1))
    assert result.dtype == torch.float32
    np.testing.assert_allclose(result.numpy(), expected, atol=2e-6)
    assert images.dtype == torch.uint8


def test_normalising_with_the_datas_own_statistics_standardises():
    images = _images(500, 2, 6, 6)
    result = to_float(images, *channel_statistics(images)).double()
    assert result.mean((0, 2, 3)).abs().max() < 1e-6
    assert (result.std((0, 2, 3), correction=0) - 1).abs().max() < 1e-6


def test_what_is_no_stored_image_is_refused():
    with pytest.raises(ValueError, match=r"must be uint8 or float32 \[N, C, H, W\], not torch.float64 \[1, 1, 2, 2\]"):
        to_float(torch.zeros(1, 1, 2, 2, dtype=torch.float64), (0.0,), (1.0,))
    with pytest.raises(ValueError, match=r"not torch.uint8 \[1, 2, 2\]"):
        to_float(torch.zeros(1, 2, 2, dtype=torch.uint8), (0.0,), (1.0,))


def test_statistics_are_not_broadcast_over_channels():
    with pytest.raises(ValueError, match="images of 3 channels need as many means and deviations, not 1 and 1"):
        to_float(_images(1, 3, 2, 2), (0.0,), (1.0,))
