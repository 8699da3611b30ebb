from itertools import product
from types import SimpleNamespace

import pytest
import torch

from saliencynoise.engine.ensemble_maps import EnsembleMaps, inner_products, unit
from saliencynoise.registry.catalogue import catalogue


def strategy(*groups):
    return EnsembleMaps(label="x", plan=SimpleNamespace(), study=SimpleNamespace(), groups=groups)


def test_a_budget_takes_the_first_members_of_each_run():
    runs = strategy((0, 1, 2), (3, 4, 5), (6, 7))
    assert runs.groups_of(1) == [(0,), (3,), (6,)]
    assert runs.groups_of(2) == [(0, 1), (3, 4), (6, 7)]
    assert runs.groups_of(3) == [(0, 1, 2), (3, 4, 5)]
    assert runs.groups_of(4) == []


def test_runs_of_one_member_are_put_together_and_share_none():
    networks = strategy((0,), (1,), (2,), (3,), (4,))
    assert networks.groups_of(2) == [(0, 1), (2, 3)]
    assert networks.groups_of(5) == [(0, 1, 2, 3, 4)]
    assert networks.groups_of(6) == []


@pytest.fixture
def drawn():
    generator = torch.Generator().manual_seed(0)
    return lambda *shape: torch.randn(*shape, generator=generator)


def test_noise_that_a_draw_gives_to_all_is_no_agreement(drawn):
    """The second draw is in no product, however alike its maps are."""
    maps = drawn(1, 6, 2, 1, 20, 20)
    maps[:, :, 1] = drawn(1, 1, 1, 20, 20)
    mean = catalogue().aggregator("mean")
    (found,) = inner_products([(mean, [(0,), (1,), (2,)])], (0, 1, 2), maps[:, :3], maps[:, 3:])
    assert float(unit(maps[0])[:, 1].std(0).max()) < 1e-7
    assert float(found.abs().max()) < 0.2


def test_zero_maps_stay_zero():
    maps = torch.zeros(2, 1, 1, 2, 2)
    maps[0, 0, 0, 0, 0] = 3.0
    assert unit(maps).tolist() == [[[1.0, 0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0, 0.0]]]


@pytest.mark.parametrize("draws", [1, 2, 3])
def test_averages_against_a_loop_over_images_groups_and_draws(drawn, draws):
    members, images = (2, 5, 7), 3
    maps, others = drawn(images, 3, draws, 1, 2, 3), drawn(images, 4, draws, 1, 2, 3)
    mean, median = (catalogue().aggregator(name) for name in ("mean", "median"))
    averages = [(mean, [(2, 7), (5, 2)]), (median, [(2, 5, 7)])]
    found = inner_products(averages, members, maps, others)
    assert [tuple(own.shape) for own in found] == [(2, images, 4), (1, images, 4)]
    pairs = list(product([draw for draw in range(draws) if draw != 1], repeat=2))  # of own draws
    for (aggregator, groups), own in zip(averages, found, strict=True):
        for (s, group), i, e in product(enumerate(groups), range(images), range(4)):
            chosen = maps[i, [members.index(member) for member in group]].double()
            average = chosen.mean(0) if aggregator is mean else chosen.median(0).values
            cosines = [
                torch.nn.functional.cosine_similarity(average[d].flatten(), others[i, e, f].double().flatten(), dim=0)
                for d, f in pairs
            ]
            assert float(own[s, i, e]) == pytest.approx(float(sum(cosines)) / len(pairs), abs=1e-6)
