import math

import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.intervals import Interval
from saliencynoise.statistics.reliability import members_for_images, members_needed, reliability_at


def interval(low: float, high: float) -> Interval:
    return Interval(low=low, high=high, question="both", df=7)


@pytest.mark.parametrize("members", [1, 4, 16])
def test_reliability_is_the_pooled_cosine_of_two_averages(members, correlated):
    r = 0.5
    maps = correlated(torch.full((2, 2000, 16), r**0.5), members=members).mean(0)
    first, second = maps
    cosine = (first * second).sum() / (first.square().sum() * second.square().sum()).sqrt()
    assert reliability_at(r, members) == pytest.approx(float(cosine), abs=0.02)


def test_reliability_at_the_ends():
    assert reliability_at(math.inf, 1) == 1
    assert reliability_at(0.0, 100) == 0


@pytest.mark.parametrize("reliability", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("r", [0.006, 0.43, 1.0, 24.0])
def test_smallest_number_that_reaches_the_reliability(r, reliability):
    n = members_needed(r, reliability=reliability).value
    assert n is not None
    assert reliability_at(r, n) >= reliability - 1e-9
    assert n == 1 or reliability_at(r, n - 1) < reliability


def test_rounding_up_is_not_fooled_by_floats():
    assert members_needed(1.0).value == 9  # 0.9 / (1 - 0.9) is 9.000000000000002
    assert members_needed(0.5).value == 18


@pytest.mark.parametrize(
    ("snr", "ends", "text"),
    [
        (0.43, None, "21"),
        (0.43, (0.26, 0.6), "21 [15, 35]"),
        (0.1, (-0.1, 0.22), "> 40"),
        (0.1, (0.0, 0.22), "> 40"),
        (5.0, (-1.0, 11.0), "undetermined"),
        (0.1, (-0.1, math.inf), "undetermined"),
        (0.0, (-0.1, 0.1), "undetermined"),
        (-0.02, None, "undetermined"),
        (math.nan, None, "undetermined"),
        (math.inf, (math.inf, math.inf), "1 [1, 1]"),
        (100.0, (50.0, math.inf), "1 [1, 1]"),
    ],
)
def test_text(snr, ends, text):
    assert str(members_needed(snr, interval(*ends) if ends else None)) == text


def test_open_above_keeps_the_lower_end():
    needed = members_needed(0.1, interval(-0.1, 0.22))
    assert (needed.value, needed.low, needed.high) == (90, 41, None)


@pytest.mark.parametrize("reliability", [0.0, 1.0, 90.0, math.nan])
def test_reliability_outside_its_range_is_refused(reliability):
    with pytest.raises(UsageError, match=r"is not between 0 and 1: choose for example 0\.9"):
        members_needed(0.4, reliability=reliability)


def test_members_for_most_images_is_checked_on_fresh_networks(correlated, generator):
    """Predicted from 8 members; two averages of that many fresh ones then agree on 9 of 10 images."""
    r = 2 * torch.randn(400, 1, generator=generator, dtype=torch.float64).mul(0.8).exp()
    signal = torch.full((400, 256), 1.0, dtype=torch.float64) * r.sqrt()
    needed = members_for_images(gram_matrix(correlated(signal, members=8)), seed=0)
    assert needed.value is not None
    assert needed.low is not None
    assert needed.high is not None
    assert needed.low < 4.5 / math.exp(-0.8 * 1.2816) < needed.high
    first, second = correlated(signal.expand(2, -1, -1), members=needed.value).mean(0)
    cosine = torch.cosine_similarity(first, second, dim=-1)
    assert float((cosine >= 0.9).double().mean()) == pytest.approx(0.9, abs=0.06)
    naive = members_needed(2 / (1 + 2) / (1 / 3)).value
    assert naive is not None
    assert naive < 0.6 * needed.value


def test_members_for_images_is_undetermined_without_signal_or_members(generator):
    gram = gram_matrix(torch.randn(8, 20, 30, generator=generator))
    assert members_for_images(gram, seed=0).high is None
    assert str(members_for_images(gram[:, :3, :3], seed=0)) == "undetermined"


@pytest.mark.parametrize("share", [0.0, 1.0, 90.0])
def test_share_outside_its_range_is_refused(share):
    with pytest.raises(UsageError, match=r"share of images .* is not between 0 and 1: choose for example 0\.9"):
        members_for_images(torch.ones(1, 4, 4), share=share, seed=0)
