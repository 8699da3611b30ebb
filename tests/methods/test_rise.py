"""RISE: the estimator on all masks there are, the masks by their distribution, and both by a loop in numpy."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import nn

from saliencynoise.interfaces import Batch, FunctionalMethod, Network, Noise
from saliencynoise.methods.rise import Rise
from tests.methods.families import assert_equal, maps_of, small, small_batch
from tests.methods.test_cams_by_perturbation import interpolation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SHAPE = (4, 6)


def tiny() -> tuple[Network, Batch]:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        module = nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.Tanh(), nn.Flatten(), nn.Linear(72, 2)).double()
    x = torch.randn(2, 2, *SHAPE, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return Network(module=module, points={}), Batch(x=x, target=torch.tensor([1, 0]), background=x, noise=Noise((5, 9)))


def cut(grid: NDArray[np.float64], top: int, left: int, shape: tuple[int, int]) -> NDArray[np.float64]:
    """A grid, upsampled by one cell more than the image, cut out at a place within a cell."""
    cells = len(grid)
    rows, columns = (interpolation(cells, (cells + 1) * -(-side // cells)) for side in shape)
    return (rows @ grid @ columns.T)[top : top + shape[0], left : left + shape[1]]


def all_masks() -> NDArray[np.float64]:
    """Every mask of 2 x 2 cells for images of 4 x 6: equally likely for a probability of one half."""
    grids = [np.array(bits, float).reshape(2, 2) for bits in product((0, 1), repeat=4)]
    return np.stack([cut(grid, top, left, SHAPE) for grid in grids for top in range(2) for left in range(3)])


@dataclass(frozen=True)
class Enumerated(Rise):
    """RISE whose draws are all masks, each once."""

    samples: int = 96
    cells: int = 2

    def masks(self, batch: Batch) -> Iterator[torch.Tensor]:
        for mask in all_masks():
            yield torch.from_numpy(mask).expand(len(batch.x), 1, *SHAPE)


def plain(network: Network, batch: Batch, masks: torch.Tensor, probability: float) -> torch.Tensor:
    """The paper's estimator, without the mean subtracted."""
    maps = []
    for x, target in zip(batch.x, batch.target, strict=True):
        scores = torch.stack([network.module((x * mask)[None])[0, target] for mask in masks]).detach()
        maps.append(torch.einsum("n,nhw->hw", scores, masks) / (len(masks) * probability))
    return torch.stack(maps)[:, None]


def test_over_all_masks_it_is_the_papers_map_less_the_mean_score():
    network, batch = tiny()
    masks = torch.from_numpy(all_masks())
    paper = plain(network, batch, masks, 0.5)
    means = torch.stack(
        [
            network.module(x * masks[:, None])[:, target].mean().detach()
            for x, target in zip(batch.x, batch.target, strict=True)
        ]
    )
    maps = maps_of(network, Enumerated(), batch) * 95 / 96
    assert_equal(maps, paper - means[:, None, None, None])
    assert torch.equal(maps.flatten(1).argsort(), paper.flatten(1).argsort())


def test_over_all_masks_of_a_linear_network_it_is_the_covariance_of_the_masks_times_the_contributions():
    _, batch = tiny()
    network = Network(module=nn.Sequential(nn.Flatten(), nn.Linear(48, 2)).double(), points={})
    weights = network.module[1].weight.detach()[batch.target].reshape(batch.x.shape)
    contributions = (weights * batch.x).sum(1).flatten(1)
    covariance = torch.from_numpy(np.cov(all_masks().reshape(96, -1).T))
    assert_equal(maps_of(network, Enumerated(), batch), (contributions @ covariance / 0.5).reshape(2, 1, *SHAPE))


def test_the_masks_that_are_drawn_are_those_equally_often():
    _, batch = tiny()
    drawn = torch.cat(list(Rise(samples=4000, cells=2).masks(batch)), 1).flatten(0, 1).numpy()
    distances = np.abs(drawn[:, None] - all_masks()[None]).max((2, 3))
    assert distances.min(1).max() < 1e-12
    counts = (distances < 1e-12).sum(0)
    _, copies = np.unique(all_masks().round(9), axis=0, return_counts=True)
    assert copies.max() == 6  # the two uniform grids look the same wherever they are cut out
    expected = np.array([(np.abs(all_masks() - mask).max((1, 2)) < 1e-12).sum() for mask in all_masks()]) * 8000 / 96
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected)).all()


@pytest.mark.parametrize("probability", [0.2, 0.7])
def test_cells_are_visible_with_the_probability(probability):
    _, batch = tiny()
    masks = torch.stack(list(Rise(samples=2000, cells=3, probability=probability).masks(batch)))
    error = (masks.mean((0, 1, 2)) - probability).abs()
    assert (error < 5 * (probability * (1 - probability) / 4000) ** 0.5).all()


def test_it_is_a_loop_over_the_documented_draws():
    network, batch = small(), small_batch()
    method, maps = Rise(samples=30, cells=5, probability=0.4), []
    for x, target, seed in zip(batch.x, batch.target, batch.noise.seeds, strict=True):
        generator = torch.Generator().manual_seed(seed)
        grids = (torch.rand(30, 5, 5, generator=generator) < 0.4).double().numpy()
        tops, lefts = (torch.randint(side, (30,), generator=generator).tolist() for side in (3, 4))
        masks = torch.from_numpy(np.stack([cut(*draw, (12, 20)) for draw in zip(grids, tops, lefts, strict=True)]))
        scores = torch.stack([network.module((x * mask)[None])[0, target] for mask in masks]).detach()
        maps.append(sum((s - scores.mean()) * mask for s, mask in zip(scores, masks, strict=True)) / (29 * 0.4))
    assert_equal(maps_of(network, method, batch), torch.stack(maps)[:, None])


def test_other_seeds_draw_other_masks_and_the_global_state_is_left_alone():
    network, batch = small(), small_batch()
    before = torch.get_rng_state()
    first = maps_of(network, Rise(samples=10), batch)
    assert torch.equal(maps_of(network, Rise(samples=10), batch), first)
    other = maps_of(network, Rise(samples=10), replace(batch, noise=Noise((1, 8, 9))))
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.allclose(other[0], first[0])
    assert torch.equal(other[1:], first[1:])


def test_images_smaller_than_the_grid_have_a_cell_for_each_pixel():
    network, batch = tiny()
    masks = torch.stack(list(Rise(samples=50, cells=9).masks(batch)))
    assert masks.shape == (50, 2, 1, *SHAPE)
    assert maps_of(network, Rise(samples=50, cells=9), batch).isfinite().all()
    huge = torch.stack(list(Rise(samples=50, cells=1_000_000).masks(batch)))
    assert torch.equal(huge, torch.stack(list(Rise(samples=50, cells=6).masks(batch)))), "six pixels, six cells"


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"samples": 1}, "samples=1 is not possible; it must be 2 or more"),
        ({"cells": 0}, "cells=0 is not possible; it must be 1 or more"),
        ({"probability": 0.0}, "probability=0.0 is not possible; it must be between 0 and 1"),
        ({"probability": 1.0}, "probability=1.0 is not possible; it must be between 0 and 1"),
    ],
)
def test_impossible_values_are_refused(values, text):
    with pytest.raises(ValueError, match=text):
        Rise(**values)


def test_it_satisfies_the_protocol():
    assert isinstance(Rise(), FunctionalMethod)
