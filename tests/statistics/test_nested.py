"""r within a start and of the population: analytic values, independent sums, and simulated coverage."""

from __future__ import annotations

import importlib.util
import math
import sys
from pathlib import Path

import pytest
import torch

from saliencynoise.statistics.cell_statistics import image_statistics, summarise
from saliencynoise.statistics.nested import best_split, nested, reliability_of, seeds_for_cost, worth_of
from saliencynoise.statistics.significance import sign_flip_test

SCRIPT = Path(__file__).parents[2] / "docs" / "scripts" / "nested.py"
FOUR_OF_TWO = (0, 0, 1, 1, 2, 2, 3, 3)


def drawn(generator, *, sizes=(2, 2, 2, 2), images=24, pixels=400, r=0.5, start=0.8):
    """Maps [B, E, P] of known r, `start` the share of the noise that members of a start have in common."""
    repeat = torch.tensor(sizes)
    signal = torch.randn(images, 1, pixels, generator=generator, dtype=torch.float64)
    starts = torch.randn(images, len(sizes), pixels, generator=generator, dtype=torch.float64)
    own = torch.randn(images, sum(sizes), pixels, generator=generator, dtype=torch.float64)
    return r**0.5 * signal + start**0.5 * starts.repeat_interleave(repeat, 1) + (1 - start) ** 0.5 * own


def gram_of(maps):
    return maps @ maps.mT


def test_both_r_are_those_of_the_population_it_was_drawn_from(generator):
    found = nested(gram_of(drawn(generator)), FOUR_OF_TWO, seed=0)
    assert found.r_population.value == pytest.approx(0.5, rel=0.1)
    assert found.r_within.value == pytest.approx((0.5 + 0.8) / 0.2, rel=0.1)
    assert found.r_population.interval.low < 0.5 < found.r_population.interval.high
    assert found.r_population.interval.question == "starts and images"
    assert found.r_population.interval.words == "for networks from other starts and other images"
    assert "fewer than 8 starts" in found.r_population.interval.note


def test_reliability_and_worth_are_measured_on_fresh_starts(generator):
    """The cosine of two averages of other starts, and the number of independent networks with the same."""
    fresh = drawn(generator, sizes=(3,) * 8, images=400, pixels=200)
    halves = [fresh[:, 12 * half : 12 * half + 12].mean(1) for half in (0, 1)]
    cosine = float((halves[0] * halves[1]).sum() / (halves[0].square().sum() * halves[1].square().sum()).sqrt())
    c_b, c_w = torch.tensor(0.5 / 1.5), torch.tensor(1.3 / 1.5)
    assert float(reliability_of(c_b, c_w, starts=4, seeds=3)) == pytest.approx(cosine, abs=0.01)
    worth = float(worth_of(c_b, c_w, starts=4, seeds=3))
    assert worth * 0.5 / (1 + worth * 0.5) == pytest.approx(cosine, abs=0.01)
    assert float(worth_of(c_b, c_w, starts=7, seeds=1)) == pytest.approx(7)
    assert float(worth_of(c_b, c_w, starts=1, seeds=1e9)) == pytest.approx(1 / 0.8, rel=1e-6)


def test_the_figures_of_the_pilot():
    """r .25 between starts, 2.7 within: eight networks of one start are worth 1.4; eight heads (r 86) 1.01.

    The pilot saw an agreement of .28 between two such ensembles, which is worth .28/.72/.25 = 1.6 at r = .25.
    """
    between = torch.tensor(0.25 / 1.25)
    assert float(worth_of(between, torch.tensor(2.7 / 3.7), starts=1, seeds=8)) == pytest.approx(1.42, abs=0.005)
    assert float(worth_of(between, torch.tensor(86 / 87), starts=1, seeds=8)) == pytest.approx(1.01, abs=0.005)
    assert float(reliability_of(between, torch.tensor(2.7 / 3.7), starts=1, seeds=8)) == pytest.approx(0.26, abs=0.005)


