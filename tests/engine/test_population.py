"""What the members of each sampler have in common."""

from __future__ import annotations

import pytest
import torch

from saliencynoise.engine.config import config_from
from saliencynoise.engine.plan import make_plan
from saliencynoise.engine.population import of_pool, of_sampler, population_of
from saliencynoise.registry.catalogue import catalogue


@pytest.mark.parametrize(
    ("sampler", "kind", "start_of", "unit"),
    [
        ("deep_ensemble", "from_scratch", (), "start"),
        ("permuted_labels", "from_scratch", (), "start"),
        ("untrained", "untrained", (), "start"),
        ("noisegrad", "one_start", (0, 0, 0, 0, 0), "run"),
        ("snapshot(cycles=2)", "several_starts", (0, 0, 1, 1, 2), "run"),
        ("seed_blocks(streams=init+order)", "one_start", (0, 0, 0, 0, 0), "block"),
        ("snapshot(cycles=1)", "from_scratch", (), "start"),
    ],
)
def test_a_sampler_says_what_its_members_have_in_common(quick, sampler, kind, start_of, unit):
    plan = make_plan(config_from(quick | {"members": 5, "sampler": sampler}))
    population = population_of(plan, plan.architectures[0])
    assert (population.kind, population.start_of, population.unit) == (kind, start_of, unit)
    assert len(population.starts) == len(set(start_of))
    assert population.tuned == ()
    assert population.clusters == (start_of or None)


def test_it_is_not_known_how_networks_from_files_were_trained(quick, tmp_path):
    for index in range(2):
        with torch.random.fork_rng():
            torch.manual_seed(index)
            network = catalogue().model("test_resnet").load().build((1, 16, 16), 10)
        torch.save(network.module.state_dict(), tmp_path / f"{index}.pt")
    plan = make_plan(config_from(quick | {"members": None, "sampler": f"checkpoints:{tmp_path}/*.pt"}))
    assert population_of(plan, plan.architectures[0]).kind == "unknown"


def test_the_members_of_a_pool_have_the_starts_of_their_indices():
    identity = {"init": {"starts": ["a" * 64, "b" * 64, "c" * 64], "tuned": ["head"]}}
    sampler = catalogue().sampler("deep_ensemble")
    found = of_pool(identity, sampler, [0, 2, 3, 5])
    assert (found.kind, found.starts, found.start_of) == ("several_starts", ("a" * 8, "c" * 8), (0, 1, 0, 1))
    assert found.tuned == ("head",)
    assert of_pool(identity, sampler, [1, 4]).kind == "one_start"
    assert of_pool({}, sampler, [1, 4]).kind == "from_scratch"
    assert of_sampler(catalogue().sampler("snapshot(cycles=2)"), [1, 4, 5]).start_of == (0, 1, 1)
