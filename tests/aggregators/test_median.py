"""The median over members, against numpy's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from saliencynoise.aggregators.median import Median
from tests.aggregators.streams import member_maps, result_of


@pytest.mark.parametrize("members", [1, 2, 7, 8])
def test_it_is_numpys(members):
    maps = member_maps(members)
    expected = np.median(maps.double().numpy(), axis=0).astype(np.float32)
    assert np.array_equal(result_of(Median(), maps).numpy(), expected)


def test_a_minority_may_be_anything():
    maps = member_maps(5, signal=0.0)
    spoilt = maps.clone()
    spoilt[:2] = 1e30
    assert (result_of(Median(), spoilt) <= maps[2:].amax(0)).all()
    assert not torch.equal(result_of(Median(), spoilt), result_of(Median(), maps))
