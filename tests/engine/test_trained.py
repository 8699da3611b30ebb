"""A trained ensemble for other pictures: by its settings, or out of a pool."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from saliencynoise.data.tensors import to_float
from saliencynoise.engine import trained
from saliencynoise.engine.config import BenchConfig, config_from
from saliencynoise.engine.observer import Silent
from saliencynoise.engine.plan import make_plan
from saliencynoise.engine.trained import TrainedEnsemble, trained_ensemble
from saliencynoise.interfaces import UsageError
from saliencynoise.store.pool import all_pools


@pytest.fixture
def config(quick):
    return config_from(quick)


def ensemble_of(config: BenchConfig, *, pool: str | None = None) -> TrainedEnsemble:
    return trained_ensemble(config, Silent(), pool=pool)


def test_the_members_are_those_of_a_bench_with_the_same_settings(config, watcher):
    ensemble = trained_ensemble(config, watcher)
    assert watcher.count("trained") == 0
    assert ensemble.members == (0, 1, 2)
    plan = make_plan(config)
    assert ensemble.pool.folder == plan.architectures[0].pool.folder
    assert (ensemble.seed, ensemble.device, ensemble.recipe["epochs"]) == (0, "cpu", 1)


def test_its_networks_give_the_logits_that_the_pool_has(config):
    ensemble = ensemble_of(config)
    dataset = ensemble.dataset
    images = to_float(dataset.test.images[:5], dataset.mean, dataset.std)
    (network,) = ensemble.networks([2])
    with torch.no_grad():
        torch.testing.assert_close(network.module(images), ensemble.pool.logits(2)[:5], rtol=1e-4, atol=1e-4)


def test_a_pool_gives_as_many_of_its_members_as_are_wanted(config):
    (pool,) = all_pools()
    name = pool.folder.name
    both = ensemble_of(replace(config, members=2, seed=5), pool=name)
    assert (both.members, both.seed) == ((0, 1), 0), "the seed is the pool's"
    assert ensemble_of(replace(config, members=None), pool=name[:-3]).members == (0, 1, 2)
    with pytest.raises(UsageError, match=f"^the pool {name} has 3 members, not 4; ask for fewer$"):
        ensemble_of(replace(config, members=4), pool=name)


def test_a_pool_of_other_data_is_refused(config):
    (pool,) = all_pools()
    with pytest.raises(UsageError, match="was trained on other data than --dataset digits; name its data set"):
        ensemble_of(replace(config, train_images=65), pool=pool.folder.name)


def test_one_architecture_is_asked_for(config):
    with pytest.raises(UsageError, match=r"^2 architectures are named \(vgg, resnet\); name one$"):
        ensemble_of(replace(config, archs=("vgg", "resnet")))


def test_the_reason_of_a_training_that_failed_is_stated(config, monkeypatch):
    failures = {"timm/test_resnet": "member 0: no memory"}
    monkeypatch.setattr(trained, "fill_pools", lambda config, observer: (make_plan(config), failures))
    with pytest.raises(UsageError, match=r"^test_resnet cannot be trained: member 0: no memory$"):
        ensemble_of(config)
