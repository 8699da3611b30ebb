"""What images are compared with."""

from __future__ import annotations

import pytest
import torch
from scipy.ndimage import gaussian_filter

from saliencynoise.interfaces import Batch, Noise
from saliencynoise.methods.baselines import baseline_of


@pytest.fixture
def batch():
    x = torch.randn(2, 3, 6, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return Batch(x=x, target=torch.zeros(2).long(), background=2 * x, noise=Noise((1, 2)))


def test_flat_baselines(batch):
    assert baseline_of("zero", batch).abs().max() == 0
    mean = baseline_of("mean", batch)
    assert mean.shape == batch.x.shape
    torch.testing.assert_close(mean[1, 2], batch.x[1, 2].mean().expand(6, 9))
    torch.testing.assert_close(baseline_of("dataset", batch)[0], batch.background.mean(0))


def test_the_blur_is_scipys(batch):
    blurred = baseline_of("blur", batch)
    oracle = gaussian_filter(batch.x.numpy(), sigma=9 / 8, radius=4, axes=(2, 3), mode="nearest")
    torch.testing.assert_close(blurred, torch.from_numpy(oracle), rtol=1e-10, atol=1e-12)


def test_an_unknown_baseline_is_refused(batch):
    with pytest.raises(ValueError, match=r"^baseline=black is not possible; choose zero, blur, mean, dataset$"):
        baseline_of("black", batch)
