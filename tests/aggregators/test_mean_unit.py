"""The mean of maps of unit norm."""

from __future__ import annotations

import numpy as np
import torch

from saliencynoise.aggregators.mean_unit import MeanUnit
from tests.aggregators.streams import member_maps, result_of


def test_it_is_numpys_mean_of_unit_maps():
    maps = member_maps()
    rows = maps.double().numpy().reshape(7, -1)
    expected = (rows / np.sqrt((rows**2).sum(1, keepdims=True))).mean(0).reshape(maps.shape[1:])
    np.testing.assert_allclose(result_of(MeanUnit(), maps).numpy(), expected, rtol=1e-6, atol=1e-8)


def test_a_members_scale_does_not_matter_down_to_the_smallest():
    maps = member_maps()
    scaled = maps * torch.tensor([1e-30, 1e30, 3.0, 1.0, 1.0, 1.0, 1.0])[:, None, None, None]
    torch.testing.assert_close(result_of(MeanUnit(), scaled), result_of(MeanUnit(), maps), rtol=1e-5, atol=1e-7)


def test_a_zero_map_stays_zero_and_counts():
    maps = torch.stack([torch.tensor([3.0, 4.0]), torch.zeros(2)])
    assert torch.equal(result_of(MeanUnit(), maps), torch.tensor([0.3, 0.4]))


def test_equal_maps_have_norm_one_and_unrelated_ones_less():
    maps = member_maps(16, shape=(1, 40, 40), signal=0.0)
    assert abs(float(result_of(MeanUnit(), maps[:1].repeat(5, 1, 1, 1)).norm()) - 1) < 1e-6
    assert abs(float(result_of(MeanUnit(), maps).norm()) - 1 / 4) < 0.02
