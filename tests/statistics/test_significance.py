import itertools

import numpy as np
import pytest
import torch
from scipy import stats

from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.significance import sign_flip_test


def test_exact_p_against_flipped_maps(rng):
    """Flips the maps themselves, all 2^E ways, and adds them up."""
    maps = rng.standard_normal((6, 3, 20)) + 0.12
    unit = maps / np.linalg.norm(maps, axis=-1, keepdims=True)
    energies = [
        ((unit * np.array(signs)[:, None, None]).sum(0) ** 2).sum() for signs in itertools.product([1, -1], repeat=6)
    ]
    expected = np.mean(np.array(energies) >= energies[0] * (1 - 1e-12))
    test = sign_flip_test(gram_matrix(torch.tensor(maps)), seed=0)
    assert test.p == pytest.approx(expected, abs=1e-12)
    assert 0.05 < expected < 0.95
    assert test.note == "exact, 32 sign vectors"


def test_smallest_p_and_fewest_members():
    for members in (6, 11):
        assert sign_flip_test(torch.ones(1, members, members).double(), seed=0).p == 2.0 ** (1 - members)
    five = sign_flip_test(torch.ones(1, 5, 5).double(), seed=0)
    assert five.p is None
    assert five.note == "no test: 5 members; at least 6 are needed for p below 0.05"


def test_zero_maps_are_not_tested():
    test = sign_flip_test(torch.zeros(2, 8, 8).double(), seed=0)
    assert (test.p, test.note) == (None, "no test: all maps are zero")


def test_monte_carlo_beyond_eleven_members_agrees_with_the_exact_p(rng):
    maps = torch.tensor(rng.standard_normal((12, 3, 20)) + 0.03)
    gram = gram_matrix(maps)
    test = sign_flip_test(gram, seed=1)
    assert test.note == "Monte Carlo, 9999 sign vectors"
    assert test == sign_flip_test(gram, seed=1)
    assert test != sign_flip_test(gram, seed=2)
    unit = (maps / maps.norm(dim=-1, keepdim=True)).reshape(12, -1)
    signs = torch.tensor(list(itertools.product([1.0, -1.0], repeat=12)), dtype=torch.float64)
    energies = (signs @ unit).square().sum(1)
    exact = float((energies >= energies[0] - 1e-9).double().mean())
    assert 0.01 < exact < 0.99
    assert test.p == pytest.approx(exact, abs=4 * (exact * (1 - exact) / 9999) ** 0.5)


def test_level_under_heavy_tailed_noise_and_shared_noise(correlated):
    """1000 studies of pure noise with members of very unequal gain: p is uniform on its 128 steps."""
    noise = correlated(torch.zeros(1000, 4, 32), members=8, shared=0.5)
    gain = torch.linspace(-2, 2, 8, dtype=torch.float64).exp()[:, None, None, None]
    p = np.array([sign_flip_test(gram, seed=0).p for gram in gram_matrix(noise * gain)])
    for level in (4 / 128, 6 / 128, 32 / 128):
        assert stats.binomtest(int((p <= level).sum()), 1000, level).pvalue > 0.001
    assert (p <= 0.05).mean() < 0.07


def test_power_against_a_weak_signal(correlated):
    """r = 0.3 with P_eff = 8 on 4 images: found nearly always."""
    maps = correlated(torch.full((200, 4, 32), 0.3**0.5), members=8, shared=0.5)
    p = np.array([sign_flip_test(gram, seed=0).p for gram in gram_matrix(maps)])
    assert (p <= 0.05).mean() > 0.9
