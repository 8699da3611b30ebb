import numpy as np
import pytest
import torch

from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.snr import (
    amplitude,
    corrected_snr,
    cosine,
    cosine_from_snr,
    effective_pixels,
    pooled_effective_pixels,
    pooled_snr,
    snr_from_cosine,
)


def test_cosine_against_all_pairs(rng):
    maps = rng.standard_normal((5, 2, 9)) + 0.4
    pairs = [(e, f) for e in range(5) for f in range(e)]
    for image in range(2):
        a = maps[:, image]
        cosines = [a[e] @ a[f] / np.linalg.norm(a[e]) / np.linalg.norm(a[f]) for e, f in pairs]
        assert cosine(gram_matrix(torch.tensor(maps)))[image] == pytest.approx(np.mean(cosines), rel=1e-12)


def test_links_are_inverse_and_known_at_the_ends():
    c = torch.tensor([-1 / 7, 0.0, 0.5, 0.999, 1.0], dtype=torch.float64)
    r = snr_from_cosine(c)
    assert r.tolist() == pytest.approx([-1 / 8, 0, 1, 999, torch.inf], rel=1e-9)
    assert cosine_from_snr(r).tolist() == pytest.approx(c.tolist(), rel=1e-9)
    assert snr_from_cosine(torch.tensor(torch.nan)).isnan()
    assert amplitude(torch.tensor([-torch.inf, -4.0, 0.0, 9.0, torch.inf])).tolist() == [
        -torch.inf,
        -2,
        0,
        3,
        torch.inf,
    ]


@pytest.mark.parametrize("r", [0.05, 0.5, 4.0, 30.0])
def test_unit_norm_cosine_is_unbiased(r, cone):
    c = cosine(gram_matrix(cone(members=4, images=20_000, pixels=5, r=r)))
    error = float(c.std()) / len(c) ** 0.5
    assert float(c.mean()) == pytest.approx(r / (1 + r), abs=4 * error)
    assert error < 0.003


@pytest.mark.parametrize("members", [8, 16])
@pytest.mark.parametrize("r", [0.5, 4.0])
def test_pooled_r_of_32_images_is_within_three_percent(r, members, correlated, generator):
    """P_eff = 4, a third of the noise shared by a member's images; the truth from 20,000 members."""
    directions = torch.randn(32, 4, generator=generator, dtype=torch.float64)
    signal = (directions * (4 * r) ** 0.5 / directions.norm(dim=1, keepdim=True)).repeat_interleave(4, -1)
    unit = correlated(signal[:, None], members=20_000).squeeze(2)
    unit = unit / unit.norm(dim=-1, keepdim=True)
    n = len(unit)
    truth = snr_from_cosine(((unit.sum(0).square().sum(-1) - n) / (n * (n - 1))).mean())
    studies = correlated(signal.expand(150, -1, -1), members=members, shared=1 / 3)
    estimates = torch.tensor([pooled_snr(gram).value for gram in gram_matrix(studies)])
    error = float(estimates.std() / truth) / 150**0.5
    assert error < 0.015
    assert float(estimates.mean() / truth) == pytest.approx(1, abs=0.03)


def test_mean_of_ratios_fails_the_same_pass_mark(cone):
    """The pass mark can fail: the mean of per-image r, the obvious alternative, is too high by far."""
    c = cosine(gram_matrix(cone(members=4, images=20_000, pixels=3, r=4.0)))
    assert float(snr_from_cosine(c).mean()) / 4.0 > 1.06
    assert float(snr_from_cosine(c.mean())) / 4.0 == pytest.approx(1, abs=0.01)


def test_all_zero_images_do_not_count(rng):
    maps = torch.tensor(rng.standard_normal((6, 4, 30)) + 0.5)
    padded = torch.cat([maps, torch.zeros(6, 3, 30)], 1)
    assert cosine(gram_matrix(padded))[4:].isnan().all()
    torch.testing.assert_close(cosine(gram_matrix(padded))[:4], cosine(gram_matrix(maps)))


@pytest.mark.parametrize("eigenvalues", [[1.0] * 6, [4.0, 2.0, 1.0, 0.5, 0.1], [1.0] * 40])
def test_effective_pixels_of_a_known_covariance(eigenvalues, generator):
    spectrum = torch.tensor(eigenvalues, dtype=torch.float64)
    truth = float(spectrum.sum() ** 2 / spectrum.square().sum())
    draws = torch.randn(60, 2000, len(spectrum), generator=generator, dtype=torch.float64)
    noise = draws * spectrum.sqrt() + 3
    assert float(effective_pixels(gram_matrix(noise)).mean()) == pytest.approx(truth, rel=0.05)
    assert float(pooled_effective_pixels(gram_matrix(noise[:8]))) == pytest.approx(truth, rel=0.1)


def test_effective_pixels_against_its_formula(rng):
    maps = rng.standard_normal((6, 10)) + 1
    deviations = maps - maps.mean(0)
    K, n = deviations @ deviations.T, 5
    t1 = np.trace(K) / n
    t2 = n**2 / ((n + 2) * (n - 1)) * (np.trace(K @ K) / n**2 - t1**2 / n)
    assert float(effective_pixels(gram_matrix(torch.tensor(maps)))) == pytest.approx(t1**2 / t2, rel=1e-10)


def test_effective_pixels_where_they_are_undefined():
    assert effective_pixels(gram_matrix(torch.eye(2))).isnan()
    assert effective_pixels(gram_matrix(torch.ones(5, 3))).isnan()
    assert effective_pixels(gram_matrix(torch.zeros(5, 3))).isnan()


@pytest.mark.parametrize(("members", "plain_bias", "bias"), [(4, 0.25, 0.06), (8, 0.08, 0.02)])
def test_small_sample_correction(members, plain_bias, bias, correlated):
    """r = 0.5 and P_eff = 4, as quoted in docs/statistics.md."""
    gram = gram_matrix(correlated(torch.full((20_000, 16), 0.5**0.5), members=members))
    corrected = corrected_snr(gram)
    off = (gram.sum((-2, -1)) - gram.diagonal(dim1=-2, dim2=-1).sum(-1)) / (members * (members - 1))
    plain = off / (gram.diagonal(dim1=-2, dim2=-1).mean(-1) - off)
    assert float(plain.mean()) / 0.5 - 1 > plain_bias - 0.02
    assert abs(float(corrected.mean()) / 0.5 - 1) < bias


def test_corrected_snr_at_the_ends():
    assert corrected_snr(gram_matrix(torch.ones(4, 7))) == torch.inf
    assert corrected_snr(gram_matrix(torch.zeros(4, 7))).isnan()
    assert corrected_snr(gram_matrix(torch.eye(2))).isnan()
    opposite = torch.tensor([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
    assert corrected_snr(gram_matrix(opposite)) == pytest.approx(-1 / 4)
