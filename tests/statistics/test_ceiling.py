"""r of copies of one network, against means over pairs."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch.nn.functional import cosine_similarity

from saliencynoise.statistics.ceiling import ceiling, disagreement


def test_disagreement_is_one_less_the_mean_cosine_over_pairs():
    copies = torch.randn(4, 3, 1, 5, 6, generator=torch.Generator().manual_seed(0)) + 0.5
    rows = copies.flatten(2)
    pairs = itertools.combinations(range(4), 2)
    expected = 1 - torch.stack([cosine_similarity(rows[i], rows[j], dim=1) for i, j in pairs]).mean(0)
    torch.testing.assert_close(disagreement(copies).float(), expected)


def test_equal_copies_agree_and_zero_maps_are_undefined():
    copies = torch.randn(1, 2, 1, 4, 4, generator=torch.Generator().manual_seed(1)).expand(3, -1, -1, -1, -1).clone()
    copies[:, 1] = 0
    same, zero = disagreement(copies).tolist()
    assert abs(same) < 1e-12
    assert math.isnan(zero)


def test_opposite_maps_have_a_negative_ceiling():
    first = torch.randn(1, 1, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    (loss,) = disagreement(torch.cat([first, -first]))
    assert float(loss) == pytest.approx(2)
    result = ceiling(loss.reshape(1, 1))
    assert result is not None
    assert result.value == pytest.approx(-0.5)


def test_the_mean_is_of_cosines_and_the_range_of_members():
    nan = math.nan
    result = ceiling(torch.tensor([[0.1, 0.3, nan], [0.5, 0.5, nan], [nan, nan, nan]]))
    assert result is not None
    assert result.value == pytest.approx((1 - 0.35) / 0.35, rel=1e-5)
    assert (result.low, result.high) == pytest.approx((1, 4))
    assert (result.members, result.images) == (2, 2)


def test_without_any_image_there_is_none_and_without_any_loss_it_is_infinite():
    assert ceiling(torch.full((2, 3), math.nan)) is None
    result = ceiling(torch.zeros(2, 3))
    assert result is not None
    assert result.value == result.low == result.high == math.inf
