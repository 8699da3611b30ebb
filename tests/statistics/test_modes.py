import itertools
import math

import numpy as np
import pytest
import torch
from scipy import stats

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.gram import gram_matrix, scale_gram
from saliencynoise.statistics.modes import (
    FEWEST_MEMBERS,
    centred,
    largest_between_share,
    mode_test,
    null_sample,
    power,
    top_scores,
    upper_p,
)


def between_by_hand(scores: np.ndarray) -> float:
    """Over all ways to split the members, not only cuts: a cut is the best of them."""
    members = len(scores)
    total = ((scores - scores.mean()) ** 2).sum()
    best = 0.0
    for size in range(2, members - 1):
        for chosen in itertools.combinations(range(members), size):
            rest = np.delete(scores, chosen)
            within = ((scores[list(chosen)] - scores[list(chosen)].mean()) ** 2).sum() + (
                (rest - rest.mean()) ** 2
            ).sum()
            best = max(best, 1 - within / total)
    return best


@pytest.mark.parametrize("members", [4, 5, 8])
def test_largest_between_share_against_all_splits(members, rng):
    scores = rng.standard_normal((20, members)) + 3
    result, _ = largest_between_share(torch.tensor(scores))
    assert result.numpy() == pytest.approx([between_by_hand(row) for row in scores], rel=1e-9)


def test_scores_are_the_first_principal_component_of_the_maps(rng):
    maps = rng.standard_normal((7, 30)) + np.linspace(0, 3, 7)[:, None]
    left = np.linalg.svd(maps - maps.mean(0), full_matrices=False)[0][:, 0]
    scores = top_scores(centred(gram_matrix(torch.tensor(maps)))).numpy()
    assert abs(left @ scores) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("decay", [0.0, 1.0, 3.0])
def test_null_is_that_of_gaussian_maps_with_any_eigenvalues(decay, generator):
    """4000 samples with K's eigenvalues, as the test is usually described, against the one that serves all images."""
    eigenvalues = torch.arange(1, 8, dtype=torch.float64) ** -decay
    maps = torch.randn(4000, 8, 7, generator=generator, dtype=torch.float64) * eigenvalues.sqrt()
    sampled, _ = largest_between_share(top_scores(centred(maps @ maps.mT)))
    assert stats.ks_2samp(sampled.numpy(), null_sample(8, seed=3).numpy()).pvalue > 0.01


def test_upper_p_counts_ties_and_itself(rng):
    sample, observed = rng.integers(0, 9, 50).astype(float), rng.integers(-1, 10, 20).astype(float)
    expected = [(np.sum(sample >= value) + 1) / 51 for value in observed]
    assert upper_p(torch.tensor(observed), torch.tensor(sample)).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("members", [4, 8, 16])
def test_level(members, correlated):
    """Signal and noise, P_eff = 8: at most 5% of the images, fewer as two tests must agree; few studies have any."""
    maps = correlated(torch.full((200, 16, 32), 0.7), members=members, shared=0.5)
    results = [mode_test(gram, seed=k) for k, gram in enumerate(gram_matrix(maps))]
    p = torch.stack([result.p for result in results if result.p is not None])
    assert 0.005 <= float((p <= 0.05).double().mean()) <= 0.055
    assert np.mean([bool(result.fires.any()) for result in results]) <= 0.09


def test_gains_are_no_modes(correlated, generator):
    """In raw maps alone they would be, in a fifth of the images."""
    gain = torch.randn(16, 100, 1, 1, generator=generator, dtype=torch.float64).mul(0.5).exp()
    grams = gram_matrix(gain * correlated(torch.ones(100, 8, 32), members=16))
    p = torch.stack([mode_test(gram, seed=k).p for k, gram in enumerate(grams)])
    assert float((p <= 0.05).double().mean()) < 0.07
    raw, _ = largest_between_share(top_scores(centred(grams)))
    assert float((upper_p(raw.flatten(), null_sample(16, seed=0)) <= 0.05).double().mean()) > 0.1


def test_both_scales_must_show_the_groups(correlated):
    gram = gram_matrix(two_modes(correlated, 8, 20))
    sample = null_sample(8, seed=4)
    each = [
        upper_p(largest_between_share(top_scores(centred(scale_gram(gram, scale))))[0], sample)
        for scale in ("raw", "member")
    ]
    result = mode_test(gram, seed=4).p
    assert result is not None
    assert result.tolist() == torch.maximum(*each).tolist()


def two_modes(correlated, members: int, images: int) -> torch.Tensor:
    """Members 0, 2, ... at +1 and 1, 3, ... at -1 in every pixel: as much energy as the noise has, P_eff = 16."""
    side = torch.tensor([1.0, -1.0], dtype=torch.float64).repeat(members)[:members, None, None]
    return correlated(torch.zeros(images, 64), members=members) + side


def test_power_against_two_equal_modes(correlated):
    result = mode_test(gram_matrix(two_modes(correlated, 8, 300)), seed=0)
    assert result.p is not None
    assert float((result.p <= 0.05).double().mean()) > 0.85
    assert result.share > 0.8
    assert result.words == f"more clustered than one Gaussian mode on {len(result.found)} of 300 images"


