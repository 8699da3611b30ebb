"""What the members of each sampler have in common."""

from __future__ import annotations

import pytest
import torch

from saliencynoise.engine.config import config_from
from saliencynoise.engine.plan import make_plan
from saliencynoise.engine.population import population_of
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
