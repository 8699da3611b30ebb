import numpy as np
import pytest
import torch

from saliencynoise.display.figures.averages import average_of, colour_limit
from saliencynoise.statistics import significant_pixels


@pytest.fixture
def maps():
    drawn = np.random.default_rng(0)
    signal = np.where(np.arange(6) < 2, 3.0, 0.0)
    return (drawn.normal(size=(8, 3, 5, 6)) + signal).astype(np.float32)


def test_significance_is_that_of_the_raw_values_of_all_channels(maps):
    maps[0] *= 50  # a gain that unit norms would remove
    found = average_of(maps)
    expected = significant_pixels(torch.from_numpy(maps).flatten(1))
    np.testing.assert_array_equal(found.significant.ravel(), expected.significant.numpy())
    assert found.share == pytest.approx(expected.share)


def test_the_significant_map_sums_the_significant_channels(maps):
    found = average_of(maps)
    assert 0 < found.significant.sum() < found.significant.size
    for y in range(5):
        for x in range(6):
            kept = [found.mean[c, y, x] for c in range(3) if found.significant[c, y, x]]
            assert found.mean_where_significant[y, x] == pytest.approx(sum(kept))
            assert found.significant_pixels[y, x] == bool(kept)


def test_a_members_nan_is_nan_in_every_average_and_nowhere_else(maps):
    maps[3, 1, 2, 0], maps[4, 0, 0, 1] = np.nan, np.inf
    found = average_of(maps)
    spots = np.zeros((5, 6), dtype=bool)
    spots[2, 0] = spots[0, 1] = True
    for tile in (found.mean.sum(0), found.noise, found.mean_where_significant, found.at_unit_norm):
        np.testing.assert_array_equal(np.isnan(tile), spots)
    assert not found.significant[1, 2, 0]
    alive = np.isfinite(maps).all(0)
    np.testing.assert_array_equal(
        found.significant[alive], significant_pixels(torch.from_numpy(maps[:, alive])).significant.numpy()
    )


def test_a_member_of_nothing_but_nan_leaves_nothing(maps):
    maps[2] = np.nan
    found = average_of(maps)
    assert np.isnan(found.mean_where_significant).all()
    assert (found.norm, found.share) == (0, 0)


def test_zero_maps_stay_zero():
    found = average_of(np.zeros((4, 1, 3, 3)))
    for tile in (found.mean, found.noise, found.mean_where_significant, found.at_unit_norm):
        assert not tile.any()
    assert (found.norm, found.share) == (0, 0)


def test_equal_members_have_no_noise_at_all(maps):
    found = average_of(np.repeat(maps[:1], 7, axis=0))  # a mean of seven equal numbers is not always that number
    assert not found.noise.any()
    assert found.share == 1


def test_one_member_has_neither_noise_nor_significance(maps):
    found = average_of(maps[:1])
    assert np.isnan(found.noise).all()
    assert np.isnan(found.mean_where_significant).all()
    assert np.isnan(found.share)
    assert not found.significant.any()


def test_the_limit_is_a_percentile_of_what_is_finite():
    assert colour_limit([np.array([[np.nan, np.inf]])]) == 0
    assert colour_limit([]) == 0
    values = np.arange(-1000.0, 0.0)[None]
    assert colour_limit([values, np.full((1, 5), np.nan)]) == np.percentile(-values, 99.5)
