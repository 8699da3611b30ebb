"""The lower end of r if a second mode went unseen: its formula, and coverage where one does."""

from __future__ import annotations

import math

import pytest
import torch

from saliencynoise.statistics.gram import gram_matrix
from saliencynoise.statistics.intervals import Interval, claim_interval
from saliencynoise.statistics.snr import pooled_snr
from saliencynoise.statistics.unseen import allow_for_unseen_mode, unseen_share


def interval_from(low: float) -> Interval:
    return Interval(low=low, high=math.inf, question="both", df=7)


def test_a_mode_of_that_share_is_missed_in_one_study_of_twenty():
    for members in (3, 8, 30):
        assert (1 - unseen_share(members)) ** members == pytest.approx(0.05)


def test_c_falls_by_the_share_of_pairs_within_a_mode():
    share = unseen_share(16)
    result = allow_for_unseen_mode(interval_from(3.0), members=16)
    assert result is not None
    assert result.low / (1 + result.low) == pytest.approx(0.75 * ((1 - share) ** 2 + share**2))
    endless = allow_for_unseen_mode(interval_from(math.inf), members=16)
    assert endless is not None
    assert endless.low / (1 + endless.low) == pytest.approx((1 - share) ** 2 + share**2)


@pytest.mark.parametrize("low", [0.0, -0.1])
def test_an_end_without_signal_stays(low):
    result = allow_for_unseen_mode(interval_from(low), members=8)
    assert result is not None
    assert result.low == low
    assert allow_for_unseen_mode(None, members=2) is None


def test_it_covers_more_often_where_a_mode_may_be_missed(generator):
    """Modes of 80 and 20%, the same on all 16 images, E = 8: .68 of the intervals cover r, .85 with the second line."""

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    covered, allowed = 0, 0
    for _ in range(60):
        signal, pattern = normal(2, 16, 16)

        def study(members: int, signal: torch.Tensor = signal, pattern: torch.Tensor = pattern) -> torch.Tensor:
            modes = (torch.rand(members, 1, 1, generator=generator) < 0.8).double() - 0.8
            return 0.5**0.5 * signal + modes * pattern / 0.4 + normal(members, 16, 16)

        true = pooled_snr(gram_matrix(study(300))).value
        interval = claim_interval(pooled_snr(gram_matrix(study(8))), seed=0)
        second = allow_for_unseen_mode(interval, members=8)
        assert interval is not None
        assert second is not None
        covered += interval.low <= true <= interval.high
        allowed += second.low <= true <= interval.high
    assert covered < 0.83 * 60
    assert allowed > covered
    assert allowed >= 0.75 * 60