def test_unequal_starts_count_alike(generator):
    sizes = (1, 2, 5)
    maps = drawn(generator, sizes=sizes, images=3)
    clusters = (0, 1, 1, 2, 2, 2, 2, 2)
    found = nested(gram_of(maps), clusters, seed=0)
    unit = torch.nn.functional.normalize(maps, dim=-1)
    cosines = gram_of(unit).mean(0)
    means = [cosines[:1, 1:3].mean(), cosines[:1, 3:].mean(), cosines[1:3, 3:].mean()]
    assert found.c_between == pytest.approx(float(sum(means)) / 3, abs=1e-10)
    last = cosines[3:, 3:]
    within = [cosines[1, 2], (last.sum() - last.trace()) / 20]
    assert found.c_within == pytest.approx(float(sum(within)) / 2, abs=1e-10)
    assert found.sizes == sizes
    noise = (found.c_within - found.c_between) * (1 + 4 + 25) / 64 + (1 - found.c_within) / 8  # of the average of all
    assert found.worth.value == pytest.approx((1 - found.c_between) / noise, rel=1e-9)


def test_with_one_start_the_population_is_not_estimated(generator):
    gram = gram_of(drawn(generator, sizes=(4,)))
    found = nested(gram, (0,) * 4, seed=0)
    assert found.r_population is None
    assert found.worth is None
    assert math.isnan(found.c_between)
    assert found.averages == found.splits == ()
    assert found.r_within.interval.question == "both"


def test_two_starts_have_no_interval(generator):
    found = nested(gram_of(drawn(generator, sizes=(2, 2))), (0, 0, 1, 1), seed=0)
    assert found.r_population.interval is None
    assert found.worth.interval is None
    assert all(average.interval is None for average in found.averages)


def test_single_members_leave_r_within_unknown(generator):
    found = nested(gram_of(drawn(generator, sizes=(1,) * 4)), (0, 1, 2, 3), seed=0)
    assert math.isnan(found.c_within)
    assert found.worth is None
    assert found.r_population.value == pytest.approx(0.5, rel=0.2)


def test_equal_maps_are_worth_any_number():
    maps = torch.ones(2, 4, 9, dtype=torch.float64)
    found = nested(gram_of(maps), (0, 0, 1, 1), seed=0)
    assert found.r_population.value == math.inf
    assert found.worth.value == math.inf


@pytest.mark.parametrize("start_cost", [0.0, 1.0, 10.0, 100.0])
def test_the_best_split_is_the_best_of_all(start_cost):
    c_b, c_w, budget = 0.2, 0.6, 400.0
    split = best_split(c_b, c_w, start_cost=start_cost, budget=budget)
    between, within = torch.tensor(c_b).double(), torch.tensor(c_w).double()
    affordable = {
        (k, j): float(worth_of(between, within, starts=k, seeds=j))
        for k in range(1, 401)
        for j in range(1, 401)
        if k * (start_cost + j) <= budget
    }
    assert split.worth == pytest.approx(max(affordable.values()))
    assert (split.starts, split.seeds) in affordable
    large = best_split(c_b, c_w, start_cost=start_cost, budget=1e5)  # whole starts leave little of it
    assert large.seeds == pytest.approx(max(1.0, seeds_for_cost(c_b, c_w, start_cost=start_cost)), abs=1)


def test_where_starts_cost_nothing_each_network_has_its_own():
    split = best_split(0.2, 0.6, start_cost=0.0, budget=16.0)
    assert (split.starts, split.seeds, split.worth) == (16, 1, pytest.approx(16))


def test_the_headline_is_that_of_the_population(generator):
    maps = drawn(generator, images=12)
    images = [image_statistics(image, clusters=FOUR_OF_TWO) for image in maps]
    figures = summarise(images, view="signed", seed=0, clusters=FOUR_OF_TWO)
    plain = summarise([image_statistics(image) for image in maps], view="signed", seed=0)
    assert figures.nested is not None
    assert figures.estimates["snr"].value == figures.nested.r_population.value
    assert figures.estimates["snr"].interval == figures.nested.r_population.interval
    assert figures.estimates["snr"].value < plain.estimates["snr"].value  # pairs of one start agree more
    assert figures.estimates["snr_pixel"].value == plain.estimates["snr_pixel"].value
    assert figures.members_needed.value > plain.members_needed.value
    assert figures.signal_p is None
    assert figures.signal_note.startswith("no test: 4 starts")
    assert plain.nested is None


