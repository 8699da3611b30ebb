"""Blocks of seeds: the design by its definition, and what the sampler asks the engine for."""

from __future__ import annotations

import itertools

import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.samplers.seed_blocks import STREAMS, SeedBlocks


class Run:
    """A training run that notes what it is asked for."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.asked: dict[str, object] = {}

    def build(self, *, init: int | str | None = None) -> torch.nn.Module:
        self.asked["init"] = init
        return torch.nn.Linear(2, 2)

    def train(self, module: torch.nn.Module, *, streams: dict[str, int | str]) -> None:
        self.asked |= streams


@pytest.mark.parametrize("streams", ["init", "init+order", "init+order+augment", "dropout+init+augment+order"])
def test_a_block_is_every_combination_and_one_of_them_again(streams):
    names, sampler = streams.split("+"), SeedBlocks(streams=streams)
    size = 2 ** len(names) + 1
    assert sampler.per_block == size
    for block in range(3):
        levels = [sampler.levels(block * size + place) for place in range(size)]
        rows = [tuple(level[name] for name in names) for level in levels]
        pairs = [sorted({row[place] for row in rows}) for place in range(len(names))]
        assert all(len(pair) == 2 for pair in pairs)
        assert sorted(rows[:-1]) == sorted(itertools.product(*pairs))
        assert levels[-1] == levels[0]


def test_blocks_share_no_seed_even_of_streams_that_are_not_varied():
    sampler = SeedBlocks(streams="init+order")
    first, second = ([sampler.levels(5 * block + place) for place in range(5)] for block in range(2))
    for name in STREAMS:
        assert {own[name] for own in first}.isdisjoint({own[name] for own in second})
    assert len({own["augment"] for own in first}) == 1


def test_the_rest_changes_as_one():
    sampler = SeedBlocks(streams="init+rest")
    levels = [sampler.levels(place) for place in range(4)]
    assert len({own["init"] for own in levels}) == 2
    for own, other in itertools.combinations(levels, 2):
        same = {own[name] == other[name] for name in ("order", "augment", "dropout")}
        assert len(same) == 1  # all of them, or none
    assert len({own["order"] for own in levels}) == 2


def test_every_stream_gets_its_seed_from_its_level():
    sampler = SeedBlocks()
    for index in (0, 5, 8, 9, 30):
        run = Run(index)
        (sample,) = sampler.members(run)
        assert run.asked == sampler.levels(index)
        assert set(sample.weights) == {"weight", "bias"}


@pytest.mark.parametrize(
    "streams", ["", "init+init", "init+ordre", "rest", "init+order+augment+dropout+rest", "init,order"]
)
def test_impossible_streams(streams):
    with pytest.raises(UsageError, match=rf"streams={streams.replace('+', '[+]')} is not possible; join some of init"):
        SeedBlocks(streams=streams)
