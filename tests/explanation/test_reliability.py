"""Reliability of one picture's average map, against simulations and plain sums."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

from saliencynoise.explanation.reliability import map_reliability
from saliencynoise.statistics.curve import averaging_curve


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_without_draws_it_is_the_curve_of_r():
    maps = normal(1, 1, 500) + 1.5 * normal(8, 1, 500, seed=1)
    found = map_reliability(maps)
    (due,) = averaging_curve(found.snr, found.snr_interval, counts=[8])
    assert found.value == pytest.approx(due.reliability, rel=1e-12)
    assert found.interval.low == pytest.approx(due.interval.low, rel=1e-9)
    assert found.interval.high == pytest.approx(due.interval.high, rel=1e-9)
    assert found.interval.question == "members"


def test_with_draws_it_is_the_signal_over_the_energy_of_the_average():
    """A plain loop over pairs of maps; the energy is that of the very average of the unit-norm maps."""
    maps = normal(1, 1, 300) + normal(5, 1, 300, seed=1) + 0.7 * normal(5, 3, 300, seed=3)
    unit = (maps / maps.norm(dim=-1, keepdim=True)).numpy()
    cells = list(itertools.product(range(5), range(3)))
    signal = np.mean([unit[a] @ unit[b] for a, b in itertools.product(cells, cells) if a[0] != b[0]])
    energy = np.square(unit.mean((0, 1))).sum()
    assert map_reliability(maps).value == pytest.approx(signal / energy, rel=1e-9)


@pytest.mark.parametrize("draws", [1, 2])
def test_it_is_the_cosine_between_the_averages_of_two_ensembles(draws):
    """200 pairs of ensembles on one picture: mean of R against the pooled cosine; 95% intervals hold it in most."""
    signal = normal(1, 1, 400)
    scale = {"network": 1.2, "draw": 0.4, "residual": 0.4}

    def ensemble(seed):
        network, draw = normal(6, 1, 400, seed=seed), normal(6, draws, 400, seed=seed + 1)
        residual = normal(6, draws, 400, seed=seed + 2)
        stochastic = draws > 1
        noise = scale["network"] * network + stochastic * (scale["draw"] * draw + scale["residual"] * residual)
        return signal + noise

    found, across, energy = [], [], []
    for pair in range(200):
        one, two = ensemble(1000 + 10 * pair), ensemble(500_000 + 10 * pair)
        averages = [(own / own.norm(dim=-1, keepdim=True)).mean((0, 1)) for own in (one, two)]
        across.append(float(averages[0] @ averages[1]))
        energy += [float(own @ own) for own in averages]
        found.append(map_reliability(one))
    truth = np.mean(across) / np.mean(energy)
    assert np.mean([own.value for own in found]) == pytest.approx(truth, abs=0.01)
    covered = np.mean([own.interval.low <= truth <= own.interval.high for own in found])
    assert 0.9 <= covered <= 1.0


def test_agreement_noise_and_opposites():
    same = map_reliability(normal(1, 1, 50).expand(4, 1, 50))
    assert (same.snr, same.value, same.interval.low) == (math.inf, 1.0, 1.0)
    opposed = map_reliability(torch.tensor([[[1.0, 2.0]], [[-1.0, -2.0]], [[1.0, -2.0]]]))
    assert opposed.snr < 0
    assert opposed.value == 0.0
    assert str(opposed.needed) == "undetermined"


def test_two_members_have_no_interval():
    found = map_reliability(normal(1, 1, 50) + normal(2, 1, 50, seed=1))
    assert found.interval is None
    assert 0 < found.value < 1


def test_members_that_share_starts_are_compared_over_starts():
    """r is of pairs of different starts, and the reliability is the signal over the energy of the average."""
    starts = normal(1, 1, 300) + 1.2 * normal(4, 1, 300, seed=1)
    maps = starts.repeat_interleave(2, 0) + 0.5 * normal(8, 1, 300, seed=2)
    clusters = (0, 0, 1, 1, 2, 2, 3, 3)
    found = map_reliability(maps, clusters=clusters)
    unit = (maps / maps.norm(dim=-1, keepdim=True)).numpy()[:, 0]
    apart = [(e, f) for e, f in itertools.product(range(8), range(8)) if e // 2 != f // 2]
    signal = np.mean([unit[e] @ unit[f] for e, f in apart])
    assert found.snr == pytest.approx(signal / (1 - signal), rel=1e-9)
    assert found.value == pytest.approx(signal / np.square(unit.mean(0)).sum(), rel=1e-9)
    assert found.snr_interval.question == "starts"
    assert found.snr < map_reliability(maps).snr
