"""Figures of averages over subsets, and without each member, against direct enumeration."""

from itertools import combinations

import numpy as np
import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics import averages as module
from saliencynoise.statistics.averages import plan_averages
from saliencynoise.statistics.jackknife import jackknife_variance


def figure(values):
    """Of an average: not linear in the members."""
    return values.square() + values.exp()


@pytest.mark.parametrize("members", [3, 5, 8])
def test_with_all_subsets_the_jackknife_is_that_of_the_subsets_without_each_member(members, generator):
    values = torch.randn(members, generator=generator, dtype=torch.float64)
    result = plan_averages(members, seed=0)
    for n, weights, estimates in zip(result.counts[:-1], result.weights, result.estimates, strict=False):
        direct = [float(figure(values[list(own)].mean())) for own in combinations(range(members), n)]
        subsets = list(combinations(range(members), n))
        without = [np.mean([h for h, own in zip(direct, subsets, strict=True) if e not in own]) for e in range(members)]
        assert (estimates @ figure(weights @ values)).tolist() == pytest.approx([np.mean(direct), *without])


def test_at_all_members_those_left_out_are_left_out_in_fact(generator):
    """With three members, one: the same spread as leaving each out, about the figure of all."""
    values = torch.randn(3, generator=generator, dtype=torch.float64)
    result = plan_averages(3, seed=0)
    assert result.counts == (1, 2, 3)
    every, *without = (result.estimates[-1] @ figure(result.weights[-1] @ values)).tolist()
    expected = [float(figure((values.sum() - own) / 2)) for own in values]
    assert every == pytest.approx(float(figure(values.mean())))
    assert [own - every for own in without] == pytest.approx([own - np.mean(expected) for own in expected])


@pytest.mark.parametrize("members", [8, 20])
def test_at_all_members_a_linear_figure_has_the_textbook_jackknife(members, generator):
    values = torch.randn(members, generator=generator, dtype=torch.float64)
    result = plan_averages(members, seed=0)
    expected = [float(values.mean())] + [float((values.sum() - value) / (members - 1)) for value in values]
    assert (result.estimates[-1] @ (result.weights[-1] @ values)).tolist() == pytest.approx(expected)


def test_a_figure_that_is_not_smooth_has_no_inflated_variance(generator):
    """Whether the mean is above a level: leaving one of 16 out gives 1.5 times the variance due or more."""
    result, ones, drawn = plan_averages(16, seed=0), [], []
    truth = []
    for _ in range(300):
        values = torch.randn(16, generator=generator, dtype=torch.float64)
        above = [float(own > 0) for own in result.weights[-1] @ values]
        parts = (result.estimates[-1] @ torch.tensor(above, dtype=torch.float64))[1:]
        drawn.append(float(jackknife_variance(parts)))
        ones.append(float(jackknife_variance(((values.sum() - values) > 0).double())))
        truth.append(above[0])
    expected = np.var(truth)
    assert np.mean(drawn) < 0.8 * np.mean(ones)
    assert 0.7 < np.mean(drawn) / expected < 1.6


def test_with_drawn_subsets_a_linear_figure_is_exact(generator):
    values = torch.randn(20, generator=generator, dtype=torch.float64)
    result = plan_averages(20, seed=1)
    weights, estimates = result.weights[2], result.estimates[2]
    assert result.counts[2] == 4
    assert len(weights) == 130  # 26 permutations, each of five subsets
    assert ((weights == 0.25).sum(1) == 4).all()
    expected = [float(values.mean())] + [float((values.sum() - value) / 19) for value in values]
    assert (estimates @ (weights @ values)).tolist() == pytest.approx(expected)


def test_with_drawn_subsets_the_jackknife_is_near_that_of_all(generator, monkeypatch):
    """Least squares keeps the subsets' own noise out; means over the few subsets without a member do not."""
    values = torch.randn(12, generator=generator, dtype=torch.float64)
    some = plan_averages(12, seed=0)
    monkeypatch.setattr(module, "SUBSETS", 1000)
    every = plan_averages(12, seed=0)
    (mean, *without), (expected, *due_without) = (
        (own.estimates[2] @ figure(own.weights[2] @ values)).tolist() for own in (some, every)
    )
    assert len(some.weights[2]) < 150 < len(every.weights[2])
    assert mean == pytest.approx(expected, rel=0.05)
    assert 0.9 < np.std(without) / np.std(due_without) < 1.2
    weights = some.weights[2]
    naive = [float(figure(weights @ values)[weights[:, e] == 0].mean()) for e in range(12)]
    apart = [np.abs(np.subtract(own, due_without)).mean() for own in (without, naive)]
    assert apart[0] < apart[1]


def test_the_subsets_follow_from_the_seed_and_leave_no_trace():
    first, second, other = (plan_averages(30, seed=seed).weights[3] for seed in (0, 0, 1))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


def test_two_members_are_needed():
    with pytest.raises(UsageError, match="averages over 1 members: need at least 2"):
        plan_averages(1, seed=0)
