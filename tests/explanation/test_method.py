"""From maps to what is told of them."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.stats import false_discovery_control, ttest_1samp

from saliencynoise.engine.failures import FailedCellError
from saliencynoise.explanation import method
from saliencynoise.explanation.method import explained_by, unusable
from saliencynoise.explanation.record import record_of_method
from saliencynoise.records.writing import json_of
from saliencynoise.registry.catalogue import catalogue


def explained(maps):
    return explained_by(catalogue().method("gradient"), maps, catalogue().aggregator("mean"))


def test_each_value_is_tested_as_by_plain_t_tests_which_find_fewer():
    maps = 0.1 * torch.randn(16, 1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    maps[:, :, 1, 4:6] += 1
    own = explained(maps)
    values = maps[:, 0].numpy()
    p = false_discovery_control(ttest_1samp(values, 0).pvalue.ravel()).reshape(3, 8, 8)
    assert own.significant.shape == (3, 8, 8)
    assert own.significant[1, 4:6].all()
    assert own.significant.sum() < 16 + 5
    assert ((p < 0.05) & ~own.significant).sum() <= 3  # drawn towards the common variance, a few go
    np.testing.assert_allclose(own.agreement, (np.sign(values) == np.sign(values.mean(0))).mean(0))
    assert own.significant_share == own.significant.mean()


def test_maps_are_averaged_over_the_draws_that_are_each_members_own():
    maps = torch.randn(4, 3, 1, 5, 5, generator=torch.Generator().manual_seed(0))
    own = explained(maps)
    assert own.draws == 3
    np.testing.assert_allclose(own.maps, maps.numpy().mean(1), atol=1e-6)
    np.testing.assert_allclose(own.marginal, maps.numpy().mean((0, 1)), atol=1e-6)


def test_an_aggregator_that_cannot_says_why_and_costs_the_marginal_map_only(monkeypatch):
    def refuse(aggregator, maps):
        raise FailedCellError("the members' maps cannot be aggregated: too few")

    monkeypatch.setattr(method, "aggregate", refuse)
    own = explained(torch.randn(4, 1, 1, 5, 5, generator=torch.Generator().manual_seed(0)))
    assert (own.reason, own.no_marginal) == ("", "the members' maps cannot be aggregated: too few")
    assert record_of_method(own).status == "failed"
    assert record_of_method(own).reliability.value == own.reliability.value >= 0
    assert own.marginal is None
    assert own.maps.shape == (4, 1, 5, 5)


def test_maps_that_cannot_be_used_are_kept_without_figures():
    maps = torch.zeros(3, 1, 1, 4, 4)
    own = explained(maps)
    assert own.reason == "the maps of all members are zero: the method found nothing"
    assert own.maps.shape == (3, 1, 4, 4)
    assert math.isnan(own.reliability.value)
    assert json_of(record_of_method(own).reliability) == {"value": None, "interval": None}
    assert explained("member 0: no").reason == "member 0: no"


def test_maps_that_cannot_be_used_say_why():
    maps = torch.ones(3, 1, 1, 4, 4)
    assert unusable(maps) == ""
    assert unusable(maps[..., :1]) == "the maps are 4x1; figures need two rows and two columns of pixels"
    assert unusable(0 * maps) == "the maps of all members are zero: the method found nothing"
    maps[1, 0, 0, 2, 2] = math.nan
    assert unusable(maps) == "the maps of 1 of 3 members hold NaN or infinity"
