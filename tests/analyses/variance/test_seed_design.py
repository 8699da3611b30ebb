"""Which streams have an effect, and that the design names each stream's own part and no other's."""

import itertools

import numpy as np
import pytest
import torch
from msgspec.structs import replace
from torch import nn

from saliencynoise.analyses.variance.seed_design import Blocks, design_of, without_effect
from saliencynoise.engine.architecture_plan import built_without_weights
from saliencynoise.interfaces import UsageError
from saliencynoise.records.study import MemberResult
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.statistics.components import seed_components
from saliencynoise.training.recipes import Recipe
from tests.studies import record_with

SHIFTS, STILL = Recipe(shift=1), Recipe()


@pytest.mark.parametrize(
    ("recipe", "part", "without"),
    [
        (STILL, nn.Linear(2, 2), {"augment", "dropout"}),
        (Recipe(flip=True), nn.Linear(2, 2), {"dropout"}),
        (SHIFTS, nn.Dropout(0.0), {"dropout"}),
        (SHIFTS, nn.Dropout2d(0.1), set()),
        (SHIFTS, nn.LSTM(2, 2, num_layers=2, dropout=0.1), set()),
        (SHIFTS, nn.MultiheadAttention(2, 1, dropout=0.1), set()),
    ],
    ids=["nothing", "flip", "no rate", "dropout", "lstm", "attention"],
)
def test_streams_without_effect(recipe, part, without):
    assert set(without_effect(recipe, nn.Sequential(nn.Linear(2, 2), part))) == without


@pytest.mark.parametrize(
    ("name", "arguments", "drops"),
    [
        ("test_resnet", {}, False),
        ("test_resnet", {"drop_rate": 0.1}, True),  # timm's resnets drop in a function, no module tells
        ("test_resnet", {"drop_path_rate": 0.1}, True),
        ("test_resnet", {"drop_block_rate": 0.1}, True),
        ("test_vit", {"attn_drop_rate": 0.1}, True),
    ],
)
def test_timms_networks(name, arguments, drops):
    network = built_without_weights(catalogue().model(name, arguments), (1, 16, 16), 10)
    assert ("dropout" not in without_effect(SHIFTS, network.module)) == drops


def test_designs():
    without = without_effect(SHIFTS, nn.Linear(2, 2))
    whole = design_of(None, without, architecture="a")
    assert (whole.factors, whole.sampler) == (
        ("init", "order", "augment"),
        "seed_blocks(streams=init+order+augment)",
    )
    one = design_of(["order"], without, architecture="a")
    assert (one.factors, one.rest) == (("order", "rest"), ("init", "augment"))
    assert one.streams_of("rest") == ("init", "augment")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["init", "ordre"], "--streams: unknown stream 'ordre'; did you mean 'order'?"),
        (["x"], "--streams: unknown stream 'x'; there are init, order, augment, dropout"),
        (["init", "dropout"], "'dropout' has no effect on net: the network drops nothing; leave it out"),
        (["augment"], "'augment' has no effect on net: the recipe neither shifts, flips nor crops images"),
        (["init", "init"], "--streams init,init is not possible; name different streams"),
        ([], "name different streams"),
    ],
)
def test_bad_streams(asked, words):
    with pytest.raises(UsageError) as stop:
        design_of(asked, without_effect(STILL, nn.Linear(2, 2)), architecture="net")
    assert words in str(stop.value)


def members_of(sampler, blocks):
    """Records of members with the labels of the sampler as their seeds."""
    instance = catalogue().sampler(sampler).instance
    size = instance.per_block
    members = [record_with(MemberResult, index=i) for i in range(blocks * size)]
    return [replace(member, seeds=instance.levels(member.index)) for member in members], size


def simulated(members, generator, effects):
    """Gram matrices of maps with a pattern for each combination of seeds that an effect names."""
    known, maps = {}, []
    common = torch.randn(16, 256, generator=generator, dtype=torch.float64)
    for member in members:
        own = common.clone()
        for effect, energy in effects.items():
            key = (effect, *(member.seeds[stream] for stream in effect.split()))
            pattern = known.setdefault(key, torch.randn(16, 256, generator=generator, dtype=torch.float64))
            own += energy**0.5 * pattern
        maps.append(own)
    stacked = torch.stack(maps, 1)
    return stacked @ stacked.mT


EFFECTS = {"init": 0.3, "order": 0.3, "init order": 0.2, "order augment": 0.2}


@pytest.mark.parametrize(
    ("asked", "firsts", "totals"),
    [
        (None, {"init": 0.3, "order": 0.3, "augment": 0.0}, {"init": 0.5, "order": 0.7, "augment": 0.2}),
        (["init"], {"init": 0.3, "rest": 0.5}, {"init": 0.5, "rest": 0.7}),
        (["augment"], {"augment": 0.0, "rest": 0.8}, {"augment": 0.2, "rest": 1.0}),
        (["order", "init"], {"order": 0.3, "init": 0.3, "rest": 0.0}, {"order": 0.7, "init": 0.5, "rest": 0.2}),
    ],
)
def test_each_part_is_the_streams_own_whatever_else_is_named(asked, firsts, totals):
    generator = torch.Generator().manual_seed(0)
    design = design_of(asked, {"dropout": "none"}, architecture="a")
    found = []
    for _ in range(30):
        members, size = members_of(design.sampler, 4)
        blocks = Blocks.of(members, design, per_block=size)
        gram = simulated(members, generator, EFFECTS)
        found.append(
            seed_components(
                gram,
                seeds=blocks.seeds,
                streams=design.factors,
                blocks=blocks.blocks,
                replicates=blocks.repeats,
            )
        )
    for place, factor in enumerate(design.factors):
        first = np.mean([own.streams[place].first.value for own in found])
        total = np.mean([own.streams[place].total.value for own in found])
        assert (first, total) == (pytest.approx(firsts[factor], abs=0.02), pytest.approx(totals[factor], abs=0.02))
    assert max(abs(own.replicate.value) for own in found) < 1e-9


def test_a_stream_that_all_of_a_block_share_would_count_as_anothers():
    """Why the streams that are not named vary as one: kept within blocks, `order` passes for `init`."""
    generator = torch.Generator().manual_seed(0)
    members, size = members_of("seed_blocks(streams=init+augment)", 4)
    gram = simulated(members, generator, {"init": 0.3, "order": 0.7})
    parts = seed_components(
        gram,
        seeds=[[own.seeds["init"], own.seeds["augment"]] for own in members],
        streams=("init", "augment"),
        blocks=[own.index // size for own in members],
        replicates=[own.index % size == size - 1 for own in members],
    ).streams
    assert parts[0].first.value == pytest.approx(1)


def test_blocks_by_the_seeds_of_the_records():
    members, size = members_of("seed_blocks(streams=init+order)", 2)
    design = design_of(["init", "order"], {"augment": "none", "dropout": "none"}, architecture="a")
    blocks = Blocks.of(members, design, per_block=size)
    assert blocks.blocks == (0,) * 5 + (1,) * 5
    assert blocks.repeats == (0, 0, 0, 0, 1) * 2
    assert blocks.repeated_pairs == [(0, 4), (5, 9)]
    for e, f in itertools.product(range(10), repeat=2):
        apart = all(members[e].seeds[name] != members[f].seeds[name] for name in ("init", "order"))
        assert bool(blocks.sharing_no_seed[e, f]) == apart
