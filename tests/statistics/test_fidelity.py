"""What a strategy is worth: averages of 1 and 4 networks are recognised as such."""

import math

import numpy as np
import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.fidelity import ONE_RUN, Fidelity, fidelity, price_p
from saliencynoise.statistics.snr import cosine


def unit(maps: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(maps, dim=-1)


def networks(generator: torch.Generator, signal: torch.Tensor, count: int, shared: float = 0.25) -> torch.Tensor:
    """Maps `[B, N, P]` about `signal` `[B, 1, P]`, a quarter of a member's noise common to all images."""
    images, _, pixels = signal.shape

    def normal(number: int) -> torch.Tensor:
        return torch.randn(number, count, pixels, generator=generator, dtype=torch.float64)

    return signal + math.sqrt(1 - shared) * normal(images) + math.sqrt(shared) * normal(1)


def study(
    generator: torch.Generator, *, worth: int, r: float = 0.5, runs: int = 4, held_out: int = 12, images: int = 32
) -> Fidelity:
    """A strategy whose every run is the average of `worth` fresh networks."""
    signal = math.sqrt(r) * torch.randn(images, 1, 128, generator=generator, dtype=torch.float64)
    reference = unit(networks(generator, signal, held_out))
    maps = unit(torch.stack([networks(generator, signal, worth).mean(1) for _ in range(runs)], 1))
    return fidelity((maps @ reference.mT).transpose(0, 1), reference @ reference.mT)


def test_formula_against_loops(rng):
    signal = rng.standard_normal((3, 1, 20))
    reference = signal + rng.standard_normal((3, 5, 20))
    reference /= np.linalg.norm(reference, axis=-1, keepdims=True)
    maps = signal[:, 0] + rng.standard_normal((3, 20))
    maps /= np.linalg.norm(maps, axis=-1, keepdims=True)
    inner = np.einsum("bp,brp->br", maps, reference)
    gram = np.einsum("bep,bfp->bef", reference, reference)
    g = inner.mean(0)
    products = [g[e] * g[f] for e in range(5) for f in range(5) if e != f]
    c = np.mean([gram[i, e, f] for i in range(3) for e in range(5) for f in range(5) if e != f])
    squared = np.mean(products) / c
    result = fidelity(torch.tensor(inner)[None], torch.tensor(gram))
    assert result.fidelity_squared == pytest.approx(squared)
    assert result.networks == pytest.approx(squared / ((1 - squared) * c / (1 - c)))


@pytest.mark.parametrize(("worth", "low", "high"), [(1, 0.95, 1.04), (4, 3.9, 4.3)])
@pytest.mark.parametrize("r", [0.3, 1.0])
def test_averages_are_worth_their_number(worth, low, high, r, generator):
    result = [study(generator, worth=worth, r=r) for _ in range(60)]
    assert low <= np.median([each.networks for each in result]) <= high
    covered = [each.interval is not None and each.interval.low <= worth <= each.interval.high for each in result]
    assert np.mean(covered) >= 0.9


def test_the_naive_cosine_and_a_reference_with_own_members_are_wrong(generator):
    signal = math.sqrt(0.5) * torch.randn(64, 1, 128, generator=generator, dtype=torch.float64)
    reference = unit(networks(generator, signal, 12))
    maps = unit(networks(generator, signal, 1))
    squared = fidelity((maps @ reference.mT).transpose(0, 1), reference @ reference.mT).fidelity_squared
    naive = float((maps * unit(reference.mean(1, keepdim=True))).sum(-1).square().mean())
    assert squared == pytest.approx(1 / 3, abs=0.03)  # r / (1 + r)
    assert naive < squared - 0.03
    own = torch.cat([maps, reference[:, 1:]], 1)
    assert fidelity((maps @ own.mT).transpose(0, 1), own @ own.mT).networks > 1.2


def test_the_true_mean_is_worth_more_than_can_be_told(generator):
    signal = torch.randn(64, 1, 128, generator=generator, dtype=torch.float64)
    reference = unit(networks(generator, signal, 12))
    maps = unit(signal + 0.02 * torch.randn(64, 3, 128, generator=generator, dtype=torch.float64))
    result = fidelity((maps @ reference.mT).transpose(0, 1), reference @ reference.mT)
    assert result.fidelity_squared == pytest.approx(1, abs=0.02)
    assert result.networks > 30
    assert result.interval is not None
    assert result.interval.high == math.inf


def test_more_than_the_mean_is_infinite_in_words():
    gram = torch.full((1, 8, 8), 0.25, dtype=torch.float64) + 0.75 * torch.eye(8, dtype=torch.float64)
    result = fidelity(torch.full((2, 1, 8), 0.5001, dtype=torch.float64), gram)
    assert result.networks == math.inf
    assert result.words == "equals more networks than can be estimated: its maps are the mean over networks"


@pytest.mark.parametrize("c", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("part", [0.0, 0.3, 0.9])
def test_opposite_and_unrelated_maps_are_worth_nothing(c, part):
    gram = torch.full((1, 8, 8), c, dtype=torch.float64) + (1 - c) * torch.eye(8, dtype=torch.float64)
    result = fidelity(torch.full((2, 1, 8), -part * math.sqrt(c), dtype=torch.float64), gram)
    assert result.networks <= 0
    assert math.isfinite(result.networks)
    assert result.words == "equals no network: its maps contain nothing of the mean over networks"


def test_one_run_says_so_and_its_interval_is_narrower(generator):
    several = study(generator, worth=2, runs=4)
    one = study(generator, worth=2, runs=1)
    assert ONE_RUN in one.note
    assert ONE_RUN not in several.note
    assert (one.runs, several.runs) == (1, 4)
    assert one.interval is not None
    assert one.interval.df == 11
    assert several.interval is not None
    assert several.words.startswith(f"equals {several.networks:.1f} [{several.interval.low:.1f}, ")


def test_a_reference_without_signal_is_refused(generator):
    result = study(generator, worth=1, r=0.0)
    assert math.isnan(result.networks)
    assert result.interval is None
    assert result.words.startswith("undetermined: the held-out networks show no signal")


def test_zero_maps_of_the_reference_count_as_in_the_headline(generator):
    signal = torch.randn(32, 1, 128, generator=generator, dtype=torch.float64)
    reference = unit(networks(generator, signal, 12))
    maps = unit(networks(generator, signal, 4))
    whole = fidelity((maps @ reference.mT).transpose(0, 1), reference @ reference.mT)
    reference = torch.cat([torch.zeros_like(reference[:2]), reference])
    padded = torch.cat([maps[:2], maps])
    result = fidelity((padded @ reference.mT).transpose(0, 1), reference @ reference.mT)
    assert result.networks == pytest.approx(whole.networks, rel=1e-9)


def test_missing_maps_of_some_held_out_members_weigh_as_in_the_headline(generator):
    signal = torch.randn(8, 1, 128, generator=generator, dtype=torch.float64)
    reference, maps = unit(networks(generator, signal, 8)), unit(networks(generator, signal, 1))
    reference[2:5, :3] = 0
    live = reference.any(-1).double().mean(-1)
    c = cosine(reference @ reference.mT).mean()
    g = ((maps @ reference.mT)[:, 0] / live.sqrt()[:, None]).mean(0)
    products = [float(g[e] * g[f]) for e in range(8) for f in range(8) if e != f]
    result = fidelity((maps @ reference.mT).transpose(0, 1), reference @ reference.mT)
    assert result.fidelity_squared == pytest.approx(np.mean(products) / float(c), rel=1e-9)


def test_base_runs_that_differ_widen_the_interval(generator):
    signal = 0.7 * torch.randn(32, 1, 128, generator=generator, dtype=torch.float64)
    reference = unit(networks(generator, signal, 12))
    maps = unit(torch.stack([networks(generator, signal, worth).mean(1) for worth in (1, 1, 8, 8)], 1))
    inner = (maps @ reference.mT).transpose(0, 1)
    apart, alike = fidelity(inner, reference @ reference.mT), fidelity(inner[:2], reference @ reference.mT)
    assert apart.interval is not None
    assert alike.interval is not None
    assert apart.interval.df == pytest.approx(3, abs=0.2)  # the runs' variance is nearly all of it
    assert apart.interval.low < 1
    assert apart.interval.high > 8
    assert alike.interval.high < 3


def test_bad_input_is_named():
    with pytest.raises(UsageError, match=r"inner products \[4, 3\] with Gram matrices \[4, 3, 3\]"):
        fidelity(torch.ones(4, 3), torch.ones(4, 3, 3))
    with pytest.raises(UsageError, match="an inner product of 2: divide all maps by their norms"):
        fidelity(torch.full((1, 4, 3), 2.0), torch.ones(4, 3, 3))
    with pytest.raises(UsageError, match="held-out members are zero"):
        fidelity(torch.zeros(1, 4, 3), torch.zeros(4, 3, 3))


def test_the_price_is_rejected_at_the_ends_of_the_interval(generator):
    result = study(generator, worth=2)
    assert result.interval is not None
    assert price_p(result, result.interval.low) == pytest.approx(0.05)
    assert price_p(result, result.networks) == pytest.approx(1.0)
    inside = (result.networks + result.interval.low) / 2
    assert 0.05 < price_p(result, inside) < 1.0
    assert price_p(result, 20.0) < 0.05


def test_a_strategy_that_is_worth_its_price_is_seldom_said_to_differ_from_it(generator):
    ps = [price_p(study(generator, worth=2), 2.0) for _ in range(120)]
    assert np.mean([p <= 0.05 for p in ps]) <= 0.10
    assert np.mean([price_p(study(generator, worth=4), 1.0) <= 0.05 for _ in range(20)]) == 1.0


@pytest.mark.parametrize(
    "worth",
    [
        Fidelity(fidelity_squared=math.nan, networks=math.nan, interval=None, runs=4),
        Fidelity(fidelity_squared=1.0, networks=math.inf, interval=None, runs=4),
        Fidelity(fidelity_squared=-0.1, networks=-0.1, interval=None, runs=4),
    ],
)
def test_without_a_worth_there_is_no_p(worth):
    assert price_p(worth, 1.0) is None
