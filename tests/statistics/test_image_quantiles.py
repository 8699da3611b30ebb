import itertools
import math

import numpy as np
import pytest
import torch

from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.image_quantiles import mean_of_disjoint_pairs, quantile, shrunken_quantile, snr_of_images
from saliencynoise.statistics.snr import snr_from_cosine


def hollow(gram: torch.Tensor) -> torch.Tensor:
    return gram - torch.diag_embed(gram.diagonal(dim1=-2, dim2=-1))


@pytest.mark.parametrize("members", [4, 6])
def test_mean_of_disjoint_pairs_against_a_loop(members, rng):
    gram = gram_matrix(torch.tensor(rng.standard_normal((members, 9)))).numpy()
    chosen = itertools.permutations(range(members), 4)
    expected = np.mean([gram[a, b] * gram[c, d] for a, b, c, d in chosen])
    assert float(mean_of_disjoint_pairs(hollow(torch.tensor(gram)))) == pytest.approx(expected, rel=1e-9)


def test_mean_of_disjoint_pairs_is_unbiased_where_the_square_of_the_mean_is_not(correlated):
    gram = gram_matrix(correlated(torch.full((20_000, 32), 0.5), members=5))
    truth = (32 * 0.25) ** 2
    mean = hollow(gram).sum((-2, -1)) / 20
    assert float(mean_of_disjoint_pairs(hollow(gram)).mean()) == pytest.approx(truth, rel=0.05)
    assert float(mean.square().mean()) > 1.2 * truth


@pytest.mark.parametrize("probability", [0.02, 0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("images", [1, 2, 32])
def test_quantile_against_numpy(images, probability, rng):
    values = rng.standard_normal((3, images))
    expected = np.quantile(values, probability, axis=-1, method="median_unbiased")
    assert quantile(torch.tensor(values), probability).numpy() == pytest.approx(expected, rel=1e-9)


def test_shrinking_leaves_the_true_variance():
    """True cosines 0.2 to 0.8, known exactly: nothing to take out, and the plain quantile remains."""
    c = torch.linspace(0.2, 0.8, 20, dtype=torch.float64)
    assert float(shrunken_quantile(c, c.square(), c.sum().square(), 0.1)) == pytest.approx(float(quantile(c, 0.1)))
    error = torch.tensor([0.1, -0.1], dtype=torch.float64).repeat(10)
    shrunk = shrunken_quantile(c + error, c.square(), c.sum().square(), 0.1)
    factor = (c.var() / (c + error).var()).sqrt()
    expected = 0.5 + factor * (quantile(c + error, 0.1) - 0.5)
    assert float(shrunk) == pytest.approx(float(expected))
    assert float(shrunk) > float(quantile(c + error, 0.1))


def studies(correlated, generator: torch.Generator, *, count: int, images: int, members: int) -> torch.Tensor:
    """Gram matrices of studies whose images have r of log-spread 0.8 about 0.43, P_eff = 8, a third of noise shared."""
    r = 0.43 * torch.randn(count, images, 1, generator=generator, dtype=torch.float64).mul(0.8).exp()
    signal = torch.randn(count, images, 8, generator=generator, dtype=torch.float64)
    signal = (signal / signal.norm(dim=-1, keepdim=True) * math.sqrt(8) * r.sqrt()).repeat_interleave(4, -1)
    return gram_matrix(correlated(signal, members=members, shared=1 / 3))


def true_quantile(correlated, generator: torch.Generator) -> float:
    """The 10% quantile over 400 images, each measured with 400 members."""
    gram = studies(correlated, generator, count=1, images=400, members=400)[0]
    root = gram.diagonal(dim1=-2, dim2=-1).rsqrt()
    unit = hollow(gram * root[:, :, None] * root[:, None, :])
    return float(snr_from_cosine((unit.sum((-2, -1)) / (400 * 399)).quantile(0.1)))


def test_bias_and_coverage(correlated, generator):
    """150 studies of 32 fresh images with 8 fresh members; plain quantiles of c_i would ask for a third more."""
    truth = true_quantile(correlated, generator)
    grams = studies(correlated, generator, count=150, images=32, members=8)
    result = [snr_of_images(gram, share=0.9, seed=k) for k, gram in enumerate(grams)]
    covered = [interval is not None and interval.low <= truth <= interval.high for _, interval in result]
    assert np.mean(covered) >= 0.93
    needed = np.array([9 / max(value, 1e-3) for value, _ in result])
    assert np.median(needed) == pytest.approx(9 / truth, rel=0.15)


def test_images_that_do_not_differ(generator):
    """All have r = 1: what spread there is among 8 members' estimates is taken for error."""
    maps = 1 + torch.randn(8, 200, 16, generator=generator, dtype=torch.float64)
    gram = gram_matrix(maps)
    value, interval = snr_of_images(gram, share=0.9, seed=0)
    assert interval is not None
    assert interval.question == "both"
    mean = hollow(gram)
    mean = (mean / gram.diagonal(dim1=-2, dim2=-1).sqrt()[:, :, None]) / gram.diagonal(dim1=-2, dim2=-1).sqrt()[:, None]
    c = mean.sum((-2, -1)) / 56
    assert value > float(snr_from_cosine(c.quantile(0.3)))
    assert value == pytest.approx(float(snr_from_cosine(c.mean())), rel=0.15)


def test_scale_of_the_maps_and_images_without_a_map_do_not_matter(rng):
    gram = gram_matrix(torch.tensor(rng.standard_normal((6, 9, 20)) + 0.7))
    louder = torch.cat([gram * torch.arange(1.0, 10)[:, None, None], torch.zeros(2, 6, 6)])
    expected = snr_of_images(gram, share=0.8, seed=1)
    value, interval = snr_of_images(louder, share=0.8, seed=1)
    assert value == pytest.approx(expected[0], rel=1e-9)
    assert interval is not None
    assert expected[1] is not None
    assert interval.high == pytest.approx(expected[1].high, rel=1e-9)


def test_few_members_and_few_images(rng):
    maps = torch.tensor(rng.standard_normal((6, 9, 20)) + 0.7)
    three, four = (snr_of_images(gram_matrix(maps[:n]), share=0.9, seed=0) for n in (3, 4))
    assert math.isnan(three[0])
    assert three[1] is four[1] is None
    assert four[0] > 0
    _, few = snr_of_images(gram_matrix(maps), share=0.9, seed=0)
    assert few is not None
    assert few.note == "indicative: fewer than 8 members"
    _, one = snr_of_images(gram_matrix(maps[:, :1]), share=0.9, seed=0)
    assert one is not None
    assert (one.question, one.df) == ("members", 5)
    nothing = snr_of_images(torch.zeros(2, 6, 6), share=0.9, seed=0)
    assert math.isnan(nothing[0])


def test_identical_members(rng):
    maps = torch.tensor(rng.standard_normal((1, 9, 20))).expand(8, -1, -1)
    value, interval = snr_of_images(gram_matrix(maps), share=0.9, seed=0)
    assert value == math.inf
    assert interval is not None
    assert interval.high == math.inf
    assert not math.isnan(interval.low)
