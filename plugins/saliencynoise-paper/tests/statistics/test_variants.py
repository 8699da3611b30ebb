import itertools
import math

import numpy as np
import pytest
import torch
from skimage.measure import block_reduce

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.cell_statistics import image_statistics, summarise
from saliencynoise_paper.statistics.variants import (
    DIVISIONS,
    VARIANTS,
    Variant,
    _groups,
    fewer,
    gather,
    on_grid,
    variants,
)


def by_hand(maps: np.ndarray, variant: Variant) -> float:
    """The figure of one image, by loops and from its definition."""
    view = {"signed": lambda v: v, "relu": lambda v: np.maximum(v, 0), "abs": np.abs}[variant.view]
    viewed = view(maps.astype(float))
    if variant.norm == "unit":
        viewed = np.stack([m / np.linalg.norm(m) if m.any() else m for m in viewed])
    if variant.corrected:
        pairs = [viewed[e] @ viewed[f] for e in range(len(viewed)) for f in range(len(viewed)) if e != f]
        return float(np.mean(pairs) / np.mean([m @ m for m in viewed]))
    mean, variance = viewed.mean(0), viewed.var(0, ddof=1)
    if variant.definition == "pixel":
        used = (mean != 0) | (variance != 0)
        return float(np.mean(np.abs(mean[used]) / np.sqrt(variance[used])))
    power = (mean**2).sum() / variance.sum()
    return float(power if variant.definition == "power" else math.sqrt(power))


@pytest.fixture
def maps(rng):
    result = rng.standard_normal((5, 40)) + rng.standard_normal(40)
    result[:, 3] = 0  # a pixel without a value in any member
    return result


def test_every_variant_is_its_definition_with_and_without_each_member(maps):
    figures = variants(torch.tensor(maps))
    assert len(VARIANTS) == len(set(VARIANTS)) == 3 * (3 * 2 + 2)
    for index, variant in enumerate(VARIANTS):
        assert figures.values[index].item() == pytest.approx(by_hand(maps, variant), rel=1e-10)
        for member in range(len(maps)):
            left = by_hand(np.delete(maps, member, 0), variant)
            assert figures.without[index, member].item() == pytest.approx(left, rel=1e-10)


def test_a_member_without_a_map_stays_zero(maps):
    maps[2] = 0
    figures = variants(torch.tensor(maps))
    for index, variant in enumerate(VARIANTS):
        assert figures.values[index].item() == pytest.approx(by_hand(maps, variant), rel=1e-10)


def test_unit_norm_takes_out_the_members_gain_and_raw_does_not(maps):
    gain = np.array([0.2, 1.0, 5.0, 2.0, 0.7])[:, None]
    plain, scaled = (variants(torch.tensor(values)).values for values in (maps, maps * gain))
    for index, variant in enumerate(VARIANTS):
        same = plain[index].item() == pytest.approx(scaled[index].item(), rel=1e-9)
        assert same == (variant.norm == "unit")


def test_figures_are_those_of_a_bench(rng):
    drawn = torch.tensor(rng.standard_normal((6, 4, 2, 30)) + rng.standard_normal((6, 1, 1, 30)))  # [B, E, D, P]
    cell = gather([variants(image[:, 0]) for image in drawn])  # draw 0: each member has its own
    figures = summarise([image_statistics(image) for image in drawn], view="signed", seed=3)
    keys = {"pixel": "snr_pixel", "rms": "snr_rms", "power": "snr_power", "r": "snr", "amplitude": "snr_amplitude"}
    for definition, key in keys.items():
        corrected = definition in {"r", "amplitude"}
        index = VARIANTS.index(Variant("signed", definition, "unit" if corrected else "raw"))
        expected = figures.estimates[key]
        assert cell.value(index) == pytest.approx(expected.value, rel=1e-10)
        assert cell.floor(index) == pytest.approx(expected.floor, rel=1e-10)
        if definition != "amplitude":  # a bench takes the root of r's interval
            interval = cell.interval(index, seed=figures_seed(3))
            assert interval.low == pytest.approx(expected.interval.low, rel=1e-9)
            assert interval.high == pytest.approx(expected.interval.high, rel=1e-9)


def test_fewer_networks_are_the_mean_over_groups_of_them(maps):
    """By loops over all groups, with and without each member; r is of all members."""
    result = fewer(torch.tensor(maps), 3)
    groups = list(itertools.combinations(range(5), 3))
    for index, variant in enumerate(VARIANTS):
        of_group = {group: by_hand(maps[list(group)], variant) for group in groups}
        assert result.values[index].item() == pytest.approx(np.mean(list(of_group.values())), rel=1e-10)
        for member in range(5):
            left = [value for group, value in of_group.items() if member not in group]
            assert result.without[index, member].item() == pytest.approx(np.mean(left), rel=1e-10)
    assert torch.equal(result.gram, variants(torch.tensor(maps)).gram)
    cell = gather([result])
    assert (cell.members, cell.networks) == (5, 3)
    assert cell.floor(VARIANTS.index(Variant("signed", "rms", "raw"))) == pytest.approx(1 / math.sqrt(3))


def test_groups_of_many_networks_divide_them_evenly():
    groups = _groups(30, 10)
    assert len(groups) == 3 * DIVISIONS
    assert {sum(member in group for group in groups) for member in range(30)} == {DIVISIONS}
    assert {len(group) for group in groups} == {10}


@pytest.mark.parametrize("networks", [1, 5, 6])
def test_no_fewer_networks_are_refused(maps, networks):
    with pytest.raises(UsageError, match=f"{networks} of 5 networks is not possible; give 2 or more, and fewer"):
        fewer(torch.tensor(maps), networks)


def figures_seed(seed: int) -> int:
    from saliencynoise.interfaces import derive_seed

    return derive_seed(seed, "bootstrap")


def test_images_without_maps_count_nowhere(maps):
    alone = gather([variants(torch.tensor(maps))])
    beside = gather([variants(torch.tensor(maps)), variants(torch.zeros(5, 40))])
    assert [beside.value(index) for index in range(len(VARIANTS))] == [
        alone.value(index) for index in range(len(VARIANTS))
    ]
    nothing = gather([variants(torch.zeros(5, 40))])
    assert math.isnan(nothing.value(0))
    assert nothing.interval(0, seed=0) is None


def test_two_members_have_figures_and_no_intervals(maps):
    cell = gather([variants(torch.tensor(maps[:2])), variants(torch.tensor(maps[2:4]))])
    assert all(math.isfinite(cell.value(index)) for index in range(len(VARIANTS)))
    assert all(cell.interval(index, seed=0) is None for index in range(len(VARIANTS)))


@pytest.mark.parametrize("shape", [(1, 4), (4,), (3, 0), (2, 2, 2)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(UsageError, match=r"need \[members, pixels\]"):
        variants(torch.zeros(shape))


def test_the_common_grid_sums_channels_and_averages_areas(rng):
    maps = rng.standard_normal((3, 2, 3, 8, 12))
    expected = block_reduce(maps.sum(2, keepdims=True), (1, 1, 1, 2, 4), np.mean)
    assert on_grid(torch.tensor(maps), (4, 3)).numpy() == pytest.approx(expected)


def test_a_map_on_its_own_grid_only_loses_its_channels(rng):
    maps = torch.tensor(rng.standard_normal((3, 1, 5, 5)))
    assert torch.equal(on_grid(maps, (5, 5)), maps)


def test_words_name_every_variant_apart():
    assert len({variant.words for variant in VARIANTS}) == len(VARIANTS)
