"""A training run as a sampler sees it, with networks of one layer; the loop itself is replaced."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from saliencynoise.engine import training_run
from saliencynoise.engine.training_run import TrainingRunOfMember
from saliencynoise.interfaces import ConfigurationError, Network, SaliencyNoiseError, derive_seed
from saliencynoise.training.recipes import Recipe
from tests.engine.tiny import save_member, state_of, tiny_dataset, tiny_job, tiny_network, tiny_pool, tiny_weights


def run_of(folder: Path, *, events: list[Any] | None = None, **changes: Any) -> TrainingRunOfMember:
    """A run of a job; its deep ensemble's member has the weights of seed 3 and took 100 seconds."""
    fixed: dict[str, Any] = {"build": tiny_network, "report": (events if events is not None else []).append}
    parts = {name: changes.pop(name) for name in ("build", "reference") if name in changes}

    def reference() -> Any:
        pool, index = tiny_pool(folder / "base"), changes.get("run", 0)
        return pool, save_member(pool, index, seed=3, seconds=100.0)

    return TrainingRunOfMember(
        tiny_job(folder, **changes), tiny_dataset(), **{**fixed, "reference": reference, **parts}
    )


@pytest.fixture
def trainings(monkeypatch):
    """What the loop would have been given, each time; nothing is trained."""
    calls: list[dict[str, Any]] = []

    def train(module: nn.Module, dataset: Any, recipe: Any, seeds: Any, **more: Any) -> None:
        calls.append({"dataset": dataset, "recipe": recipe, "seeds": seeds, **more})

    monkeypatch.setattr(training_run, "train", train)
    return calls


def bias(module: nn.Module) -> torch.Tensor:
    return module.state_dict()["1.bias"]


def test_it_states_its_index_epochs_and_labels(tmp_path):
    run = run_of(tmp_path, run=3)
    assert (run.index, run.epochs) == (3, 2)
    assert torch.equal(run.labels, tiny_dataset().train.labels)


def test_a_network_is_built_under_the_seed_of_its_run(tmp_path):
    run = run_of(tmp_path, run=3)
    seed, other = derive_seed(7, "init", 3), derive_seed(7, "init", "other")
    assert torch.equal(bias(run.build()), tiny_weights(seed)["bias"])
    assert run.seeds == {"init": seed}
    assert torch.equal(bias(run.build(init="other")), tiny_weights(other)["bias"])
    assert run.seeds == {"init": other}


class Random(nn.Module):
    """A layer that draws new numbers also in evaluation mode."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.randn_like(x)


def test_the_first_network_is_tried_out_before_it_is_trained(tmp_path):
    built: list[int] = []

    def build(seed: int) -> Network:
        built.append(seed)
        network = tiny_network(seed)
        return replace(network, module=nn.Sequential(*network.module.children(), Random()))

    with pytest.raises(SaliencyNoiseError, match="the architecture ours/line is random in evaluation mode"):
        run_of(tmp_path, build=build).build()
    assert len(built) == 1


def test_a_copy_of_the_deep_ensembles_member_counts_its_whole_training(tmp_path):
    run = run_of(tmp_path, run=2)
    module = run.trained()
    assert torch.equal(bias(module), tiny_weights(3)["bias"])
    assert not module.training
    assert run.seeds == {"init": 3}
    assert run.take_extra_seconds() == pytest.approx(100, abs=1)
    assert run.take_extra_seconds() == 0


def test_building_is_no_training(tmp_path):
    run = run_of(tmp_path)
    run.build()
    assert run.take_extra_seconds() < 0


def test_the_recipe_gives_what_no_argument_gives(trainings, tmp_path):
    run = run_of(tmp_path, run=3)
    run.train(tiny_network(0).module)
    run.train(
        tiny_network(0).module, epochs=5, learning_rate=0.5, schedule="cosine", labels=run.labels.flip(0),
        streams={"order": "rest"},
    )  # fmt: skip
    plain, changed = trainings
    assert plain["recipe"] == Recipe(epochs=2)
    assert (plain["schedule"], plain["device"]) == ("one_cycle", "cpu")
    assert asdict(plain["seeds"]) == {name: derive_seed(7, name, 3) for name in ("init", "order", "augment", "dropout")}
    assert changed["recipe"] == Recipe(epochs=5, learning_rate=Recipe().learning_rate / 2)
    assert changed["schedule"] == "cosine"
    assert torch.equal(changed["dataset"].train.labels, tiny_dataset().train.labels.flip(0))
    assert torch.equal(changed["dataset"].test.labels, tiny_dataset().test.labels)
    assert changed["seeds"] == replace(plain["seeds"], order=derive_seed(7, "order", "rest"))
    assert run.seeds == {
        "order": derive_seed(7, "order", "rest"), "augment": derive_seed(7, "augment", 3),
        "dropout": derive_seed(7, "dropout", 3),
    }  # fmt: skip


def test_weights_are_evaluated_in_a_network_of_their_own(tmp_path):
    run = run_of(tmp_path)
    module = run.build()
    before = bias(module).clone()
    weights = state_of(11)
    evaluated = run.evaluated(weights)
    weights["1.bias"].zero_()
    assert torch.equal(bias(evaluated), tiny_weights(11)["bias"])
    assert torch.equal(bias(module), before)


def test_a_network_that_is_built_to_evaluate_weights_only_is_not_subtracted(tmp_path):
    """A sampler that builds none yields its weights at once; its members would take less than no time."""
    run = run_of(tmp_path)
    run.evaluated(state_of(11))
    assert run.take_extra_seconds() == 0


def test_weights_of_another_network_name_the_sampler(tmp_path):
    with pytest.raises(
        ConfigurationError, match=r"the sampler ours/made gave weights of another network: [^$]*Missing key"
    ):
        run_of(tmp_path).evaluated({"1.bias": torch.zeros(2)})


def test_a_generator_follows_from_the_run_and_the_index(tmp_path):
    def numbers(run: int, *index: int | str) -> tuple[float, ...]:
        return tuple(torch.rand(3, generator=run_of(tmp_path, run=run).generator(*index)).tolist())

    assert numbers(0, "noise", 1) == numbers(0, "noise", 1)
    assert len({numbers(0), numbers(1), numbers(0, "noise", 1), numbers(0, "noise", 2)}) == 4


def test_progress_is_reported_five_times_a_second_and_at_the_end(trainings, monkeypatch, tmp_path):
    now = 10.0
    monkeypatch.setattr(training_run, "time", SimpleNamespace(perf_counter=lambda: now))
    events: list[Any] = []
    steps: list[tuple[int, int]] = []
    run_of(tmp_path, events=events).train(tiny_network(0).module, after_step=lambda *step: steps.append(step))
    (call,) = trainings
    for done in range(1, 11):
        now = 10 + done / 16
        call["progress"](done, 10)
    assert [(event["kind"], event["done"], event["steps"], event["seconds"]) for event in events] == [
        ("progress", done, 10, done / 16) for done in (1, 5, 9, 10)
    ]
    assert steps == [(done, 10) for done in range(1, 11)]
