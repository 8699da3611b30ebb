"""The mean over members: streaming, mergeable, equal to numpy's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from saliencynoise.aggregators.mean import Mean
from saliencynoise.interfaces import Aggregator

SHAPE = (3, 4, 5)


@pytest.fixture
def maps():
    """Maps of 7 members: float32 numbers whose float32 sums depend on their order."""
    return 1e4 * torch.randn(7, *SHAPE, generator=torch.Generator().manual_seed(0)) + 1e6


def stream(mean: Mean, maps: torch.Tensor) -> object:
    state = mean.init(SHAPE)
    for values in maps:
        state = mean.update(state, values)
    return state


def test_it_is_numpys_mean_in_float64(maps):
    mean = Mean()
    result = mean.result(stream(mean, maps))
    assert result.dtype == torch.float32
    assert np.array_equal(result.numpy(), maps.numpy().mean(0, dtype=np.float64).astype(np.float32))


@pytest.mark.parametrize("cut", [0, 1, 3, 7])
def test_merging_is_as_good_as_streaming(maps, cut):
    mean = Mean()
    merged = mean.merge(stream(mean, maps[:cut]), stream(mean, maps[cut:]))
    torch.testing.assert_close(
        mean.result(merged).double(), mean.result(stream(mean, maps)).double(), rtol=1e-7, atol=0
    )


def test_the_members_maps_and_earlier_states_are_left_as_they_were(maps):
    mean, before = Mean(), maps.clone()
    first = mean.update(mean.init(SHAPE), maps[0])
    mean.merge(first, mean.update(first, maps[1]))
    assert torch.equal(maps, before)
    assert torch.equal(mean.result(first), maps[0])


def test_no_members_have_no_mean():
    mean = Mean()
    with pytest.raises(ValueError, match=r"^the mean of no members is not defined$"):
        mean.result(mean.merge(mean.init(SHAPE), mean.init(SHAPE)))


def test_a_map_of_another_shape_is_refused(maps):
    mean = Mean()
    with pytest.raises(ValueError, match=r"^a map of shape \(1, 4, 5\) among maps of shape \(3, 4, 5\)$"):
        mean.update(mean.init(SHAPE), maps[0, :1])


def test_it_satisfies_the_protocol():
    assert isinstance(Mean(), Aggregator)
