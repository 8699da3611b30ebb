import math

import numpy as np
import pytest
import torch
from scipy import optimize, special, stats

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.pixels import (
    moderated_p,
    noise_skewness,
    sign_agreement,
    significant_pixels,
    trigamma_inverse,
    variance_prior,
)


def limma(maps: np.ndarray) -> tuple[np.ndarray, float]:
    """The published formulas, with a root finder and scipy's t; for maps whose pixels all have spread."""
    members, pixels = maps.shape
    d = members - 1
    s2 = maps.var(0, ddof=1)
    e = np.log(s2) - special.digamma(d / 2) + np.log(d / 2)
    excess = e.var(ddof=1) - special.polygamma(1, d / 2)
    if excess > 0:
        half = optimize.brentq(lambda y: special.polygamma(1, y) - excess, 1e-6, 1e9, xtol=1e-14, rtol=1e-14)
        d0, s02 = 2 * half, np.exp(e.mean() + special.digamma(half) - np.log(half))
        moderated = (d0 * s02 + d * s2) / (d0 + d)
    else:
        d0, moderated = math.inf, np.full(pixels, s2.mean())
    t = maps.mean(0) / np.sqrt(moderated / members)
    return 2 * stats.t.sf(np.abs(t), min(d0 + d, pixels * d)), d0


@pytest.mark.parametrize("members", [2, 3, 8])
@pytest.mark.parametrize("spread", [0.0, 0.3, 1.5])
def test_moderated_p_against_a_slow_reimplementation(members, spread, rng):
    maps = rng.standard_normal((members, 300)) * np.exp(spread * rng.standard_normal(300)) + 0.3
    expected, d0 = limma(maps)
    p, prior_df = moderated_p(torch.tensor(maps))
    assert p.numpy() == pytest.approx(expected, rel=1e-6)
    assert prior_df == (d0 if math.isinf(d0) else pytest.approx(d0, rel=1e-6))


@pytest.mark.parametrize("value", [1e-9, 1e-3, 0.1, 1.0, 30.0, 1e5, 1e9])
def test_trigamma_inverse(value):
    assert special.polygamma(1, trigamma_inverse(value)) == pytest.approx(value, rel=1e-5)


def test_prior_recovers_what_the_variances_were_drawn_from(rng):
    """s^2 ~ s0^2 F(d, d0) with d0 = 6 and s0^2 = 3."""
    drawn = 3 * stats.f.rvs(7, 6, size=20_000, random_state=rng)
    d0, s02 = variance_prior(torch.tensor(drawn), 7)
    assert d0 == pytest.approx(6, rel=0.05)
    assert s02 == pytest.approx(3, rel=0.03)


