"""Compiled training: one graph for all members, and the weights that plain training gives, up to rounding."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import pytest
import torch
from torch._dynamo.utils import counters

from saliencynoise.training import loop
from saliencynoise.training.loop import Seeds, train
from saliencynoise.training.recipes import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from saliencynoise.interfaces import Dataset

RECIPE = Recipe(epochs=1, batch_size=10, compiled=True, channels_last=True)


def member(fresh: Callable[[int], nn.Module], dataset: Dataset, seed: int, recipe: Recipe) -> nn.Module:
    seeds = Seeds.of_member(0, seed)
    module = fresh(asdict(seeds)["init"])
    with torch.random.fork_rng():
        train(module, dataset, recipe, seeds, device="cpu", progress=lambda _done, _steps: None)
    return module


@pytest.fixture
def traced(monkeypatch):
    """Trace and count graphs as on a GPU, but run them as they are: code for a CPU takes half a minute to generate."""
    torch.compiler.reset()
    counters.clear()
    compiled = torch.compile(loop._forward, dynamic=False, backend="aot_eager")
    monkeypatch.setattr(loop, "compiled_forward", lambda: compiled)


@pytest.mark.usefixtures("traced")
def test_one_graph_serves_every_member(fresh, dataset):
    for seed in range(3):
        member(fresh, dataset, seed, RECIPE)
    assert counters["stats"]["unique_graphs"] == 1


@pytest.mark.usefixtures("traced")
def test_the_count_of_graphs_can_tell(fresh, dataset):
    member(fresh, dataset, 0, RECIPE)
    member(fresh, dataset, 0, replace(RECIPE, batch_size=8))
    assert counters["stats"]["unique_graphs"] == 2


@pytest.mark.usefixtures("traced")
def test_compiled_training_gives_the_weights_of_plain_training(fresh, dataset):
    compiled = member(fresh, dataset, 1, RECIPE)
    plain = member(fresh, dataset, 1, replace(RECIPE, compiled=False))
    for one, other in zip(compiled.state_dict().values(), plain.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)
        assert one.is_contiguous()


def test_graphs_are_dropped_where_there_may_be_any(monkeypatch):
    """Without it the ninth architecture of a process would be trained uncompiled: torch keeps eight graphs."""
    resets: list[bool] = []
    monkeypatch.setattr(torch.compiler, "reset", lambda: resets.append(True))
    loop.compiled_forward.cache_clear()
    loop.forget_graphs()
    assert not resets
    loop.compiled_forward()
    loop.forget_graphs()
    assert resets == [True]
