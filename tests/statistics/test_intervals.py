import math

import numpy as np
import pytest
import torch
from scipy import stats

from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.intervals import (
    WORDS,
    Interval,
    Pooled,
    both_interval,
    claim_interval,
    images_interval,
    images_variance,
    members_interval,
    members_variance,
    satterthwaite,
)
from saliencynoise.statistics.snr import amplitude, cosine_from_snr, pooled_snr, snr_from_cosine


def mean_over_members(values: torch.Tensor) -> Pooled:
    """A figure with a textbook: the mean of `values` `[B, E]` over members and images."""
    members = values.shape[1]
    return Pooled(per_image=values.mean(1), without=(values.sum(1, keepdim=True) - values) / (members - 1))


def test_new_members_of_a_mean_is_the_textbook_t_interval(rng):
    values = rng.standard_normal((1, 9))
    expected = stats.t.interval(0.95, 8, loc=values.mean(), scale=stats.sem(values[0]))
    interval = members_interval(mean_over_members(torch.tensor(values)))
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx(expected, rel=1e-9)
    assert (interval.question, interval.df, interval.level) == ("members", 8, 0.95)


def test_new_images_of_a_mean_is_near_the_textbook_t_interval(rng):
    values = rng.standard_normal((40, 3))
    expected = stats.t.interval(0.95, 39, loc=values.mean(), scale=stats.sem(values.mean(1)))
    interval = images_interval(mean_over_members(torch.tensor(values)), seed=0)
    assert interval is not None
    assert (interval.low, interval.high) == pytest.approx(expected, abs=0.02)
    assert (interval.question, interval.df) == ("images", 39)


def test_bootstrap_variance_is_not_too_small_with_few_images(rng):
    values = rng.standard_normal((3, 5))
    expected = stats.sem(values.mean(1)) ** 2  # the plain bootstrap's would be 2/3 of it
    variance = images_variance(mean_over_members(torch.tensor(values)), seed=0)
    assert variance == pytest.approx(expected, rel=0.1)


def test_bootstrap_is_reproducible_and_follows_its_seed(rng):
    figure = mean_over_members(torch.tensor(rng.standard_normal((10, 4))))
    assert images_interval(figure, seed=3) == images_interval(figure, seed=3)
    assert images_interval(figure, seed=3) != images_interval(figure, seed=4)


def test_both_adds_the_variances(rng):
    figure = mean_over_members(torch.tensor(rng.standard_normal((12, 9))))
    parts = [members_interval(figure), images_interval(figure, seed=1)]
    variances, dfs = [], []
    for part in parts:
        assert part is not None
        variances.append(((part.high - part.low) / 2 / stats.t.ppf(0.975, part.df)) ** 2)
        dfs.append(part.df)
    df = sum(variances) ** 2 / sum(v**2 / d for v, d in zip(variances, dfs, strict=True))
    both = both_interval(figure, seed=1)
    assert both is not None
    assert both.df == pytest.approx(df, rel=1e-9)
    assert both.high - both.low == pytest.approx(2 * stats.t.ppf(0.975, df) * sum(variances) ** 0.5, rel=1e-9)


def test_satterthwaite_leans_to_the_larger_part():
    assert satterthwaite((1.0, 0.0), (7, 31)) == 7
    assert satterthwaite((0.0, 1e-300), (7, 31)) == 31
    assert satterthwaite((0.0, 0.0), (7, 31)) == 7
    assert satterthwaite((math.inf, 1.0), (7, 31)) == 7


def test_one_image_allows_new_members_only(rng):
    figure = mean_over_members(torch.tensor(rng.standard_normal((1, 9))))
    assert images_interval(figure, seed=0) is None
    assert both_interval(figure, seed=0) is None
    interval = claim_interval(figure, seed=0)
    assert interval is not None
    assert interval.question == "members"
    assert interval.words == WORDS["members"] == "for these images, if other networks were trained"


@pytest.mark.parametrize(("members", "note"), [(3, "indicative: fewer than 8 members"), (8, "")])
def test_few_members_are_marked(members, note, rng):
    interval = claim_interval(mean_over_members(torch.tensor(rng.standard_normal((5, members)))), seed=0)
    assert interval is not None
    assert interval.note == note


def test_two_members_have_no_interval_for_new_members(rng):
    figure = pooled_snr(gram_matrix(torch.tensor(rng.standard_normal((2, 5, 9)))))
    assert members_interval(figure) is None
    assert both_interval(figure, seed=0) is None


def test_leave_one_out_of_the_headline_against_smaller_ensembles(rng):
    maps = rng.standard_normal((6, 3, 40)) + 0.5
    values = []
    for e in range(6):
        rest = np.delete(maps, e, 0)
        unit = rest / np.linalg.norm(rest, axis=-1, keepdims=True)
        c = np.mean([((unit[:, i].sum(0) ** 2).sum() - 5) / 20 for i in range(3)])
        values.append(c / (1 - c))
    expected = 5 / 6 * np.sum((np.array(values) - np.mean(values)) ** 2)
    assert members_variance(pooled_snr(gram_matrix(torch.tensor(maps)))) == pytest.approx(expected, rel=1e-9)


