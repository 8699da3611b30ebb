"""The shared pieces of the intervals, against textbook formulas."""

import math

import pytest
import torch
from scipy import stats

from saliencynoise.statistics.jackknife import (
    few_members,
    jackknife_variance,
    ratio_of_means,
    t_interval,
    two_sided_p,
)


def test_jackknife_of_a_mean_is_its_textbook_variance(rng):
    values = rng.standard_normal(9)
    assert jackknife_variance(torch.tensor((values.sum() - values) / 8)) == pytest.approx(stats.sem(values) ** 2)


def test_jackknife_without_spread_and_without_bound():
    assert jackknife_variance(torch.tensor([math.inf, math.inf])) == 0.0
    assert jackknife_variance(torch.tensor([1.0, math.inf])) == math.inf
    assert jackknife_variance(torch.tensor([1.0, math.nan])) == math.inf


def test_two_samples_against_welch(rng):
    a, b = rng.standard_normal(7) + 1, 3 * rng.standard_normal(12)
    welch = stats.ttest_ind(a, b, equal_var=False)
    parts = [(stats.sem(a) ** 2, 6), (stats.sem(b) ** 2, 11)]
    interval = t_interval(a.mean() - b.mean(), parts, question="members", level=0.9)
    expected = welch.confidence_interval(0.9)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))
    assert interval.df == pytest.approx(welch.df)
    assert two_sided_p(a.mean() - b.mean(), parts) == pytest.approx(welch.pvalue)


def test_ends_of_intervals_and_p_values():
    open_interval = t_interval(1.0, [(math.inf, 3), (1.0, 3)], question="both", note="few")
    assert (open_interval.low, open_interval.high) == (-math.inf, math.inf)
    assert open_interval.note == "few; no bound: a leave-one-out value is infinite or undefined"
    exact = t_interval(1.0, [(0.0, 3)], question="members")
    assert (exact.low, exact.high, exact.note) == (1.0, 1.0, "")
    assert [two_sided_p(v, [(s, 3)]) for v, s in ((0.0, 0.0), (1.0, 0.0), (1.0, math.inf))] == [1.0, 0.0, 1.0]


def test_ratio_of_means_varies_as_the_ratio_does(rng):
    top, bottom = rng.random(400) + 1, rng.random(400) + 2
    figure = ratio_of_means(
        (torch.tensor(top), torch.tensor(top)[:, None]), (torch.tensor(bottom), torch.tensor(bottom)[:, None])
    )
    assert figure.value == pytest.approx(top.mean() / bottom.mean())
    draws = rng.integers(400, size=(4000, 400))
    resampled = top[draws].mean(1) / bottom[draws].mean(1)
    assert stats.sem(figure.per_image.numpy()) == pytest.approx(resampled.std(), rel=0.05)


def test_few_members_are_those_below_eight():
    assert [bool(few_members(members)) for members in (7, 8)] == [True, False]
