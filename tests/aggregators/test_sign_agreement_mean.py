"""The mean where members agree on its sign, against a loop over pixels."""

from __future__ import annotations

import pytest
import torch

from saliencynoise.aggregators.sign_agreement_mean import SignAgreementMean
from saliencynoise.interfaces import UsageError
from saliencynoise.registry.catalogue import catalogue
from tests.aggregators.streams import member_maps, result_of


def by_hand(values: list[float], threshold: float) -> float:
    mean = sum(values) / len(values)
    agreeing = sum(value * mean > 0 for value in values)
    return mean if agreeing >= threshold * len(values) - 1e-9 else 0.0


@pytest.mark.parametrize("members", [1, 4, 5, 10])
@pytest.mark.parametrize("threshold", [0.6, 0.7, 0.8, 1.0])
def test_it_is_a_loop_over_pixels(members, threshold):
    maps = member_maps(members, shape=(1, 6, 7), signal=1.0)
    expected = [by_hand(pixel.tolist(), threshold) for pixel in maps.double().flatten(1).T]
    result = result_of(SignAgreementMean(threshold=threshold), maps)
    torch.testing.assert_close(result.flatten(), torch.tensor(expected), rtol=1e-6, atol=1e-7)
    assert members == 1 or result.count_nonzero() < result.numel()


@pytest.mark.parametrize(
    ("values", "due"),
    [
        ([1.0, 1.0, 1.0, 1.0, -1.0], 0.6),  # 4 of 5 are just enough
        ([1.0, 1.0, 1.0, 1.0, 0.0], 0.8),
        ([1.0, 1.0, 1.0, 0.0, 0.0], 0.0),  # zeros agree with neither
        ([1.0, 1.0, 1.0, 1.0, -9.0], 0.0),  # the mean has the sign of the one
        ([0.0, 0.0, 0.0, 0.0, 0.0], 0.0),
    ],
)
def test_ties_and_zeros(values, due):
    result = result_of(SignAgreementMean(), torch.tensor(values)[:, None])
    assert result.item() == pytest.approx(due)


def test_a_threshold_of_a_whole_number_of_members_is_not_missed_by_rounding():
    for threshold, members in ((0.7, 10), (0.55, 20), (0.56, 25)):
        agreeing = round(threshold * members)
        values = torch.tensor([1.0] * agreeing + [-1.0] * (members - agreeing))
        assert result_of(SignAgreementMean(threshold=threshold), values[:, None]).item() > 0
        assert result_of(SignAgreementMean(threshold=threshold + 0.01), values[:, None]).item() == 0


def test_noise_agrees_as_often_as_is_documented():
    for members, expected in ((4, 1 / 8), (8, 18 / 256)):
        maps = member_maps(members, shape=(1, 200, 200), signal=0.0)
        share = float((result_of(SignAgreementMean(), maps) != 0).double().mean())
        assert share == pytest.approx(expected, abs=4 * (expected / 40_000) ** 0.5)


@pytest.mark.parametrize("threshold", [0.5, 0.0, 1.1])
def test_impossible_thresholds_are_refused(threshold):
    expected = rf"sign_agreement_mean': threshold={threshold} is not possible; give a share above 0.5 and up to 1$"
    with pytest.raises(UsageError, match=expected):
        catalogue().aggregator(f"sign_agreement_mean(threshold={threshold})")
