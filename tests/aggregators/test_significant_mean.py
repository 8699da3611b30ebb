"""The mean at significant pixels, against scipy's adjustment, and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats

from saliencynoise.aggregators.significant_mean import SignificantMean
from saliencynoise.interfaces import UsageError
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.statistics.pixels import moderated_p
from tests.aggregators.streams import member_maps, result_of


@pytest.mark.parametrize("members", [3, 8, 16])
@pytest.mark.parametrize("rate", [0.05, 0.3])
def test_it_is_the_moderated_test_with_scipys_adjustment(members, rate):
    maps = member_maps(members, shape=(2, 20, 20), signal=2.0)
    rows = maps.double().numpy().reshape(members, -1)
    p, _ = moderated_p(torch.as_tensor(rows))  # itself held against limma's formulas in tests/statistics
    stays = stats.false_discovery_control(p.numpy()) <= rate
    expected = np.where(stays, rows.mean(0), 0).reshape(2, 20, 20)
    np.testing.assert_allclose(result_of(SignificantMean(rate=rate), maps).numpy(), expected, rtol=1e-6)
    assert 0 < stays.sum() < stays.size or members == 3


def test_equal_members_are_significant_and_zeros_are_not():
    maps = torch.tensor([[1.0, 0.0, -2.0]]).repeat(3, 1)
    assert torch.equal(result_of(SignificantMean(), maps), maps[0])
    assert not result_of(SignificantMean(), torch.zeros(3, 4)).any()


def test_false_discoveries_are_as_few_as_is_asked():
    shares = []
    for seed in range(60):
        generator = torch.Generator().manual_seed(seed)
        maps = torch.randn(8, 1, 20, 20, generator=generator)
        maps[:, :, :10] += 2
        result = result_of(SignificantMean(rate=0.1), maps) != 0
        shares.append(float(result[:, 10:].sum() / result.sum().clamp(min=1)))
    # half of the pixels are null, so the rate is 0.1 / 2
    assert np.mean(shares) == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.5])
def test_impossible_rates_are_refused(rate):
    expected = rf"significant_mean': rate={rate} is not possible; give a rate above 0 and below 1$"
    with pytest.raises(UsageError, match=expected):
        catalogue().aggregator(f"significant_mean(rate={rate})")
