"""The trimmed mean, against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import trim_mean

from saliencynoise.aggregators.mean import Mean
from saliencynoise.aggregators.median import Median
from saliencynoise.aggregators.trimmed_mean import TrimmedMean
from saliencynoise.interfaces import UsageError
from saliencynoise.registry.catalogue import catalogue
from tests.aggregators.streams import member_maps, result_of


@pytest.mark.parametrize(("members", "share"), [(10, 0.2), (5, 0.4), (8, 0.25), (8, 0.75), (9, 0.0), (20, 0.3)])
def test_it_is_scipys_where_whole_members_are_trimmed(members, share):
    maps = member_maps(members)
    expected = trim_mean(maps.double().numpy(), share / 2, axis=0)
    np.testing.assert_allclose(result_of(TrimmedMean(share=share), maps).numpy(), expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("members", "share"), [(8, 0.2), (3, 0.5), (7, 0.9), (1, 0.2), (2, 0.9)])
def test_members_trimmed_in_part_are_whole_ones_of_many_copies(members, share):
    """Of 100 copies of each member, whole ones are trimmed."""
    maps = member_maps(members)
    expected = trim_mean(maps.double().repeat(100, 1, 1, 1).numpy(), share / 2, axis=0)
    np.testing.assert_allclose(result_of(TrimmedMean(share=share), maps).numpy(), expected, rtol=1e-5, atol=1e-6)


def test_it_lies_between_the_mean_and_the_median():
    maps = member_maps(8)
    torch.testing.assert_close(result_of(TrimmedMean(share=0.0), maps), result_of(Mean(), maps))
    torch.testing.assert_close(result_of(TrimmedMean(share=0.99), maps), result_of(Median(), maps))
    assert not torch.equal(result_of(TrimmedMean(), maps), result_of(Mean(), maps))


@pytest.mark.parametrize("share", [-0.1, 1.0, 2.0])
def test_impossible_shares_are_refused(share):
    expected = rf"^aggregator 'trimmed_mean': share={share} is not possible; give 0 or more and less than 1$"
    with pytest.raises(UsageError, match=expected):
        catalogue().aggregator(f"trimmed_mean(share={share})")
