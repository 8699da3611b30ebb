"""Disattenuated agreement: against loops, and for ensembles of known true maps."""

import math

import numpy as np
import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.agreement import Agreement, _contributions, agreement
from saliencynoise.statistics.groups import variance_of_mean
from saliencynoise.statistics.snr import cosine as mean_cosine


def of(a: torch.Tensor, b: torch.Tensor) -> Agreement:
    """The agreement of maps `[B, E, P]` and `[B, F, P]`."""
    return agreement(a @ b.mT, a @ a.mT, b @ b.mT, seed=0)


def ensembles(
    generator: torch.Generator, *, cosine: float, r: float = 0.5, images: int = 16, members: tuple[int, int] = (8, 8)
) -> tuple[torch.Tensor, torch.Tensor]:
    """Maps of two ensembles of SNR r, a third of a member's noise common to all images; P_eff = 64."""

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, 64, generator=generator, dtype=torch.float64)

    def noisy(signal: torch.Tensor, count: int) -> torch.Tensor:
        return math.sqrt(r) * signal + math.sqrt(2 / 3) * normal(images, count) + math.sqrt(1 / 3) * normal(1, count)

    true, other = normal(images, 1), normal(images, 1)
    other = cosine * true + math.sqrt(1 - cosine**2) * other
    return noisy(true, members[0]), noisy(other, members[1])


def test_value_and_raw_against_loops(rng):
    signal = rng.standard_normal((4, 1, 30))
    a, b = signal + rng.standard_normal((4, 5, 30)), signal + rng.standard_normal((4, 3, 30))
    result = of(torch.tensor(a), torch.tensor(b))
    unit_a, unit_b = (m / np.linalg.norm(m, axis=-1, keepdims=True) for m in (a, b))

    def off(unit: np.ndarray) -> float:
        return np.mean([i[e] @ i[f] for i in unit for e in range(len(i)) for f in range(len(i)) if e != f])

    mean_a, mean_b = unit_a.mean(1), unit_b.mean(1)
    product = (mean_a * mean_b).sum(-1).mean()
    assert result.value == pytest.approx(product / math.sqrt(off(unit_a) * off(unit_b)))
    energies = (mean_a**2).sum(-1).mean() * (mean_b**2).sum(-1).mean()
    assert result.raw == pytest.approx(product / math.sqrt(energies))


def test_interval_adds_both_jackknives_and_the_images(generator):
    """Each part against the same figure without a member, and against resampled images."""
    a, b = ensembles(generator, cosine=0.8, r=2, images=40, members=(6, 5))
    result = of(a, b)

    def jackknife(values: list[float]) -> float:
        return (len(values) - 1) / len(values) * np.sum((np.array(values) - np.mean(values)) ** 2)

    without_a = jackknife([of(a[:, torch.arange(6) != e], b).value for e in range(6)])
    without_b = jackknife([of(a, b[:, torch.arange(5) != e]).value for e in range(5)])
    draws = [torch.randint(40, (40,), generator=generator) for _ in range(300)]
    images = np.var([of(a[draw], b[draw]).value for draw in draws])
    df = (without_a + without_b + images) ** 2 / (without_a**2 / 5 + without_b**2 / 4 + images**2 / 39)
    assert result.interval is not None
    assert result.interval.df == pytest.approx(df, rel=0.2)
    half = (result.interval.high - result.interval.low) / 2
    assert half == pytest.approx(2.2 * math.sqrt(without_a + without_b + images), rel=0.12)
    assert result.interval.question == "both"
    assert result.note == result.interval.note == "indicative: fewer than 8 members"


@pytest.mark.parametrize("cosine", [1.0, 0.6, 0.0])
def test_known_agreement_is_found_and_covered(cosine, generator):
    result = [of(*ensembles(generator, cosine=cosine)) for _ in range(150)]
    assert all(each.interval is not None for each in result)
    assert np.mean([each.value for each in result]) == pytest.approx(cosine, abs=0.015)
    covered = [each.interval is not None and each.interval.low <= cosine <= each.interval.high for each in result]
    assert np.mean(covered) >= 0.92
    if cosine == 1:
        assert np.mean([each.raw for each in result]) == pytest.approx(0.8, abs=0.02)  # 8 r / (1 + 8 r)


def test_opposite_maps_agree_negatively(generator):
    a, b = ensembles(generator, cosine=1.0, r=4)
    assert of(a, -b).value == pytest.approx(-of(a, b).value, rel=1e-12)


def test_no_signal_in_one_is_undetermined(generator):
    a, b = ensembles(generator, cosine=1.0, r=2)
    noise = torch.randn(b.shape, generator=generator, dtype=torch.float64)
    result = of(a, noise)
    assert math.isnan(result.value)
    assert result.interval is None
    assert result.note == "undetermined: no signal is shown in B (the interval of r includes 0)"
    assert of(noise, b).note.startswith("undetermined: no signal is shown in A (")
    assert of(a[:, :2], b).note.startswith("undetermined: no signal is shown in A (")  # two members have no interval


def test_gains_and_zero_maps(generator):
    a, b = ensembles(generator, cosine=0.7, r=2)
    gain = torch.rand(16, 8, 1, generator=generator, dtype=torch.float64) + 0.1
    assert of(a * gain, b).value == pytest.approx(of(a, b).value, rel=1e-9)
    empty = torch.cat([torch.zeros_like(a[:1]), a]), torch.cat([b[:1], b])
    assert of(*empty).value == pytest.approx(of(a, b).value, rel=1e-12)
    assert of(*empty).images == 16


def test_missing_maps_of_some_members_weigh_as_in_the_headline(generator):
    a, b = ensembles(generator, cosine=0.7, r=2)
    a[:5, :3], b[3:8, 2] = 0, 0
    unit_a, unit_b = (torch.nn.functional.normalize(m, dim=-1) for m in (a, b))
    live = (a.any(-1).double().mean(-1) * b.any(-1).double().mean(-1)).sqrt()
    product = ((unit_a.mean(1) * unit_b.mean(1)).sum(-1) / live).mean()
    c = [mean_cosine(m @ m.mT).mean() for m in (a, b)]
    assert of(a, b).value == pytest.approx(float(product / (c[0] * c[1]).sqrt()), rel=1e-9)


def test_variance_over_images_against_resampled_images(generator):
    """Where the images differ in SNR and in agreement, the signals' own variances count."""
    product, a, b = torch.rand(3, 60, generator=generator, dtype=torch.float64)
    product = product * a
    draws = torch.randint(60, (20_000, 60), generator=generator)
    resampled = product[draws].mean(1) / (a[draws].mean(1) * b[draws].mean(1)).sqrt()
    variance, df = variance_of_mean(_contributions(product, a, b), None)
    assert df == 59
    assert variance == pytest.approx(float(resampled.var()), rel=0.06)


def test_one_image_answers_for_members(generator):
    result = of(*ensembles(generator, cosine=0.9, r=8, images=1))
    assert result.interval is not None
    assert result.interval.question == "members"


def test_bad_input_is_named():
    with pytest.raises(UsageError, match=r"inner products \[2, 3, 4\] with Gram matrices \[2, 3, 3\] and \[2, 3, 3\]"):
        agreement(torch.ones(2, 3, 4), torch.ones(2, 3, 3), torch.ones(2, 3, 3), seed=0)
    with pytest.raises(UsageError, match="no image on which both"):
        agreement(torch.zeros(2, 3, 3), torch.zeros(2, 3, 3), torch.ones(2, 3, 3), seed=0)