def test_identical_members_and_nearly_identical_ones(generator):
    same = torch.randn(1, 4, 30, generator=generator, dtype=torch.float64).expand(8, -1, -1)
    interval = claim_interval(pooled_snr(gram_matrix(same)), seed=0)
    assert interval is not None
    assert (interval.low, interval.high) == (math.inf, math.inf)
    nearly = same + 1e-4 * torch.randn(8, 4, 30, generator=generator, dtype=torch.float64)
    figure = pooled_snr(gram_matrix(nearly))
    interval = claim_interval(figure, seed=0)
    assert interval is not None
    assert 1e7 < interval.low < figure.value < interval.high < 1e9


def test_an_infinite_leave_one_out_gives_an_open_interval_that_says_so(generator):
    maps = torch.randn(3, 2, 30, generator=generator, dtype=torch.float64)
    maps[1] = maps[0]
    interval = claim_interval(pooled_snr(gram_matrix(maps)), seed=0)
    assert interval is not None
    assert interval.low == pytest.approx(-1 / 3)
    assert interval.high == math.inf
    assert "no bound" in interval.note


def test_a_single_live_member_gives_an_open_interval():
    maps = torch.zeros(8, 2, 5)
    maps[3] = 1
    interval = claim_interval(pooled_snr(gram_matrix(maps)), seed=0)
    assert interval is not None
    assert interval.high == math.inf
    assert not math.isnan(interval.low)


def test_negative_figures_stay_above_the_smallest_possible_value():
    opposite = torch.tensor([[1.0, 0.1], [-1, 0.2], [0.1, 1], [0.2, -1]], dtype=torch.float64)[:, None]
    figure = pooled_snr(gram_matrix(opposite))
    interval = members_interval(figure)
    assert interval is not None
    assert -1 / 4 <= interval.low <= figure.value < 0 < interval.high


def test_through_an_increasing_function():
    interval = Interval(low=-0.25, high=math.inf, question="both", df=5, note="n")
    roots = interval.through(amplitude)
    assert (roots.low, roots.high, roots.question, roots.df, roots.note) == (-0.5, math.inf, "both", 5, "n")
    cosines = interval.through(cosine_from_snr)
    assert (cosines.low, cosines.high) == (pytest.approx(-1 / 3), 1.0)


def coverage(intervals: list[Interval | None], truth: float) -> float:
    return sum(i is not None and i.low <= truth <= i.high for i in intervals) / len(intervals)


def true_r(signal: torch.Tensor, correlated, members: int = 20_000) -> float:
    """The population r of unit-norm maps about `signal` `[B, P]`, from the mean cosine of very many pairs."""
    maps = correlated(signal[:, None], members=members)
    unit = maps / maps.norm(dim=-1, keepdim=True)
    n = len(unit)
    return float(snr_from_cosine(((unit.sum(0).square().sum(-1) - n) / (n * (n - 1))).mean()))


@pytest.mark.parametrize("r", [0.1, 1.0, 8.0])
def test_coverage_for_new_members(r, correlated, generator):
    """400 studies of the same 8 images (P_eff = 8) with 8 fresh members, a third of their noise shared."""
    signal = torch.randn(8, 8, generator=generator, dtype=torch.float64).repeat_interleave(4, -1) * r**0.5
    studies = gram_matrix(correlated(signal.expand(400, -1, -1), members=8, shared=1 / 3))
    intervals = [members_interval(pooled_snr(gram)) for gram in studies]
    assert 0.93 <= coverage(intervals, true_r(signal, correlated)) <= 0.99


def test_coverage_for_new_members_and_images(correlated, generator):
    """400 studies of 16 fresh images whose SNR varies (log-spread 0.8), with 8 fresh members."""

    def signals(count: int) -> torch.Tensor:
        spread = torch.randn(count, 1, generator=generator, dtype=torch.float64).mul(0.4).exp()
        direction = torch.randn(count, 8, generator=generator, dtype=torch.float64)
        return (spread * direction).repeat_interleave(4, -1)

    truth = true_r(signals(5000), correlated, members=50)
    studies = gram_matrix(correlated(signals(400 * 16).reshape(400, 16, 32), members=8, shared=1 / 3))
    intervals = [both_interval(pooled_snr(gram), seed=k) for k, gram in enumerate(studies)]
    assert 0.93 <= coverage(intervals, truth) <= 0.995
    narrower = [members_interval(pooled_snr(gram)) for gram in studies]
    assert coverage(narrower, truth) < 0.93  # answers another question
