"""The training of members, by samplers that only hand over weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from saliencynoise.engine import member_training
from saliencynoise.engine.config import REFERENCE
from saliencynoise.engine.member_training import MemberTrainer
from saliencynoise.interfaces import ConfigurationError, Network, PluginError, Sample, TrainingRun, UsageError
from saliencynoise.store.pool import Pool
from tests.engine.tiny import logits_of, save_member, state_of, tiny_dataset, tiny_job, tiny_network, tiny_pool

Members = Callable[[TrainingRun], Any]
Sampler = Callable[..., None]


@pytest.fixture
def sampler(monkeypatch):
    """Define the sampler of a name by its function `members`."""
    known: dict[str, Any] = {}
    monkeypatch.setattr(member_training, "catalogue", lambda: SimpleNamespace(sampler=known.__getitem__))

    def define(members: Members, *, name: str = "ours/made", plugin: str = "ours") -> None:
        known[name] = SimpleNamespace(instance=SimpleNamespace(members=members), plugin=plugin)

    return define


def trainer_of(folder: Path, **changes: Any) -> MemberTrainer:
    def build(seed: int) -> Network:
        return tiny_network(seed)

    tiny_pool(folder / "pool")
    return MemberTrainer(job=tiny_job(folder, **changes), dataset=tiny_dataset(), build=build, report=print)


def samples(*seeds: int) -> Members:
    def members(run: TrainingRun) -> Iterator[Sample]:
        for seed in seeds:
            yield Sample(weights=state_of(seed), source=f"{seed}.pt", note="by hand")

    return members


def test_each_sample_is_saved_with_its_weights_logits_and_accuracy(sampler, tmp_path):
    sampler(samples(5, 6))
    records = trainer_of(tmp_path, members=(4, 5)).run()
    assert [record.index for record in records] == [4, 5]
    pool, labels = Pool(tmp_path / "pool"), tiny_dataset().test.labels
    for record, seed in zip(records, (5, 6), strict=True):
        assert pool.record(record.index) == record
        weights, due = pool.weights(record.index), state_of(seed)
        assert weights.keys() == due.keys()
        assert all(torch.equal(weights[name], due[name]) for name in due)
        torch.testing.assert_close(pool.logits(record.index).double(), logits_of(seed), rtol=1e-5, atol=1e-5)
        assert record.accuracy == pytest.approx(float((logits_of(seed).argmax(1) == labels).double().mean()))
        assert (record.source, record.note) == (f"{seed}.pt", "by hand")
        assert record.seconds >= 0


def test_a_member_of_the_pool_stays_unless_it_is_to_be_trained_again(sampler, tmp_path):
    sampler(samples(5, 6))
    first = trainer_of(tmp_path).run()
    sampler(samples(8, 9))
    assert [record.index for record in trainer_of(tmp_path, members=(0, 1)).run()] == [1]
    assert Pool(tmp_path / "pool").record(0) == first[0]
    trainer_of(tmp_path, members=(0, 1), retrain=True).run()
    weights = Pool(tmp_path / "pool").weights(0)
    assert torch.equal(weights["1.bias"], state_of(8)["1.bias"])


def test_too_few_members_are_refused(sampler, tmp_path):
    sampler(samples(5))
    with pytest.raises(ConfigurationError, match="the sampler ours/made gave run 0 no member 3"):
        trainer_of(tmp_path, members=(2, 3)).run()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (7, r"returned an int from members; it must yield saliencynoise.interfaces.Sample\(weights="),
        ([state_of(0)], r"yielded a dict with the keys .*; it must yield"),
        ([Sample(weights=[1])], "yielded weights that are a list; it must yield"),  # type: ignore[arg-type]
        ([Sample(weights={"1.bias": 0.5})], "yielded weights that are a dict with the keys '1.bias'; it must yield"),  # type: ignore[dict-item]
    ],
)
def test_anything_but_samples_is_named(value, words, sampler, tmp_path):
    sampler(lambda run: value)
    with pytest.raises(PluginError, match=f"the sampler ours/made {words}"):
        trainer_of(tmp_path).run()


def failing(run: TrainingRun) -> Iterator[Sample]:
    yield Sample(weights=state_of(0))
    raise ArithmeticError("no\nnumbers")


def test_the_error_of_a_plugins_sampler_names_it(sampler, tmp_path):
    sampler(failing)
    with pytest.raises(PluginError, match=r"^the sampler ours/made failed: ArithmeticError: no numbers$"):
        trainer_of(tmp_path, members=(0, 1)).run()


def test_an_error_within_a_built_in_sampler_is_that_of_the_network(sampler, tmp_path):
    sampler(failing, plugin="builtin")
    with pytest.raises(ArithmeticError, match="no\nnumbers"):
        trainer_of(tmp_path, members=(0, 1)).run()


def test_a_message_to_the_user_is_not_changed(sampler, tmp_path):
    def members(run: TrainingRun) -> Iterator[Sample]:
        raise UsageError("no such file; name another")

    sampler(members)
    with pytest.raises(UsageError, match=r"^no such file; name another$"):
        trainer_of(tmp_path).run()


def test_a_sampler_that_changes_torch_is_named_and_the_random_state_stays(sampler, tmp_path):
    def members(run: TrainingRun) -> Iterator[Sample]:
        torch.manual_seed(12345)
        torch.set_grad_enabled(False)
        yield Sample(weights=state_of(0))

    sampler(members)
    before = torch.random.get_rng_state()
    with pytest.raises(PluginError, match=r"the sampler ours/made .*; it must leave torch as it was"):
        trainer_of(tmp_path).run()
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.is_grad_enabled()


def test_a_pool_that_is_gone_is_named(sampler, tmp_path):
    sampler(samples(5))
    trainer = trainer_of(tmp_path)
    (tmp_path / "pool/pool.json").unlink()
    with pytest.raises(UsageError, match=r"pool was removed while it was in use; run the same command again"):
        trainer.run()


def test_the_deep_ensembles_member_is_read_from_its_pool_or_made_there(sampler, tmp_path):
    base = tiny_pool(tmp_path / "base")
    there = save_member(base, 2, seed=3)
    assert trainer_of(tmp_path, run=2).reference()[1] == there
    sampler(samples(9), name=REFERENCE, plugin="builtin")
    pool, made = trainer_of(tmp_path, run=1, members=(2, 3), retrain=True).reference()
    assert (pool.folder, made.index) == (base.folder, 1)
    assert base.record(1) == made
    assert torch.equal(base.weights(1)["1.bias"], state_of(9)["1.bias"])
    assert base.record(2) == there