def test_pixels_without_spread():
    """A constant pixel is judged by the others' noise; one that is zero in all members is never significant."""
    maps = torch.randn(8, 200, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    maps[:, 0], maps[:, 1], maps[:, 2] = 0.0, 5.0, 1e-3
    result = significant_pixels(maps)
    assert result.significant[:3].tolist() == [False, True, False]
    p, _ = moderated_p(maps)
    assert bool(((p >= 0) & (p <= 1)).all())


def test_rounding_is_no_spread():
    maps = torch.full((7, 3), 0.1, dtype=torch.float64)
    maps[:, 1] = -0.3
    maps[:, 2] = 0
    result = significant_pixels(maps)
    assert result.significant.tolist() == [True, True, False]
    assert (result.share, result.agreement, result.prior_df) == (pytest.approx(2 / 3), 1, math.inf)


def test_maps_of_zeros():
    result = significant_pixels(torch.zeros(5, 4))
    assert result.share == 0
    assert math.isnan(result.agreement)
    assert math.isnan(result.agreement_all)


def test_one_pixel():
    result = significant_pixels(torch.tensor([[1.0], [1.1], [0.9], [1.0]]))
    assert (result.share, result.prior_df) == (1, math.inf)


def test_units_do_not_matter(rng):
    maps = torch.tensor(rng.standard_normal((6, 100)) + np.arange(100) / 50)
    assert torch.equal(significant_pixels(maps).significant, significant_pixels(1e-12 * maps).significant)


def test_sign_agreement_pixel_by_pixel(rng):
    maps = np.where(rng.uniform(size=(5, 40)) < 0.3, 0.0, rng.standard_normal((5, 40)))
    for pixel, share in zip(maps.T, sign_agreement(torch.tensor(maps)), strict=True):
        mean = pixel.mean()
        votes = [0.5 if v == 0 or mean == 0 else float((v > 0) == (mean > 0)) for v in pixel]
        assert float(share) == pytest.approx(np.mean(votes))


@pytest.mark.parametrize("members", [4, 8, 16])
def test_sign_agreement_of_noise(members, rng):
    """The chance that a Gaussian has the sign of another, correlated with it by 1/sqrt E."""
    share = 0.5 + math.asin(members**-0.5) / math.pi
    result = significant_pixels(torch.tensor(rng.standard_normal((members, 20_000))))
    assert result.agreement_all == pytest.approx(share, abs=0.006)


def blurred(noise: torch.Tensor) -> torch.Tensor:
    """Correlate neighbours on a ring, at the same variance."""
    kernel = [1.0, 2, 3, 2, 1]
    return sum(w * noise.roll(i, -1) for i, w in enumerate(kernel)) / math.sqrt(sum(w * w for w in kernel))


@pytest.mark.parametrize("neighbours", ["independent", "correlated"])
@pytest.mark.parametrize("members", [4, 8, 16])
def test_false_discoveries_and_power(members, neighbours, generator):
    """100 images of 1000 pixels, a tenth with |mu| = sigma; unmoderated t-tests find far fewer."""
    false, power, plain = [], [], []
    for _ in range(100):
        noise = torch.randn(members, 1000, generator=generator, dtype=torch.float64)
        maps = blurred(noise) if neighbours == "correlated" else noise
        maps[:, :100] += 1
        result = significant_pixels(maps).significant
        false.append(float(result[100:].sum()) / max(1, int(result.sum())))
        power.append(float(result[:100].double().mean()))
        p = stats.ttest_1samp(maps.numpy(), 0).pvalue
        plain.append((stats.false_discovery_control(p) <= 0.05)[:100].mean())
    assert np.mean(false) <= 0.06 + 2 * np.std(false) / 10
    assert np.mean(power) > np.mean(plain) + 0.03
    assert np.mean(power) == pytest.approx({4: 0.06, 8: 0.36, 16: 0.87}[members], abs=0.08)


def test_pure_noise_is_rarely_significant(generator):
    """Where no pixel is real, an image has any significant pixel in 5% of the cases."""
    any_significant = [
        bool(significant_pixels(torch.randn(6, 200, generator=generator)).significant.any()) for _ in range(400)
    ]
    assert sum(any_significant) <= stats.binom.ppf(0.999, 400, 0.05)


@pytest.mark.parametrize("rate", [0.0, 1.0, 5.0, math.nan])
def test_a_rate_outside_its_range_is_refused(rate):
    with pytest.raises(UsageError, match=r"is not between 0 and 1: choose for example 0\.05"):
        significant_pixels(torch.ones(4, 4), rate=rate)


@pytest.mark.parametrize("shape", [(4,), (1, 4), (4, 0), (2, 2, 4)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(UsageError, match=r"need \[members, pixels\] with at least 2 members"):
        significant_pixels(torch.ones(shape))


def test_broken_maps_are_refused():
    with pytest.raises(UsageError, match="NaN or infinity: leave out this image"):
        significant_pixels(torch.tensor([[1.0, math.nan], [1.0, 2.0]]))


@pytest.mark.parametrize(("kind", "members", "level"), [("normal", 8, 0.06), ("skewed", 8, None), ("skewed", 16, None)])
def test_skewed_noise_is_seen_and_gives_more_false_discoveries(kind, members, level, generator):
    """chi^2_1 noise: 15 / 23% at E = 8 / 16 (60 images of 1024 pixels, a tenth real), symmetric noise 5%."""
    truth = (torch.arange(1024) < 102).double()
    false, skewness = [], []
    for _ in range(20):
        noise = torch.randn(members, 1024, generator=generator, dtype=torch.float64)
        if kind == "skewed":
            noise = (noise.square() - 1) / 2**0.5
        result = significant_pixels(truth + noise)
        false.append(float(result.significant[102:].sum()) / max(1, int(result.significant.sum())))
        skewness.append(result.skewness)
    if level is None:
        assert np.mean(false) > 0.09
        assert np.mean(skewness) > 0.4
    else:
        assert np.mean(false) <= level
        assert abs(np.mean(skewness)) < 0.25


def test_skewness_has_a_sign_and_needs_eight_members(generator):
    noise = -torch.rand(16, 500, generator=generator, dtype=torch.float64).log()
    assert noise_skewness(noise) == pytest.approx(noise_skewness(-noise))
    assert math.isnan(noise_skewness(noise[:7]))
    assert math.isnan(noise_skewness(torch.ones(8, 5).double()))
