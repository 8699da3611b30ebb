import itertools
import math

import numpy as np
import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.curve import averaging_curve
from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.intervals import Interval
from saliencynoise.statistics.snr import pooled_snr


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6])
def test_energy_is_exactly_that_of_all_averages_of_unit_norm_maps(count, rng):
    maps = rng.standard_normal((6, 3, 11)) * np.arange(1, 7)[:, None, None] + 0.4
    unit = maps / np.linalg.norm(maps, axis=-1, keepdims=True)
    expected = np.mean(
        [(unit[list(subset)].mean(0) ** 2).sum(-1) for subset in itertools.combinations(range(6), count)]
    )
    (point,) = averaging_curve(pooled_snr(gram_matrix(torch.tensor(maps))).value, counts=[count])
    assert point.energy == pytest.approx(expected, rel=1e-12)


def test_points_against_averages_of_fresh_networks(correlated):
    """Two disjoint averages of n members, and the true map: r = 0.5 on 2000 images."""
    signal = torch.full((2000, 16), 0.5**0.5)
    for point in averaging_curve(0.5, counts=(1, 4, 16)):
        first, second = correlated(signal.expand(2, -1, -1), members=point.members).mean(0)
        norms = (first.square().sum(), second.square().sum())
        assert point.reliability == pytest.approx(
            float((first * second).sum() / (norms[0] * norms[1]).sqrt()), abs=0.02
        )
        with_truth = (first * signal).sum() / (norms[0] * signal.square().sum()).sqrt()
        assert point.cosine_with_true_map == pytest.approx(float(with_truth), abs=0.02)
        noise = (first - signal).square().sum()
        assert point.snr_of_average == pytest.approx(float(signal.square().sum() / noise), rel=0.05)


def test_interval_follows_that_of_r():
    interval = Interval(low=-0.1, high=1.0, question="both", df=9, note="n")
    point = averaging_curve(0.5, interval, counts=[4])[0]
    assert point.interval == Interval(low=0.0, high=0.8, question="both", df=9, note="n")
    assert averaging_curve(0.5, counts=[4])[0].interval is None


@pytest.mark.parametrize("n", [1, 4, 10, 11, 1000])
def test_without_signal_the_reliability_is_zero_and_never_nonsense(n):
    point = averaging_curve(-0.1, Interval(low=-0.12, high=-0.05, question="both", df=9), counts=[n])[0]
    assert (point.reliability, point.cosine_with_true_map) == (0, 0)
    assert point.snr_of_average == pytest.approx(-0.1 * n)
    assert 0 <= point.energy <= 1
    assert point.interval is not None
    assert (point.interval.low, point.interval.high) == (0, 0)


def test_infinite_and_unknown_r():
    identical = averaging_curve(math.inf, counts=[1])[0]
    assert (identical.reliability, identical.cosine_with_true_map, identical.energy, identical.snr_of_average) == (
        1,
        1,
        1,
        math.inf,
    )
    unknown = averaging_curve(math.nan, counts=[3])[0]
    assert all(
        math.isnan(value)
        for value in (unknown.reliability, unknown.cosine_with_true_map, unknown.energy, unknown.snr_of_average)
    )


def test_averages_of_no_member_are_refused():
    with pytest.raises(UsageError, match=r"averages of \[0\] members: choose numbers of at least 1"):
        averaging_curve(0.5, counts=[1, 0])


def test_what_no_maps_have_is_undefined_and_no_error():
    assert [math.isnan(point.energy) for point in averaging_curve(-1.0, counts=(1, 8))] == [True, True]
