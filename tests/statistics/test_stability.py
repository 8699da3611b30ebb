"""MeGe and ReCo against loops over their words and against the Kolmogorov-Smirnov statistic."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.similarity import spearman_matrix
from saliencynoise.statistics.stability import coefficient_of_variation, spearman_distance, stability


def sets(distance: np.ndarray, correct: np.ndarray) -> tuple[list[float], list[float]]:
    same, different = [], []
    for d, right in zip(distance, correct, strict=True):
        for e in range(len(right)):
            for f in range(e):
                if right[e] and right[f]:
                    same.append(d[e, f])
                elif right[e] or right[f]:
                    different.append(d[e, f])
    return same, different


def test_both_measures_against_loops(rng):
    distance = rng.integers(0, 9, (6, 5, 5)) / 8  # with ties
    distance = (distance + distance.swapaxes(1, 2)) / 2
    correct = rng.random((6, 5)) < 0.7
    same, different = sets(distance, correct)
    result = stability(torch.tensor(distance), torch.tensor(correct))
    assert (result.agreeing, result.disagreeing) == (len(same), len(different))
    assert result.mege == pytest.approx(1 / (1 + np.mean(same)))
    gaps = [np.mean(np.array(same) <= g) + np.mean(np.array(different) > g) - 1 for g in same + different]
    assert result.reco == pytest.approx(max(gaps))
    assert result.reco == pytest.approx(stats.ks_2samp(same, different, alternative="greater").statistic)


def test_maps_that_follow_the_prediction_are_perfectly_consistent(generator):
    """Members that are right share one map, those that are wrong another: ReCo 1, MeGe near 1."""
    correct = torch.tensor([[True, True, True, False, False]]).expand(4, -1)
    truth = torch.randn(4, 1, 200, generator=generator)
    mistake = torch.randn(4, 1, 200, generator=generator)
    maps = torch.where(correct[..., None], truth, mistake) + 0.01 * torch.randn(4, 5, 200, generator=generator)
    distance = torch.stack([spearman_distance(spearman_matrix(image)) for image in maps])
    result = stability(distance, correct)
    assert result.reco == 1
    assert result.mege > 0.95
    assert (result.agreeing, result.disagreeing) == (12, 24)


def test_maps_that_ignore_the_prediction_are_not_consistent(rng):
    distance = torch.tensor(rng.random((400, 6, 6)))
    result = stability(distance, torch.tensor(rng.random((400, 6)) < 0.5))
    assert 0 <= result.reco < 0.06
    assert result.mege == pytest.approx(1 / 1.5, abs=0.01)


def test_undefined_where_no_pair_disagrees_or_none_is_right():
    distance = torch.full((2, 3, 3), 0.25)
    agreeing = stability(distance, torch.ones(2, 3, dtype=torch.bool))
    assert agreeing.mege == 0.8
    assert math.isnan(agreeing.reco)
    wrong = stability(distance, torch.zeros(2, 3, dtype=torch.bool))
    assert math.isnan(wrong.mege)
    assert math.isnan(wrong.reco)


def test_pairs_without_a_distance_are_left_out():
    distance = torch.full((1, 3, 3), 0.25)
    distance[0, 0, 1] = distance[0, 1, 0] = torch.nan
    result = stability(distance, torch.ones(1, 3, dtype=torch.bool))
    assert (result.mege, result.agreeing) == (0.8, 2)


def test_coefficient_of_variation_against_numpy(rng):
    maps = rng.standard_normal((5, 31)) + 1
    expected = np.median(maps.std(0, ddof=1) / np.abs(maps.mean(0)))
    assert coefficient_of_variation(torch.tensor(maps)) == pytest.approx(expected, rel=1e-12)


def test_coefficient_of_variation_of_pure_noise(rng):
    expected = math.sqrt(8) / stats.t.ppf(0.75, 7)
    assert coefficient_of_variation(torch.tensor(rng.standard_normal((8, 100_000)))) == pytest.approx(
        expected, rel=0.02
    )
    assert expected / math.sqrt(8) == pytest.approx(1.41, abs=0.005)  # as documented


def test_coefficient_of_variation_where_pixels_are_zero():
    assert coefficient_of_variation(torch.tensor([[0.0, 1.0], [0.0, 3.0]])) == pytest.approx(math.sqrt(2) / 2)
    assert coefficient_of_variation(torch.tensor([[-1.0], [1.0]])) == math.inf
    assert math.isnan(coefficient_of_variation(torch.zeros(3, 4)))


def test_bad_shapes_are_named():
    with pytest.raises(UsageError, match=r"distances \[2, 3, 3\] and correct \[2, 4\]"):
        stability(torch.zeros(2, 3, 3), torch.ones(2, 4, dtype=torch.bool))
