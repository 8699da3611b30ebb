"""The members that a pool has already, and the pools while they are used."""

from __future__ import annotations

import shutil

import pytest

from saliencynoise.engine.architecture_plan import reused_members, using_pools
from saliencynoise.engine.config import config_from
from saliencynoise.engine.plan import make_plan
from saliencynoise.interfaces import UsageError


@pytest.fixture
def architecture(quick):
    return make_plan(config_from(quick)).architectures[0]


def test_members_that_the_pool_has_are_reused_and_no_others(architecture):
    assert sorted(reused_members(architecture.pool, 16)) == [0, 1, 2]
    assert sorted(reused_members(architecture.pool, 2)) == [0, 1]
    assert architecture.reused_members == reused_members(architecture.pool, 3)


def test_a_damaged_member_is_not_reused(architecture):
    for path in architecture.pool.folder.glob("member-0001*.safetensors"):
        path.write_bytes(b"damaged")
    with pytest.raises(UsageError, match="member 1 of the pool is corrupt"):
        reused_members(architecture.pool, 3)
    assert sorted(reused_members(architecture.pool, 3)) == [0, 2], "it was set aside"


def test_fresh_reuses_none(quick):
    assert make_plan(config_from(quick | {"fresh": True})).architectures[0].reused_members == {}


def test_a_pool_that_was_removed_is_described_again_when_it_is_used(architecture):
    described = architecture.pool.description
    shutil.rmtree(architecture.pool.folder)
    with using_pools([architecture]):
        assert architecture.pool.description == described


def test_a_sampler_has_a_pool_beside_that_of_the_deep_ensemble(quick):
    architecture = make_plan(config_from(quick | {"sampler": "noisegrad"})).architectures[0]
    assert architecture.pool.folder != architecture.base_pool.folder
    assert architecture.base_pool.folder == make_plan(config_from(quick)).architectures[0].pool.folder
