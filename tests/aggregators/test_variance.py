"""The variance over members, against numpy's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from saliencynoise.aggregators.variance import Variance
from saliencynoise.statistics.gram import gram_matrix, noise_mean
from tests.aggregators.streams import member_maps, result_of, state_of


@pytest.mark.parametrize("members", [2, 7])
def test_it_is_numpys_unbiased_one(members):
    maps = member_maps(members)
    expected = maps.double().numpy().var(0, ddof=1)
    np.testing.assert_allclose(result_of(Variance(), maps).numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("cut", [0, 1, 3, 7])
def test_it_does_not_cancel_far_from_zero_streamed_or_merged(cut):
    maps = member_maps().double() + 1e7
    expected = maps.numpy().var(0, ddof=1)
    variance = Variance()
    merged = variance.merge(state_of(variance, maps[:cut]), state_of(variance, maps[cut:]))
    np.testing.assert_allclose(variance.result(merged).numpy(), expected, rtol=1e-6)


def test_its_sum_is_the_noise_energy():
    maps = member_maps()
    expected = noise_mean(gram_matrix(maps.flatten(1)))
    torch.testing.assert_close(result_of(Variance(), maps).double().sum(), expected, rtol=1e-6, atol=0)
