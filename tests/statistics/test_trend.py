import math

import numpy as np
import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.comparison import compare
from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.intervals import Pooled
from saliencynoise.statistics.snr import pooled_snr, snr_from_cosine
from saliencynoise.statistics.trend import log_trend


def ensemble(snr, *, images=12, members=8, pixels=256, seed=0):
    generator = torch.Generator().manual_seed(seed)
    signal = torch.randn(1, images, pixels, generator=generator, dtype=torch.float64)
    noise = torch.randn(members, images, pixels, generator=generator, dtype=torch.float64)
    return pooled_snr(gram_matrix(math.sqrt(snr) * signal + noise))


def test_of_two_ensembles_it_is_their_comparison():
    a, b = ensemble(0.5, seed=1), ensemble(1.5, seed=2)
    trend, pair = log_trend([a, b], [1, 3]), compare(b, a, shared="images")
    assert trend.slope == pytest.approx(pair.difference / 2)
    assert trend.interval.low == pytest.approx(pair.interval.low / 2)
    assert trend.interval.high == pytest.approx(pair.interval.high / 2)
    assert trend.p == pytest.approx(pair.p)


def test_the_slope_is_least_squares():
    places, figures = [0.0, 1.0, 3.0, 4.0], [ensemble(r, seed=i) for i, r in enumerate((0.3, 0.5, 0.6, 2.0))]
    slope = np.polyfit(places, [math.log(figure.value) for figure in figures], 1)[0]
    assert log_trend(figures, places).slope == pytest.approx(slope)
    assert log_trend(figures, places).ratio == pytest.approx(math.exp(slope))


def test_a_slope_of_none_is_called_significant_as_often_as_it_should():
    ps = [log_trend([ensemble(0.5, seed=10 * n + i) for i in range(3)], [0, 1, 2], paired=False).p for n in range(120)]
    assert np.mean([p < 0.05 for p in ps]) <= 0.1
    assert min(ps) < 0.2  # not never


def test_independent_images_may_differ_in_number():
    figures = [ensemble(0.5, images=6), ensemble(1.0, images=12)]
    assert log_trend(figures, [0, 1], paired=False).interval.question == "both"
    with pytest.raises(UsageError, match=r"\[6, 12\] images"):
        log_trend(figures, [0, 1])


def test_no_signal_no_trend():
    silent = Pooled(per_image=torch.full((12,), -0.1), without=torch.full((12, 3), -0.1), link=snr_from_cosine)
    result = log_trend([silent, ensemble(1.0, seed=5)], [2, 3])
    assert math.isnan(result.slope)
    assert result.interval is None
    assert result.note == "2 shows no signal (r is not above 0)"


def test_a_single_place_is_refused():
    with pytest.raises(UsageError, match="two places"):
        log_trend([ensemble(1.0), ensemble(1.0)], [1, 1])
