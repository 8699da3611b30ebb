import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics import apply_view, image_statistics, summarise
from saliencynoise.statistics.floors import noise_floor, snr_pixel_floor, snr_power_floor, snr_rms_floor


@pytest.mark.parametrize(("members", "quoted"), [(4, 0.551), (8, 0.318), (16, 0.210), (30, 0.150)])
def test_pixel_floor_signed_as_quoted_and_by_integration(members, quoted):
    density = stats.t(members - 1).pdf
    mean, _ = integrate.quad(lambda t: 2 * t * density(t), 0, np.inf)
    assert snr_pixel_floor("signed", members) == pytest.approx(quoted, abs=5e-4)
    assert snr_pixel_floor("signed", members) == pytest.approx(mean / math.sqrt(members), rel=1e-6)


@pytest.mark.parametrize("view", ["signed", "relu", "abs"])
def test_pixel_floor_is_infinite_with_two_members(view):
    assert snr_pixel_floor(view, 2) == math.inf
    assert snr_pixel_floor(view, 3) < math.inf


@pytest.mark.parametrize(("view", "members", "quoted"), [("relu", 8, 0.77), ("relu", 30, 0.71), ("signed", 4, 0.5)])
def test_rms_floor_as_quoted(view, members, quoted):
    assert snr_rms_floor(view, members) == pytest.approx(quoted, abs=0.005)


@pytest.mark.parametrize(("view", "quoted"), [("signed", 0.0), ("relu", 0.466), ("abs", 1.75)])
def test_corrected_floor_as_quoted(view, quoted):
    assert noise_floor("snr", view=view, members=8) == pytest.approx(quoted, abs=2e-3)


def test_power_floor_is_the_mean_of_an_f_distribution():
    effective, members = 4, 8
    mean = stats.f(effective, (members - 1) * effective).mean() / members
    assert snr_power_floor("signed", members, effective) == pytest.approx(mean, rel=1e-12)
    assert snr_power_floor("signed", 3, 1.0) == math.inf
    assert math.isnan(snr_power_floor("signed", 2, math.nan))


@pytest.mark.parametrize("view", ["signed", "relu", "abs"])
@pytest.mark.parametrize("members", [4, 8])
def test_every_floor_is_what_pure_noise_shows(view, members, generator):
    noise = torch.randn(40, members, 1, 1, 3000, generator=generator)
    images = [image_statistics(apply_view(maps, view).flatten(1)) for maps in noise]
    figures = summarise(images, view=view, seed=0)
    for key, estimate in figures.estimates.items():
        if key != "snr_amplitude" or view != "signed":  # the root of a number about zero is not about zero
            assert estimate.value == pytest.approx(estimate.floor, rel=0.015, abs=0.003), key


def test_power_floor_uses_the_effective_pixels_of_the_study(generator):
    noise = torch.randn(1000, 8, 2, generator=generator).repeat_interleave(5, -1)
    power = summarise([image_statistics(maps) for maps in noise], view="signed", seed=0).estimates["snr_power"]
    assert power.value == pytest.approx(14 / 12 / 8, rel=0.08)  # nu = 14; 1/8 would be 14% off
    assert power.floor == pytest.approx(14 / 12 / 8, rel=0.01)


def test_unknown_names_list_the_choices():
    with pytest.raises(UsageError, match="unknown figure 'ssim': choose one of snr_pixel, snr_rms"):
        noise_floor("ssim", view="signed", members=4)
    with pytest.raises(UsageError, match="unknown view 'square'"):
        noise_floor("snr", view="square", members=4)
