"""Marginalising raises localisation where the signal is on the causing pixels, and does not where it is elsewhere."""

import json
import math

import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.records.cell import Localization
from saliencynoise.records.writing import json_of, record_of
from saliencynoise.statistics import localization_curve
from saliencynoise.statistics.averages import plan_averages
from saliencynoise.statistics.intervals import Pooled, both_interval
from saliencynoise.statistics.localization import MEASURES, localization
from saliencynoise.statistics.localization_curve import localize, summarise_localization
from tests.known_pixels import SIZE, located, masks_of, simulated


def test_averaging_moves_an_aligned_signal_towards_the_truth():
    masks = masks_of(16)
    result = located(simulated(masks, members=8), masks)
    for name, own in result.measures.items():
        values = [point.value for point in own.curve]
        assert values == sorted(values), name
        assert own.gain.interval.low > 0
        assert own.gain.p < 0.05
        assert own.curve[0].value > own.chance


def test_averaging_does_not_move_a_misplaced_signal_there_though_its_noise_falls_as_much():
    """All networks share a template beside the causing pixels: they agree ever better, on the wrong place."""
    masks = masks_of(16)
    maps = simulated(masks, members=8, shift=6)
    result = located(maps, masks)
    for name, own in result.measures.items():
        assert own.gain.value < 0.02, name
        assert not (own.gain.p < 0.05 and own.gain.value > 0)
        assert own.curve[-1].value < own.chance + 0.05
    moved = located(maps, masks.roll((6, 6), (1, 2)))
    assert moved.measures["auc"].gain.value > 0.1  # towards where the template is


def test_of_pure_noise_nothing_is_claimed():
    """At level 0.05 each, 40 studies: at most 6 by chance (p = 0.014)."""
    masks = masks_of(8)
    claims = dict.fromkeys(MEASURES, 0)
    for seed in range(40):
        generator = torch.Generator().manual_seed(seed)
        result = located(torch.randn(8, 6, 1, SIZE, SIZE, generator=generator), masks)
        for name, own in result.measures.items():
            claims[name] += own.gain.p < 0.05
    assert max(claims.values()) <= 6


def test_values_and_intervals_are_those_of_direct_averages():
    masks = masks_of(5)
    maps = simulated(masks, members=3)
    result = located(maps, masks)

    def direct(chosen):
        averaged = [own[chosen].mean(0, keepdim=True) for own in maps]
        each = [localization(own, mask) for own, mask in zip(averaged, masks, strict=True)]
        return {name: torch.cat([own[name] for own in each]) for name in MEASURES}

    everyone = direct([0, 1, 2])
    pairs = [direct([a, b]) for b in range(3) for a in range(b)]
    without = [direct([f for f in range(3) if f != e]) for e in range(3)]
    for name, own in result.measures.items():
        assert [point.members for point in own.curve] == [1, 2, 3]
        assert own.curve[1].value == pytest.approx(sum(float(pair[name].mean()) for pair in pairs) / 3)
        assert own.curve[2].value == pytest.approx(float(everyone[name].mean()))
        assert result.per_image[f"localization_{name}_marginal"] == pytest.approx(everyone[name].tolist())
        figure = Pooled(per_image=everyone[name], without=torch.stack([own[name] for own in without], 1), lowest=0.0)
        expected = both_interval(figure, seed=0)
        assert own.curve[2].interval.low == pytest.approx(expected.low, abs=1e-6)
        assert own.curve[2].interval.high == pytest.approx(min(expected.high, 1), abs=1e-6)


def test_intervals_cover_the_population(generator):
    """New networks, each with noise of its own on all images, and new images: 60 studies, nominal 0.95."""
    masks, averages, hits, values = masks_of(8), plan_averages(6, seed=0), [], []
    for _ in range(60):
        own = torch.randn(1, 6, 1, SIZE, SIZE, generator=generator)
        maps = masks[:, None, None] + own + torch.randn(8, 6, 1, SIZE, SIZE, generator=generator)
        result = [localize(image, mask, averages, view="signed") for image, mask in zip(maps, masks, strict=True)]
        points = summarise_localization(result, averages, seed=0).measures["auc"].curve
        values.append([point.value for point in points])
        hits.append([(point.interval.low, point.interval.high) for point in points])
    truth = torch.tensor(values).mean(0).tolist()
    for n, expected in enumerate(truth):
        covered = sum(ends[n][0] <= expected <= ends[n][1] for ends in hits) / 60
        assert covered >= 0.88


def test_the_view_is_that_of_the_average():
    """A rectified mean, not the mean of rectified maps: opposite values cancel before."""
    mask = torch.zeros(2, 2, dtype=torch.bool)
    mask[0, 0] = True
    maps = torch.tensor([[[[1.0, 3.0], [0.0, 0.0]]], [[[1.0, -3.0], [0.0, 0.0]]]])
    result = localize(maps, mask, plan_averages(2, seed=0), view="relu")
    assert result.values[0, -1, 0].item() == 1.0
    assert result.values[0, 0, 0].item() == (1 / 4 + 1) / 2


def test_pixels_that_tie_in_all_members_tie_in_the_average(generator):
    """As those of a segment do; else rounding would choose among them."""
    mask = torch.zeros(31, 33, dtype=torch.bool)
    mask[::2] = True
    level = torch.rand(7, 1, 1, 1, generator=generator).expand(7, 1, 31, 33)
    result = localize(level, mask, plan_averages(7, seed=0), view="signed")
    assert result.values[2, :, 0].tolist() == pytest.approx([result.chance["pointing"]] * 4)
    assert result.values[3, :, 0].tolist() == pytest.approx([0.5] * 4)


def test_blank_maps_count_as_chance_and_are_counted():
    masks = masks_of(3)
    maps = simulated(masks, members=4)
    maps[:, 0] = 0
    result = located(maps, masks)
    assert result.blank == 0.25
    everything = masks.clone()
    everything[0] = True
    some = located(maps, everything)
    assert some.images == 2
    assert math.isnan(some.per_image["localization_auc_single"][0])
    assert some.measures["mass"].chance == pytest.approx(16 / SIZE**2)


def test_few_members_or_images_have_the_intervals_that_can_be_had():
    masks = masks_of(4)
    two = located(simulated(masks, members=2), masks).measures["auc"]
    assert [point.members for point in two.curve] == [1, 2]
    assert two.gain.interval is None
    assert two.gain.p is None
    one = located(simulated(masks[:1], members=4), masks[:1]).measures["auc"]
    assert one.gain.interval.question == "members"
    nothing = located(simulated(masks, members=3), torch.ones_like(masks))
    assert nothing.images == 0
    assert (
        json.loads(json.dumps(json_of(record_of(nothing, Localization)), allow_nan=False))["measures"]["auc"]["gain"][
            "p"
        ]
        is None
    )


def test_averages_are_made_in_parts_that_fit_the_memory(monkeypatch):
    masks = masks_of(1)
    maps = simulated(masks, members=5)[0]
    averages = plan_averages(5, seed=0)
    whole = localize(maps, masks[0], averages, view="signed")
    monkeypatch.setattr(localization_curve, "VALUES", 2 * SIZE**2)
    parts = localize(maps, masks[0], averages, view="signed")
    assert torch.allclose(parts.values, whole.values, atol=1e-6)  # a product of few rows rounds otherwise


def test_another_number_of_members_is_refused():
    with pytest.raises(UsageError, match="maps of 3 members for averages of 4"):
        localize(torch.ones(3, 1, 4, 4), masks_of(1)[0], plan_averages(4, seed=0), view="signed")
