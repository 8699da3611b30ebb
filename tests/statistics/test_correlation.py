import math

import numpy as np
import pytest
import torch
from scipy import stats

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.correlation import correlate


def related(count, rho=0.7, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x, noise = torch.randn(2, count, generator=generator, dtype=torch.float64)
    return x, rho * x + math.sqrt(1 - rho**2) * noise


def test_both_correlations_are_scipys():
    x, y = related(40)
    x = x.round(decimals=1)  # with ties
    result = correlate(x, y, seed=0)
    assert result.images == 40
    assert result.spearman == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    assert result.pearson == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)


def test_the_intervals_are_close_to_the_textbooks():
    x, y = related(200)
    result = correlate(x, y, seed=0)
    pearson = stats.pearsonr(x, y).confidence_interval(0.95)
    assert result.pearson_interval.low == pytest.approx(pearson.low, abs=0.03)
    assert result.pearson_interval.high == pytest.approx(pearson.high, abs=0.03)
    rho = result.spearman  # Bonett and Wright 2000
    half = 1.96 * math.sqrt((1 + rho**2 / 2) / (200 - 3))
    assert result.spearman_interval.low == pytest.approx(math.tanh(math.atanh(rho) - half), abs=0.03)
    assert result.spearman_interval.high == pytest.approx(math.tanh(math.atanh(rho) + half), abs=0.03)
    assert result.pearson_interval.question == "images"


def test_the_intervals_cover_the_truth_as_often_as_they_say():
    covered = []
    for seed in range(120):
        interval = correlate(*related(24, 0.8, seed), seed=seed).spearman_interval
        covered.append(interval.low <= 6 / math.pi * math.asin(0.4) <= interval.high)
    assert 0.9 <= np.mean(covered) <= 1


def test_a_nearly_perfect_order_has_a_bounded_interval():
    x = torch.arange(20.0)
    y = x.clone()
    y[[3, 4]] = y[[4, 3]]
    y[[10, 12]] = y[[12, 10]]
    result = correlate(x, y, seed=0)
    assert result.spearman > 0.99
    assert result.spearman_interval.low > 0.9


def test_images_without_a_finite_figure_are_left_out():
    x, y = related(12)
    x[0], y[1] = torch.inf, torch.nan
    result = correlate(x, y, seed=0)
    assert result.images == 10
    assert result.pearson == pytest.approx(stats.pearsonr(x[2:], y[2:]).statistic)


@pytest.mark.parametrize(
    ("x", "y", "note"),
    [
        ([1.0, 2.0], [1.0, 2.0], "2 images"),
        ([1.0, 1.0, 1.0, 1.0], [1.0, 2.0, 3.0, 4.0], "the same on all images"),
        ([math.nan] * 5, [1.0, 2.0, 3.0, 4.0, 5.0], "0 images"),
    ],
)
def test_where_there_is_no_answer_it_says_why(x, y, note):
    result = correlate(torch.tensor(x), torch.tensor(y), seed=0)
    assert math.isnan(result.spearman)
    assert result.pearson_interval is None
    assert note in result.note


def test_few_images_and_perfect_correlations_have_no_interval():
    few = correlate(*related(7), seed=0)
    assert few.spearman_interval is None
    assert not math.isnan(few.spearman)
    assert correlate(torch.arange(20.0), torch.arange(20.0), seed=0).pearson_interval is None


def test_figures_of_different_images_are_refused():
    with pytest.raises(UsageError, match=r"shapes \[3\] and \[4\]"):
        correlate(torch.zeros(3), torch.zeros(4), seed=0)
