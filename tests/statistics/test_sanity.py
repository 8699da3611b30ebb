"""The rule of the verdicts, case by case, and that it finds what was simulated."""

from __future__ import annotations

import math

import pytest
import torch

from saliencynoise.statistics.agreement import Agreement, agreement
from saliencynoise.statistics.intervals import Interval, claim_interval
from saliencynoise.statistics.sanity import cosine_difference, sanity_verdict
from saliencynoise.statistics.snr import pooled_snr


def between(low: float, high: float) -> Interval:
    return Interval(low=low, high=high, question="both", df=7)


def cosine(low: float | None, high: float = 1.0) -> Agreement:
    if low is None:
        return Agreement(value=math.nan, interval=None, raw=0.1, images=8)
    return Agreement(value=(low + high) / 2, interval=between(low, high), raw=0.1, images=8)


@pytest.mark.parametrize(
    ("trained", "other", "agreement", "verdict"),
    [
        (between(-0.1, 0.5), between(1, 2), cosine(0.9), "undetermined"),
        (between(0.4, 0.6), between(-0.1, 0.1), cosine(None), "depends"),
        (between(0.4, 0.6), between(-0.1, 0.5), cosine(None), "undetermined"),
        (between(0.4, 0.6), between(0.3, 0.5), cosine(0.1, 0.3), "depends"),
        (between(0.4, 0.6), between(0.3, 0.5), cosine(0.8, 0.95), "does not depend"),
        (between(0.4, 0.6), between(0.01, 0.02), cosine(0.8, 0.95), "does not depend"),
        (between(0.4, 0.6), between(0.3, 0.5), cosine(0.6, 0.8), "in part"),
        (between(0.4, 0.6), between(0.3, 0.5), cosine(None), "undetermined"),
        (None, between(0.3, 0.5), cosine(0.8), "undetermined"),
        (between(0.4, 0.6), None, cosine(0.8), "undetermined"),
    ],
)
def test_every_case(trained, other, agreement, verdict):
    assert sanity_verdict(trained, other, agreement, more=False) == verdict


def test_a_signal_that_the_others_lack_by_the_test_depends():
    wide = between(-0.3, 0.9)
    assert sanity_verdict(between(0.4, 0.6), wide, cosine(None), more=True) == "depends"
    assert sanity_verdict(between(-0.1, 0.6), wide, cosine(None), more=True) == "undetermined"


def noise(generator, members=6):
    maps = torch.randn(12, members, 60, generator=generator).double()
    maps = maps / maps.norm(dim=-1, keepdim=True)
    return maps @ maps.mT


def test_equal_networks_are_called_different_in_5_of_100_at_most(generator):
    found = [cosine_difference(*(pooled_snr(noise(generator)) for _ in range(2))).p for _ in range(200)]
    assert sum(p < 0.05 for p in found) <= 18, "at 5% more than 18 of 200 happen in 1 of 100 runs"


def test_the_difference_is_that_of_the_mean_cosines(generator):
    grams = [noise(generator), noise(generator)]
    means = [float(gram[:, ~torch.eye(6, dtype=torch.bool)].mean()) for gram in grams]
    found = cosine_difference(*map(pooled_snr, grams))
    assert found.value == pytest.approx(means[0] - means[1])
    assert found.interval.low < found.value < found.interval.high


@pytest.mark.parametrize(
    ("shared", "other", "verdict"),
    [(1.0, 1.0, "does not depend"), (0.0, 1.0, "depends"), (0.0, 0.0, "depends"), (0.3, 1.0, "depends")],
)
def test_simulated_signals(shared, other, verdict, generator):
    """Trained maps with a signal; others with one that has a cosine of `shared` with it, `other` times as large."""
    result = []
    for _ in range(20):
        signal, apart = (torch.randn(16, 1, 200, generator=generator) for _ in range(2))
        mixed = other * (shared * signal + math.sqrt(1 - shared**2) * apart)
        a, b = (own + torch.randn(16, 8, 200, generator=generator) for own in (signal, mixed))
        grams = [own.double() @ own.double().mT for own in (a, b)]
        intervals = [claim_interval(pooled_snr(gram), seed=0) for gram in grams]
        result.append(sanity_verdict(*intervals, agreement(a.double() @ b.double().mT, *grams, seed=0), more=False))
    assert result.count(verdict) >= 19
