import doctest
import math
from itertools import combinations

import numpy as np
import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics import split_halves as module
from saliencynoise.statistics.gram import cosine_of_averages, gram_matrix, scale_gram
from saliencynoise.statistics.reliability import reliability_at
from saliencynoise.statistics.split_halves import PAIRS, disjoint_groups, split_halves


def maps_of(members, images=5, pixels=40, snr=1.0, seed=0):
    generator = torch.Generator().manual_seed(seed)
    signal = torch.randn(1, images, pixels, generator=generator) * torch.linspace(0.5, 2, images)[:, None]
    noise = torch.randn(members, images, pixels, generator=generator) * torch.linspace(0.5, 2, members)[:, None, None]
    return (snr**0.5 * signal + noise).double()


def test_examples():
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("members", [2, 3, 5, 6])
def test_cosines_are_those_of_averages_that_are_formed(members):
    maps = maps_of(members)
    unit = (maps / maps.norm(dim=-1, keepdim=True)).numpy()
    for point in split_halves(gram_matrix(maps), seed=0):
        pooled, single = [], []
        for one in combinations(range(members), point.members):
            for other in combinations(set(range(members)) - set(one), point.members):
                a, b = unit[list(one)].mean(0), unit[list(other)].mean(0)
                pooled.append((a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum()))
                single.append(np.mean([(x @ y) / math.sqrt((x @ x) * (y @ y)) for x, y in zip(a, b, strict=True)]))
        assert point.pairs == len(pooled) / 2
        assert point.reliability == pytest.approx(np.mean(pooled), rel=1e-12)
        assert point.per_image == pytest.approx(np.mean(single), rel=1e-12)
        half = sorted(pooled)[::2]  # each pair came twice
        assert point.low == pytest.approx(np.quantile(half, 0.05), rel=1e-12)
        assert point.high == pytest.approx(np.quantile(half, 0.95), rel=1e-12)


def test_the_same_as_the_cosine_of_two_named_groups():
    gram = gram_matrix(maps_of(4))
    (_, point) = split_halves(gram, seed=0)
    unit = scale_gram(gram, "unit")
    pairs = [([0, 1], [2, 3]), ([0, 2], [1, 3]), ([0, 3], [1, 2])]
    assert point.reliability == pytest.approx(np.mean([cosine_of_averages(unit, *pair) for pair in pairs]))


def test_many_members_agree_as_the_closed_form_says_and_images_less_so():
    maps = maps_of(24, images=40, pixels=400, snr=0.4)
    unit = scale_gram(gram_matrix(maps), "unit").mean(0)
    c = float((unit.sum() - unit.trace()) / (24 * 23))
    for point in split_halves(gram_matrix(maps), seed=0):
        assert point.reliability == pytest.approx(reliability_at(c / (1 - c), point.members), abs=0.02)
        assert point.low < point.reliability < point.high
        assert point.per_image < point.reliability + 0.02
    assert point.per_image < point.reliability - 0.01, "the images' SNR differ"


def test_groups_have_no_member_in_common_and_their_weights_sum_to_one():
    for members, count in ((6, 2), (30, 7), (50, 25)):
        one, other = disjoint_groups(members, count, generator=torch.Generator().manual_seed(0))
        assert not (one * other).any()
        for group in (one, other):
            assert ((group > 0).sum(-1) == count).all()
            assert torch.allclose(group.sum(-1), torch.ones(len(group)).double())
        assert len(one) == min(PAIRS, math.comb(members, count) * math.comb(members - count, count) // 2)
        if len(one) < PAIRS:
            sides = {frozenset([tuple(a.tolist()), tuple(b.tolist())]) for a, b in zip(one, other, strict=True)}
            assert len(sides) == len(one), "no pair comes twice"


def test_the_seed_decides_and_zero_maps_count_nowhere():
    gram = gram_matrix(maps_of(20))
    assert split_halves(gram, seed=1) == split_halves(gram, seed=1) != split_halves(gram, seed=2)
    wider = torch.cat([gram, torch.zeros(1, 20, 20)])
    assert split_halves(wider, seed=1) == split_halves(gram, seed=1)
    (point,) = split_halves(torch.zeros(2, 3, 3).double(), seed=0)
    assert math.isnan(point.reliability)


def test_groups_that_are_too_large_are_refused():
    with pytest.raises(UsageError, match=r"two groups of \[3\] members, of 5: choose numbers from 1 to 2"):
        split_halves(gram_matrix(maps_of(5)), seed=0, counts=[1, 3])