def test_one_start_keeps_the_figures_within_it(generator):
    maps = drawn(generator, sizes=(8,), images=12)
    clusters = (0,) * 8
    images = [image_statistics(image, clusters=clusters) for image in maps]
    figures, plain = (summarise(images, view="signed", seed=0, clusters=own) for own in (clusters, None))
    assert dict(figures.estimates) == dict(plain.estimates)
    assert figures.nested.r_population is None
    assert figures.nested.r_within.value == figures.estimates["snr"].value


def test_published_figures_leave_out_whole_starts(generator):
    maps = drawn(generator, images=1)[0]
    found = image_statistics(maps, clusters=FOUR_OF_TWO).snr_pixel_without
    for start in range(4):
        rest = torch.cat([maps[: 2 * start], maps[2 * start + 2 :]])
        due = float((rest.mean(0).abs() / rest.std(0)).mean())
        assert float(found[start]) == pytest.approx(due, rel=1e-10)


def test_draws_of_nested_networks(generator):
    """r of single draws and r of the networks alone are those between starts."""
    networks = drawn(generator, sizes=(2,) * 8, images=12)
    clusters = tuple(member // 2 for member in range(16))
    noise = torch.randn(12, 16, 2, 400, generator=generator, dtype=torch.float64)
    noise[:, :, 1] = noise[:, :1, 1]  # the second draw is shared
    maps = networks[:, :, None] + 0.7 * noise
    images = [image_statistics(image, clusters=clusters) for image in maps]
    figures = summarise(images, view="signed", seed=0, clusters=clusters)
    assert figures.estimates["snr"].value == pytest.approx(0.5 / 1.49, rel=0.1)
    assert figures.estimates["snr_network"].value == pytest.approx(0.5, rel=0.1)
    assert figures.energy["network"] == pytest.approx(1 / 1.99, abs=0.05)
    raw = summarise(images, view="signed", seed=0, clusters=clusters, scale="raw")
    assert raw.estimates["snr_averaged"].value == pytest.approx(0.5 / 1.49, rel=0.1)


def test_a_start_effect_alone_is_no_signal(generator):
    """Flips of starts keep their level; flips of members take what a start's members share for signal."""
    clusters = tuple(member // 4 for member in range(32))
    whole, members = [], []
    for seed in range(40):
        maps = drawn(generator, sizes=(4,) * 8, images=4, pixels=12, r=0.0)
        images = [image_statistics(image, clusters=clusters) for image in maps]
        whole.append(summarise(images, view="signed", seed=seed, clusters=clusters).signal_p)
        members.append(sign_flip_test(gram_of(maps), seed=seed).p)
    assert sum(p <= 0.05 for p in whole) <= 6  # 2 expected
    assert sum(p <= 0.05 for p in members) > 20


@pytest.fixture(scope="module")
def script():
    if not SCRIPT.exists():
        pytest.skip("the docs are not in this distribution")
    spec = importlib.util.spec_from_file_location("nested_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["nested_script"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.mark.simulation
@pytest.mark.parametrize("design", [(4, 2), (8, 4)])
def test_intervals_cover(script, repetitions, design):
    setting = script.Setting(r=0.5, start_share=0.6, pixels=16, common=0.5)
    true = script.truth(setting, torch.Generator().manual_seed(1), rounds=repetitions(100, 20))
    count = repetitions(400, 25)
    covered = script.coverage(setting, design, images=16, repetitions=count, true=true, seed=0)
    slack = 3 * (0.95 * 0.05 / count) ** 0.5
    assert all(share >= 0.93 - slack for share in covered.values())
