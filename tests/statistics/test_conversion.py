import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.conversion import convert, folded_mean
from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.uncorrected_snr import snr_pixel, snr_power, snr_rms

SIGNALS = {
    "even": lambda rng, pixels: rng.choice([-1.0, 1.0], pixels),
    "gaussian": lambda rng, pixels: rng.standard_normal(pixels),
    "sparse": lambda rng, pixels: np.where(rng.random(pixels) < 0.05, rng.standard_normal(pixels), 0),
}


def published(definition, theta, *, members, repeats, sd=1.0, seed=0):
    """The mean of a published SNR over studies of maps with a signal theta and Gaussian noise, both in units of sd."""
    generator = torch.Generator().manual_seed(seed)
    sizes = torch.as_tensor(sd, dtype=torch.float64)
    signal = torch.as_tensor(theta, dtype=torch.float64) * sizes
    values = []
    for _ in range(repeats):
        noise = torch.randn(members, 1, len(theta), generator=generator, dtype=torch.float64)
        maps = signal + noise * sizes
        values.append(
            snr_pixel(maps)
            if definition == "pixel"
            else {"rms": snr_rms, "power": snr_power}[definition](gram_matrix(maps))
        )
    return torch.stack(values).mean().item()


def signal_of(kind, r, pixels=20_000):
    theta = SIGNALS[kind](np.random.default_rng(1), pixels)
    return theta * math.sqrt(r / np.mean(theta**2))


@pytest.mark.simulation
@pytest.mark.parametrize("definition", ["rms", "power"])
@pytest.mark.parametrize("kind", SIGNALS)
@pytest.mark.parametrize(("r", "members"), [(0.0, 4), (0.3, 4), (0.3, 8), (2.0, 16)])
def test_rms_and_power_give_back_the_simulated_snr(definition, kind, r, members, repetitions):
    theta = signal_of(kind, r)
    value = published(definition, theta, members=members, repeats=repetitions(50, 3))
    assert convert(value, members, definition=definition).snr == pytest.approx(r, abs=0.01 + 0.03 * r)


@pytest.mark.simulation
@pytest.mark.parametrize(("r", "members"), [(0.3, 4), (0.3, 8), (2.0, 16)])
def test_pixel_bounds_the_snr_from_below_where_the_noise_is_even(r, members, repetitions):
    found = {}
    for kind in SIGNALS:
        value = published("pixel", signal_of(kind, r), members=members, repeats=repetitions(50, 3))
        found[kind] = convert(value, members, definition="pixel")
    assert found["even"].least_if_even == pytest.approx(r, rel=0.04)  # the bound is reached
    assert found["gaussian"].if_gaussian == pytest.approx(r, rel=0.04)
    assert found["gaussian"].least_if_even < 0.97 * r
    assert found["sparse"].least_if_even < found["sparse"].if_gaussian < 0.6 * r  # and it may lie far below


@pytest.mark.simulation
def test_pixel_does_not_determine_the_snr_where_the_noise_is_uneven(repetitions):
    """The same number stands for an SNR of 0.04 and of 3.9: the reason why it is refused."""
    sd = np.repeat([10.0, 1.0], 10_000)
    values, true = [], []
    for theta in (np.repeat([0.0, 2.0], 10_000), np.repeat([2.0, 0.0], 10_000)):
        values.append(published("pixel", theta, members=8, repeats=repetitions(20, 2), sd=sd))
        true.append(float(((theta * sd) ** 2).sum() / (sd**2).sum()))
    assert values[0] == pytest.approx(values[1], rel=0.02)
    assert true == pytest.approx([4 / 101, 400 / 101])
    result = convert(values[0], 8, definition="pixel")
    assert result.snr is None
    assert "does not determine" in result.reason
    assert true[0] < result.least_if_even < true[1]


@pytest.mark.parametrize("theta", [0.0, 0.2, 1.0, 3.0])
@pytest.mark.parametrize("members", [4, 16])
def test_the_mean_of_a_folded_variable_is_its_integral(theta, members):
    variable = stats.norm(theta, 1 / math.sqrt(members))
    mean, _ = integrate.quad(lambda x: abs(x) * variable.pdf(x), -10, 10, points=[0, theta])
    assert folded_mean(theta, members) == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize("members", [3, 8, 30])
def test_the_least_snr_is_that_of_a_noncentral_t(members):
    """An independent way: |mean|/sd of one pixel is a noncentral t over the root of the members."""
    theta = 0.8
    variable = stats.nct(members - 1, theta * math.sqrt(members))
    positive, _ = integrate.quad(lambda t: t * variable.pdf(t), 0, 400, limit=400)
    negative, _ = integrate.quad(lambda t: -t * variable.pdf(t), -400, 0, limit=400)
    value = (positive + negative) / math.sqrt(members)
    assert convert(value, members, definition="pixel").least_if_even == pytest.approx(theta**2, rel=0.02)


@pytest.mark.parametrize("definition", ["pixel", "rms", "power"])
def test_a_number_at_the_floor_is_no_signal(definition):
    floor = convert(1.0, 8, definition=definition).floor
    for value in (0.0, floor * 0.9, floor):
        result = convert(value, 8, definition=definition)
        assert not result.above_floor
        assert (result.snr, result.least_if_even, result.if_gaussian) in {(0.0, None, None), (None, 0.0, 0.0)}
        assert result.networks_for_90 is None
        assert result.most_networks_for_90 is None


def test_the_numbers_of_the_example():
    rms = convert(0.7, 8, definition="rms")
    assert (rms.snr, rms.networks_for_90) == (pytest.approx(0.49 - 0.125), 25)
    assert rms.reliability == pytest.approx(8 * 0.365 / (1 + 8 * 0.365))
    power = convert(0.7, 8, definition="power")
    assert power.snr == pytest.approx(0.575)
    assert power.snr_of_one_pixel == pytest.approx(0.7 * 5 / 7 - 0.125)


def test_an_sd_that_divides_by_the_number_of_networks_is_brought_to_the_unbiased_one():
    maps = torch.randn(5, 1, 400, generator=torch.Generator().manual_seed(3), dtype=torch.float64) + 0.5
    biased = (maps.mean(0).abs() / maps.std(0, correction=0)).mean().item()
    assert convert(biased, 5, definition="pixel", ddof=0).published == pytest.approx(snr_pixel(maps).item())
    power = (maps.mean(0).square().sum() / maps.var(0, correction=0).sum()).item()
    assert convert(power, 5, definition="power", ddof=0).published == pytest.approx(snr_power(gram_matrix(maps)).item())


@pytest.mark.parametrize(
    ("snr", "members", "kwargs", "text"),
    [
        (-0.1, 8, {"definition": "rms"}, "snr -0.1 is not possible; give the number of the table, 0 or more"),
        (math.nan, 8, {"definition": "rms"}, "snr nan"),
        (math.inf, 8, {"definition": "rms"}, "snr inf"),
        (0.7, 1, {"definition": "rms"}, "members 1 is not possible for 'rms'; 2 or more are needed"),
        (0.7, 2, {"definition": "pixel"}, "is infinite for pure noise; 3 or more are needed"),
        (0.7, 8, {"definition": "mean"}, "definition 'mean' is unknown; give one of pixel, rms, power"),
        (0.7, 8, {"definition": "rms", "ddof": 2}, "ddof 2 is not possible"),
    ],
)
def test_impossible_values_are_refused_with_the_fix(snr, members, kwargs, text):
    with pytest.raises(UsageError) as error:
        convert(snr, members, **kwargs)
    assert text in str(error.value)
