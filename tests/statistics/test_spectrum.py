"""Spectral SNR: the bands sum to the whole, and known spectra are found."""

import math

import numpy as np
import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.snr import pooled_snr
from saliencynoise.statistics.spectrum import Band, Spectrum, band_grams, band_of, spectrum

SIZES = [(2, 2), (2, 5), (3, 3), (4, 4), (5, 5), (7, 4), (9, 9), (14, 14), (32, 32), (64, 65)]


def of(maps: torch.Tensor, **options: int) -> Spectrum:
    """The spectrum of maps `[B, E, C, h, w]`."""
    grams = torch.stack([band_grams(image, **options) for image in maps])
    return spectrum(grams, height=maps.shape[-2], width=maps.shape[-1], seed=0)


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_bands_sum_to_the_plain_gram_matrix(height, width, generator):
    maps = torch.randn(4, 3, height, width, generator=generator, dtype=torch.float64)
    grams = band_grams(maps)
    assert len(grams) == min(16, min(height, width) // 2 + 1)
    torch.testing.assert_close(grams.sum(0), gram_matrix(maps.flatten(1)), rtol=1e-12, atol=1e-9)
    assert (torch.linalg.eigvalsh(grams) > -1e-9).all()


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_bands_are_rings_by_loops(height, width):
    band = band_of(height, width, most_bands=1000)
    side = min(height, width)
    for y in range(height):
        for x in range(width):
            radius = math.hypot(min(y, height - y) / height, min(x, width - x) / width)
            assert abs(radius * side - band[y, x]) <= 0.5 + 1e-9 or (band[y, x] == side // 2 and radius > 0.5)
    assert band.unique().tolist() == list(range(side // 2 + 1))
    few = band_of(height, width, most_bands=3)
    assert few.unique().tolist() == list(range(min(3, side // 2 + 1)))
    assert (few.flatten()[band.flatten().argsort()].diff() >= 0).all()


def test_a_wave_is_in_its_own_band(generator):
    x = torch.arange(16, dtype=torch.float64)
    for cycles in range(9):
        wave = torch.cos(2 * math.pi * cycles * x / 16).expand(1, 16, 16)
        energy = band_grams(torch.stack([wave, 2 * wave]))[:, 0, 1]
        assert energy.argmax() == cycles
        assert energy.sum() == pytest.approx(float(energy.max()))


def test_the_headline_is_the_bands_weighted_by_energy(generator):
    maps = torch.randn(5, 6, 2, 9, 12, generator=generator) + torch.randn(5, 1, 2, 9, 12, generator=generator)
    maps[2] = 0  # an image of zero maps
    maps[3, 1] = 0  # and a member's
    result = of(maps)
    c = float(pooled_snr(gram_matrix(maps[[0, 1, 3, 4]].flatten(2).transpose(0, 1))).per_image.mean())
    assert sum(band.energy for band in result.bands) == pytest.approx(1)
    assert sum(band.energy * band.cosine for band in result.bands) == pytest.approx(c, rel=1e-9)
    assert result.images == 4


def smooth(noise: torch.Tensor, cut: int) -> torch.Tensor:
    """The part of `noise` in the rings below `cut`."""
    kept = band_of(*noise.shape[-2:], most_bands=1000) < cut
    return torch.fft.ifft2(torch.fft.fft2(noise) * kept).real


def test_a_smooth_signal_in_white_noise(generator):
    """Signal energy 3 per frequency below ring 6 and none above; noise 1: SSNR 3 and 0."""
    signal = math.sqrt(3) * smooth(torch.randn(24, 1, 1, 32, 32, generator=generator, dtype=torch.float64), 6)
    noise = torch.randn(24, 8, 1, 32, 32, generator=generator, dtype=torch.float64)
    found = of(signal + noise, most_bands=17)
    for k, band in enumerate(found.bands):
        assert band.frequency == pytest.approx(k / 32, abs=0.01 if k < 16 else 0.1)
        assert band.interval is not None
        assert band.ssnr == pytest.approx(3.0 if k < 6 else 0.0, rel=0.9 if k == 0 else 0.25, abs=0.12)
        if k > 0:
            assert band.interval.low - 0.1 <= (3.0 if k < 6 else 0.0) <= band.interval.high + 0.1
    assert 32 / 6.2 <= found.resolution() <= 32 / 5
    assert found.words() == f"details finer than {found.resolution():.3g} pixels cannot be trusted from one network"


def test_intervals_cover_the_ssnr_of_a_band(generator):
    covered = []
    for _ in range(60):
        signal = torch.randn(8, 1, 1, 8, 8, generator=generator, dtype=torch.float64)
        result = of(signal + torch.randn(8, 8, 1, 8, 8, generator=generator, dtype=torch.float64))
        intervals = [band.interval for band in result.bands[2:]]
        covered += [i is not None and i.low <= 1 <= i.high for i in intervals]
    assert np.mean(covered) >= 0.9


def band(frequency: float, cosine: float) -> Band:
    return Band(frequency=frequency, energy=0.25, cosine=cosine, ssnr=cosine / (1 - cosine), interval=None)


def test_resolution_is_where_the_average_crosses_one():
    result = Spectrum(bands=(band(0.0, 0.9), band(0.125, 0.7), band(0.25, 0.3), band(0.5, 0.1)), images=3)
    assert result.resolution() == pytest.approx(1 / 0.1875)  # c = 1/2, half-way
    assert result.resolution(4) == pytest.approx(1 / 0.375)  # c = 1/5, half-way
    assert result.resolution(9) == 0.0  # c = 1/10
    assert (
        result.words(9) == "details of every size that the map can hold can be trusted from the average of 9 networks"
    )
    assert result.words() == "details finer than 5.33 pixels cannot be trusted from one network"


def test_resolution_without_signal_and_with_empty_bands():
    assert Spectrum(bands=(band(0.0, 0.1), band(0.5, -0.1)), images=1).resolution() == math.inf
    empty = Spectrum(bands=(band(0.1, 0.75), band(0.2, math.nan), band(0.3, 0.25)), images=1)
    assert empty.resolution() == pytest.approx(5)
    with pytest.raises(UsageError, match="an average of 0 networks"):
        empty.resolution(0)


def test_a_band_without_energy_is_undefined(generator):
    maps = torch.randn(3, 4, 1, 1, 1, generator=generator).expand(-1, -1, -1, 8, 8)  # nothing but a mean
    result = of(maps)
    assert result.bands[0].energy == pytest.approx(1)
    assert all(math.isnan(each.ssnr) and each.energy == 0 and each.interval is None for each in result.bands[1:])


def test_bad_input_is_named(generator):
    with pytest.raises(UsageError, match=r"maps of shape \[8, 8\]"):
        band_grams(torch.ones(8, 8))
    grams = band_grams(torch.randn(3, 1, 8, 8, generator=generator))[None]
    with pytest.raises(UsageError, match="5 bands of 1 images with maps: need the bands of 4 x 4 maps"):
        spectrum(grams, height=4, width=4, seed=0)
    with pytest.raises(UsageError, match="5 bands of 0 images"):
        spectrum(torch.zeros_like(grams), height=8, width=8, seed=0)
