"""Localisation against loops over pixels, scikit-learn and random tie-breaking.

Not run here, since it is no dependency: on 200 random maps without ties all four equal those of Quantus 0.6.0, to
rounding.
"""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.localization import (
    MEASURES,
    chance,
    localization,
    pointing_game,
    relevance,
    relevance_mass,
    relevance_rank,
    roc_auc,
    upsampled,
)


def rows_and_mask(rng, *, pixels=24, levels=None):
    """Relevance of 5 maps, with ties where there are few levels, and a mask with pixels inside and outside."""
    rows = (
        np.abs(rng.normal(size=(5, pixels))) if levels is None else rng.integers(0, levels, (5, pixels)).astype(float)
    )
    mask = rng.random(pixels) < 0.3
    mask[:2] = True, False
    return rows, mask


@pytest.mark.parametrize("levels", [None, 3])
def test_auc_is_that_of_scikit_learn(rng, levels):
    for _ in range(20):
        rows, mask = rows_and_mask(rng, levels=levels)
        expected = [roc_auc_score(mask, row) for row in rows]
        assert roc_auc(torch.from_numpy(rows), torch.from_numpy(mask)).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("levels", [None, 3])
def test_rank_and_pointing_are_what_random_tie_breaking_gives_on_average(rng, levels):
    rows, mask = rows_and_mask(rng, pixels=12, levels=levels)
    count, draws = int(mask.sum()), 4000
    for row, rank, point in zip(
        rows,
        relevance_rank(torch.from_numpy(rows), torch.from_numpy(mask)).tolist(),
        pointing_game(torch.from_numpy(rows), torch.from_numpy(mask)).tolist(),
        strict=True,
    ):
        order = np.lexsort((rng.random((draws, 12)), np.broadcast_to(-row, (draws, 12))), axis=-1)
        hits = mask[order]
        assert rank == pytest.approx(hits[:, :count].mean(), abs=0.02 if levels else 1e-12)
        assert point == pytest.approx(hits[:, 0].mean(), abs=0.03 if levels else 1e-12)


def test_mass_is_a_loop_over_pixels(rng):
    rows, mask = rows_and_mask(rng)
    expected = [sum(v for v, m in zip(row, mask, strict=True) if m) / sum(row) for row in rows]
    assert relevance_mass(torch.from_numpy(rows), torch.from_numpy(mask)).tolist() == pytest.approx(expected)


def test_hand_computed_cases():
    mask = torch.tensor([[True, True], [False, False]])
    result = localization(torch.tensor([[[[4.0, 1.0], [2.0, 1.0]]]]), mask)
    # the two most relevant are 4 (on the mask) and 2; pairs (in, out): 4>2, 4>1, 1<2, 1=1
    expected = {"mass": 5 / 8, "rank": 1 / 2, "pointing": 1.0, "auc": 2.5 / 4}
    assert {name: own.item() for name, own in result.items()} == expected


@pytest.mark.parametrize("value", [0.0, 7.0])
def test_a_map_that_says_nothing_gets_chance(value):
    mask = torch.zeros(6, 5, dtype=torch.bool)
    mask[1:3, 2:4] = True
    result = localization(torch.full((1, 2, 6, 5), value), mask)
    assert {name: own.item() for name, own in result.items()} == pytest.approx(chance(mask))


def test_noise_is_at_chance_on_average(generator):
    mask = torch.zeros(8, 8, dtype=torch.bool)
    mask[2:5, 1:4] = True
    result = localization(torch.randn(4000, 3, 8, 8, generator=generator), mask)
    for name, expected in chance(mask).items():
        error = float(result[name].std()) / math.sqrt(4000)
        assert abs(float(result[name].mean()) - expected) < 4 * error, name


def test_without_pixels_inside_or_outside_nothing_is_told(generator):
    for mask in (torch.ones(3, 3, dtype=torch.bool), torch.zeros(3, 3, dtype=torch.bool)):
        result = localization(torch.rand(2, 1, 3, 3, generator=generator), mask)
        assert all(bool(own.isnan().all()) and own.shape == (2,) for own in result.values())


def test_each_view_has_its_relevance():
    maps = torch.tensor([[[-3.0, 2.0]], [[1.0, -1.0]]])
    assert relevance(maps, "signed").tolist() == [[2.0, 1.0]]
    assert relevance(maps, "relu").tolist() == [[1.0, 2.0]]
    assert relevance(maps, "abs").tolist() == [[4.0, 3.0]]


def test_layer_maps_are_enlarged_bilinearly_as_by_hand():
    small = torch.tensor([[[0.0, 4.0], [8.0, 12.0]]], dtype=torch.float64)

    def at(y, x):
        """The value at the centre of pixel (y, x) of a grid twice as fine; flat beyond the outer centres."""
        v, u = (min(max((place + 0.5) / 2 - 0.5, 0), 1) for place in (y, x))
        return 8 * v + 4 * u

    expected = [[at(y, x) for x in range(4)] for y in range(4)]
    assert upsampled(small, (4, 4))[0].tolist() == expected
    mask = torch.zeros(4, 4, dtype=torch.bool)
    mask[3, 3] = True
    assert localization(small[None], mask)["mass"].item() == pytest.approx(12 / np.sum(expected))


def test_vectorised_over_maps(generator):
    maps, mask = torch.randn(6, 3, 5, 7, generator=generator), torch.rand(5, 7, generator=generator) < 0.4
    together = localization(maps, mask)
    for i in range(6):
        assert {name: own[i].item() for name, own in together.items()} == pytest.approx(
            {name: own.item() for name, own in localization(maps[i : i + 1], mask).items()}
        )
    assert list(together) == list(MEASURES)


@pytest.mark.parametrize(
    ("maps", "mask", "words"),
    [
        (torch.ones(2, 4, 4), torch.ones(4, 4, dtype=torch.bool), r"maps of shape \[2, 4, 4\]"),
        (torch.ones(2, 1, 4, 4), torch.ones(4, 4), r"torch.float32 mask of shape \[4, 4\]"),
        (torch.full((1, 1, 2, 2), torch.nan), torch.ones(2, 2, dtype=torch.bool), "NaN or infinity"),
    ],
)
def test_bad_input_is_named(maps, mask, words):
    with pytest.raises(UsageError, match=words):
        localization(maps, mask)
