"""Trained networks out of a pool."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch

from saliencynoise.data.tensors import to_float
from saliencynoise.engine.networks import load_members
from saliencynoise.interfaces import Network, UsageError
from saliencynoise.store.pool import Pool
from tests.engine.tiny import CLASSES, IN_SHAPE, NAME, logits_of, save_member, tiny_dataset, tiny_network, tiny_pool


def model_of(**changes: Any) -> Any:
    """An architecture whose builds draw from the global random state."""

    def build(in_shape: tuple[int, ...], classes: int) -> Network:
        assert (in_shape, classes) == (IN_SHAPE, 2)
        return replace(tiny_network(int(torch.randint(1000, ()))), **changes)

    return SimpleNamespace(canonical_name=NAME, named=lambda: SimpleNamespace(build=build))


def load(pool: Pool, members: list[int], **more: Any) -> list[Network]:
    model = more.pop("model", None) or model_of()
    return load_members(
        cast("Any", model), pool, members, in_shape=(1, 3, 3), classes=len(CLASSES), device="cpu", **more
    )


@pytest.fixture
def pool(tmp_path):
    pool = tiny_pool(tmp_path / "pool")
    for index in (0, 1, 4):
        save_member(pool, index, seed=20 + index)
    return pool


def test_each_network_has_its_members_weights_and_the_random_state_stays(pool):
    before = torch.random.get_rng_state()
    networks = load(pool, [4, 0])
    assert torch.equal(torch.random.get_rng_state(), before)
    dataset = tiny_dataset()
    for network, seed in zip(networks, (24, 20), strict=True):
        assert not network.module.training
        logits = network.module(to_float(dataset.test.images, dataset.mean, dataset.std))
        torch.testing.assert_close(logits.double(), logits_of(seed), rtol=1e-5, atol=1e-5)


def test_a_member_that_is_not_there_is_named_with_those_that_are(pool, tmp_path):
    with pytest.raises(UsageError, match=r"lacks member 2 \(it has 0, 1, 4\); train more members"):
        load(pool, [0, 2])
    with pytest.raises(UsageError, match=r"lacks member 0 \(it has none\)"):
        load(tiny_pool(tmp_path / "other"), [0])


def test_weights_that_are_not_the_wanted_ones_are_refused(pool):
    record = pool.record(1)
    assert record is not None
    assert len(load(pool, [1], sums={1: record.sha256})) == 1
    with pytest.raises(UsageError, match=r"member 1 of .* was removed or replaced while it was in use"):
        load(pool, [1], sums={1: 64 * "0"})


def test_a_damaged_member_is_refused(pool):
    record = pool.record(1)
    assert record is not None
    pool.files(record)[1].write_bytes(b"other")
    with pytest.raises(UsageError, match=r"member 1 of the pool is corrupt"):
        load(pool, [1])


def test_another_build_of_the_architecture_is_refused(pool):
    with pytest.raises(UsageError, match="was trained with another build of ours/line"):
        load(pool, [0], model=model_of(adaptations=("a smaller stem",)))
