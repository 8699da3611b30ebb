"""The field's similarity measures against scikit-image, scipy and loops."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy import stats
from skimage.metrics import structural_similarity

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.similarity import ranks, similarity, spearman_matrix, ssim, top_count, top_places


def scaled(a: np.ndarray) -> np.ndarray:
    return a / np.abs(a).max()


def skimage_ssim(a: np.ndarray, b: np.ndarray) -> float:
    window = min(7, *a.shape[1:])
    window -= 1 - window % 2
    return structural_similarity(scaled(a), scaled(b), win_size=window, data_range=2, channel_axis=0)


def top_set(a: np.ndarray, count: int) -> set[int]:
    return set(np.argsort(-np.abs(a).sum(0).ravel())[:count].tolist())


def by_loops(pairs: list[tuple[np.ndarray, np.ndarray]], count: int) -> dict[str, float]:
    """Every measure, pair by pair, from other libraries."""
    return {
        "ssim": np.mean([skimage_ssim(a, b) for a, b in pairs]),
        "spearman": np.mean([stats.spearmanr(a.ravel(), b.ravel()).statistic for a, b in pairs]),
        "top": np.mean([len(top_set(a, count) & top_set(b, count)) / count for a, b in pairs]),
        "cosine": np.mean([(a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b) for a, b in pairs]),
    }


@pytest.mark.parametrize("shape", [(5, 3, 9, 12), (4, 1, 4, 4), (3, 2, 7, 6), (6, 1, 16, 16)])
def test_every_measure_against_other_libraries(shape, rng):
    maps = rng.standard_normal(shape) + rng.standard_normal(shape[1:])
    result = similarity(torch.tensor(maps), seed=0, top=0.25)
    count = round(0.25 * shape[2] * shape[3])
    pairs = list(itertools.combinations(maps, 2))
    assert vars(result.pairwise) == pytest.approx(by_loops(pairs, count), rel=1e-9, abs=1e-7)
    others = [(maps[e], np.delete(maps, e, 0).mean(0)) for e in range(len(maps))]
    assert vars(result.to_mean) == pytest.approx(by_loops(others, count), rel=1e-9, abs=1e-7)
    assert (result.members, result.ssim_pairs) == (len(maps), len(pairs))


@pytest.mark.parametrize("size", [3, 4, 6, 7, 20])
def test_ssim_in_float64_is_that_of_skimage(size, rng):
    a, b = (scaled(part) for part in rng.standard_normal((2, 3, size, size + 1)))
    assert ssim(torch.tensor(a)[None], torch.tensor(b)[None]).item() == pytest.approx(skimage_ssim(a, b), rel=1e-10)


def test_float32_maps_agree_with_float64(generator):
    maps = torch.randn(4, 3, 8, 8, generator=generator)
    assert similarity(maps, seed=0) == similarity(maps.double(), seed=0)


def test_rank_correlation_with_ties_against_scipy(rng):
    rows = rng.integers(0, 4, (4, 50)).astype(float)
    assert ranks(torch.tensor(rows)).numpy() == pytest.approx(stats.rankdata(rows, axis=1))
    assert spearman_matrix(torch.tensor(rows)).numpy() == pytest.approx(stats.spearmanr(rows, axis=1).statistic)


def test_constant_rows_have_no_rank_correlation():
    matrix = spearman_matrix(torch.tensor([[1.0, 1.0, 1.0], [1.0, 2.0, 3.0]]))
    assert matrix.isnan().tolist() == [[True, True], [True, False]]


def test_ssim_of_a_map_with_itself(generator):
    a = torch.rand(1, 1, 8, 8, generator=generator, dtype=torch.float64)
    assert ssim(a, a).item() == pytest.approx(1)


@pytest.mark.parametrize("size", [2, 3])
def test_maps_smaller_than_a_window_have_no_ssim(size, generator):
    result = similarity(torch.randn(3, 1, size, size, generator=generator), seed=0)
    assert [math.isnan(part.ssim) for part in (result.pairwise, result.to_mean)] == [size < 3, size < 3]
    assert not math.isnan(result.pairwise.cosine)


def test_ties_for_the_last_places_are_shared():
    rectified = torch.tensor([[5.0, 0, 0, 0, 0], [0, 0, 0, 0, 5.0]])[:, None, None]
    places = top_places(rectified, 0.4)
    assert places.tolist() == [[1, 0.25, 0.25, 0.25, 0.25], [0.25, 0.25, 0.25, 0.25, 1]]
    overlaps = []  # by breaking the ties at random
    rng = np.random.default_rng(0)
    for _ in range(4000):
        first, second = {0, int(rng.integers(1, 5))}, {4, int(rng.integers(0, 4))}
        overlaps.append(len(first & second) / 2)
    assert (places[0] @ places[1]).item() / 2 == pytest.approx(np.mean(overlaps), abs=0.02)


def test_unrelated_maps_overlap_by_chance(generator):
    result = similarity(torch.randn(12, 1, 32, 32, generator=generator), seed=0, top=0.1)
    assert result.pairwise.top == pytest.approx(0.1, abs=0.01)
    assert result.pairwise.cosine == pytest.approx(0, abs=0.01)
    assert abs(result.to_mean.cosine) < 0.02  # its own map in the mean would give 1 / sqrt(12) = 0.29


def test_strength_is_the_absolute_value(generator):
    a = torch.randn(1, 1, 6, 6, generator=generator)
    result = similarity(torch.cat([a, -a, a]), seed=0)
    assert result.pairwise.top == pytest.approx(1)
    assert result.pairwise.cosine == pytest.approx(-1 / 3)


def test_zero_maps_count_nowhere(generator):
    maps = torch.randn(4, 1, 6, 6, generator=generator)
    with_zero = torch.cat([maps[:2], torch.zeros(1, 1, 6, 6), maps[2:]])
    assert similarity(with_zero, seed=0) == similarity(maps, seed=0)


@pytest.mark.parametrize("live", [0, 1])
def test_fewer_than_two_maps_have_no_similarity(live):
    maps = torch.zeros(3, 1, 6, 6)
    maps[:live] = 1.0
    result = similarity(maps, seed=0)
    assert all(math.isnan(value) for part in (result.pairwise, result.to_mean) for value in vars(part).values())
    assert (result.members, result.ssim_pairs) == (live, 0)


def test_many_pairs_are_sampled_by_seed(generator):
    maps = torch.randn(12, 1, 8, 8, generator=generator) + torch.randn(1, 1, 8, 8, generator=generator)
    every = similarity(maps, seed=0)
    some = similarity(maps, seed=0, most_pairs=30)
    assert (every.ssim_pairs, some.ssim_pairs) == (66, 30)
    assert some == similarity(maps, seed=0, most_pairs=30)
    assert some.pairwise.ssim != similarity(maps, seed=1, most_pairs=30).pairwise.ssim
    assert some.pairwise.ssim == pytest.approx(every.pairwise.ssim, abs=0.05)
    assert some.pairwise.cosine == every.pairwise.cosine


def test_chunks_of_pairs_change_nothing(generator, monkeypatch):
    maps = torch.randn(6, 1, 8, 8, generator=generator)
    whole = similarity(maps, seed=0)
    monkeypatch.setattr("saliencynoise.statistics.similarity.CHUNK", 1)
    assert similarity(maps, seed=0).pairwise.ssim == pytest.approx(whole.pairwise.ssim, rel=1e-12)


def test_bad_input_is_named():
    with pytest.raises(UsageError, match=r"maps of shape \[3, 4\]"):
        similarity(torch.ones(3, 4), seed=0)
    with pytest.raises(UsageError, match=r"a share of 10"):
        top_count(torch.ones(1, 1, 4, 4), 10)