def member_scaled(maps: torch.Tensor) -> torch.Tensor:
    energy = maps.square().sum(-1)
    return maps / (energy / energy.mean(0)).mean(1).sqrt()[:, None, None]


def test_groups_and_representatives(correlated):
    maps = two_modes(correlated, 9, 60) * 3
    result = mode_test(gram_matrix(maps), seed=0)
    right = [image for image in result.found if image.groups == ((0, 2, 4, 6, 8), (1, 3, 5, 7))]
    assert len(right) > 0.9 * len(result.found) > 0
    assert [image.image for image in result.found] == result.fires.nonzero().flatten().tolist()
    scaled = member_scaled(maps)
    for image in result.found:
        for group, representative in zip(image.groups, image.representatives, strict=True):
            own = scaled[list(group), image.image]
            distances = (own[:, None] - own[None]).square().sum((-1, -2))
            assert representative == group[int(distances.argmin())]


def test_the_overall_representative_is_nearest_to_the_mean_maps(correlated):
    maps = correlated(torch.ones(5, 32), members=8)
    maps[:, 3] *= 100  # one loud image does not decide
    scaled = member_scaled(maps)
    away = (scaled - scaled.mean(0)).square().sum(-1)
    expected = int((away / away.mean(0)).sum(1).argmin())
    assert mode_test(gram_matrix(maps), seed=0).representative == expected


def test_images_are_judged_together(generator):
    """A p-value below 0.05 is no discovery among 400 of noise."""
    result = mode_test(gram_matrix(torch.randn(8, 400, 20, generator=generator)), seed=0)
    assert result.p is not None
    assert float(result.p.min()) < 0.03
    assert result.fires.tolist() == (stats.false_discovery_control(result.p.numpy()) <= 0.05).tolist()
    assert result.words == (
        "not shown to be more clustered than one Gaussian mode, on any of 400 images, which is no proof: with "
        "8 members the test misses two modes of 80 and 20% on 52% of images"
    )


def test_seed_decides_the_null_sample(generator):
    gram = gram_matrix(torch.randn(8, 5, 20, generator=generator))
    first, again, other = (mode_test(gram, seed=seed).p for seed in (0, 0, 1))
    assert first is not None
    assert other is not None
    assert again is not None
    assert first.tolist() == again.tolist() != other.tolist()
    assert float((first - other).abs().max()) < 0.03


def test_few_members_are_not_tested():
    result = mode_test(torch.eye(3).double().expand(2, 3, 3), seed=0)
    assert (result.p, result.found) == (None, ())
    assert math.isnan(result.share)
    assert result.words == "no test: 3 members; at least 4 are needed for two groups"
    assert mode_test(torch.eye(FEWEST_MEMBERS).double()[None], seed=0).p is not None


def test_images_on_which_members_agree_are_left_out(generator):
    maps = torch.randn(6, 3, 20, generator=generator)
    maps[:, 1] = maps[0, 1]
    maps[:, 2] = 0
    result = mode_test(gram_matrix(maps), seed=0)
    assert result.p is not None
    assert result.p.isnan().tolist() == [False, True, True]
    assert "over 1 images" in result.note
    same = mode_test(gram_matrix(maps[:, 1:]), seed=0)
    assert (same.p, same.words) == (None, "no test: the members' maps are equal, up to gains")
    proportional = maps[:1] * torch.tensor([1.0, 1, 1, 9, 9, 9])[:, None, None]
    assert mode_test(gram_matrix(proportional), seed=0).p is None


@pytest.mark.parametrize("rate", [0.0, 1.0, math.nan])
def test_a_rate_outside_its_range_is_refused(rate):
    with pytest.raises(UsageError, match=r"is not between 0 and 1: choose for example 0\.05"):
        mode_test(torch.eye(4)[None], seed=0, rate=rate)


@pytest.mark.parametrize("members", [8, 16])
def test_power_is_that_of_the_table(members, generator):
    """Two modes of 80 and 20%, as energetic as the noise; 2000 images in `docs/scripts/estimators.py`."""
    images = 400
    modes = (torch.rand(images, members, 1, generator=generator) < 0.8).double() - 0.8
    pattern, signal = torch.randn(2, images, 1, 16, generator=generator, dtype=torch.float64)
    noise = torch.randn(images, members, 16, generator=generator, dtype=torch.float64)
    maps = 0.5**0.5 * signal + modes * pattern / 0.4 + noise
    p = mode_test(maps @ maps.mT, seed=0).p
    assert p is not None
    assert float((p <= 0.05).double().mean()) == pytest.approx(power(members), abs=0.07)


def test_a_skewed_cloud_fires_though_it_is_one(generator):
    """What the words must not hide: exponential scores in one direction, 24% at E = 16."""
    scores = torch.rand(400, 16, 1, generator=generator, dtype=torch.float64).log()
    direction = torch.randn(16, generator=generator, dtype=torch.float64)
    maps = scores * direction + 0.02 * torch.randn(400, 16, 16, generator=generator, dtype=torch.float64)
    p = mode_test(maps @ maps.mT, seed=0).p
    assert p is not None
    assert 0.12 < float((p <= 0.05).double().mean()) < 0.35
