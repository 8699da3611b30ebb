from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter

from saliencynoise_dream.views import noise_start, octave_sizes, resized, shifted, smoothed, unit_rms


def random_pictures(*shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_smoothing_equals_scipys():
    pictures = random_pictures(2, 3, 9, 12)
    expected = gaussian_filter(pictures.numpy(), (0, 0, 1.3, 1.3), mode="mirror", radius=(0, 0, 4, 4))
    np.testing.assert_allclose(smoothed(pictures, 1.3), expected, atol=1e-12)
    assert torch.equal(smoothed(pictures, 0), pictures)


def test_a_wide_gaussian_fits_a_tiny_picture():
    pictures = random_pictures(1, 1, 2, 1)
    assert smoothed(pictures, 5.0).shape == pictures.shape


@pytest.mark.parametrize(("down", "right"), [(0, 0), (2, 1), (-1, 3), (-2, -2)])
def test_a_shift_equals_numpys(down, right):
    pictures = random_pictures(2, 1, 5, 6)
    padded = np.pad(pictures.numpy(), ((0, 0), (0, 0), (4, 4), (4, 4)), mode="reflect")
    expected = padded[..., 4 - down : 9 - down, 4 - right : 10 - right]
    assert np.array_equal(shifted(pictures, down, right).numpy(), expected)


def test_octaves_end_at_the_full_size_and_never_vanish():
    assert octave_sizes((32, 48), 3, 2.0) == [(8, 12), (16, 24), (32, 48)]
    assert octave_sizes((3, 3), 4, 4.0) == [(1, 1), (1, 1), (1, 1), (3, 3)]
    assert octave_sizes((33, 17), 1, 1.4) == [(33, 17)]


@pytest.mark.parametrize("size", [(6, 3), (2, 2), (9, 9)])
def test_resizing_equals_pillows_and_passes_the_gradient(size):
    pictures = random_pictures(1, 1, 4, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: resized(x, size), (pictures,))
    picture = Image.fromarray(pictures.detach()[0, 0].float().numpy())
    expected = np.array(picture.resize(size[::-1], Image.Resampling.BILINEAR))
    np.testing.assert_allclose(resized(pictures, size).detach()[0, 0], expected, atol=1e-6)


def test_rows_are_normalised_each_on_its_own():
    pictures = random_pictures(2, 3, 4, 4) - 0.5
    scaled = unit_rms(torch.stack([1e-6 * pictures[0], 1e6 * pictures[1]]))
    torch.testing.assert_close(scaled.square().mean((1, 2, 3)), torch.ones(2, dtype=torch.float64))
    torch.testing.assert_close(scaled[1], unit_rms(pictures)[1])


def test_noise_follows_from_seed_and_key():
    one, other = (noise_start((3, 8, 8), keys=["cat"], mean=(0.2, 0.5, 0.8), seed=seed) for seed in (0, 1))
    assert not torch.equal(one, other)
    assert torch.equal(one, noise_start((3, 8, 8), keys=["dog", "cat"], mean=(0.2, 0.5, 0.8), seed=0)[1:])
    torch.testing.assert_close(one.mean((0, 2, 3)), torch.tensor([0.2, 0.5, 0.8]), atol=0.03, rtol=0)
