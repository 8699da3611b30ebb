"""Learning rates, step by step, against their formulas."""

from __future__ import annotations

import math

import pytest
import torch

from saliencynoise.training.recipes import Recipe
from saliencynoise.training.schedules import scheduler


def rates(schedule, steps, **recipe):
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.3)
    rule = scheduler(schedule, optimiser, Recipe(**recipe), steps=steps)
    result = []
    for _ in range(steps):
        result.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        rule.step()
    return result


@pytest.mark.parametrize("steps", [1, 2, 7, 100])
def test_cosine_falls_from_the_peak_along_half_a_wave(steps):
    assert rates("cosine", steps) == pytest.approx([0.15 * (1 + math.cos(math.pi * t / steps)) for t in range(steps)])


@pytest.mark.parametrize("steps", [1, 2, 7, 100])
def test_constant_stays_at_the_peak(steps):
    assert rates("constant", steps) == [0.3] * steps


@pytest.mark.parametrize("warmup", [0.2, 0.5])
def test_one_cycle_rises_to_the_peak_and_falls_again(warmup):
    result = rates("one_cycle", 50, warmup=warmup)
    top = result.index(max(result))
    assert top == pytest.approx(warmup * 50, abs=1.01)
    assert max(result) == pytest.approx(0.3)
    assert result[0] == pytest.approx(0.3 / 25)
    assert result[: top + 1] == sorted(result[: top + 1])
    assert result[top:] == sorted(result[top:], reverse=True)
    assert result[-1] < 0.3 / 1e4
