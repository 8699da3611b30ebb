"""The clock of a device."""

from __future__ import annotations

import time

import pytest

from saliencynoise.engine.clock import clock


def test_waiting_costs_nothing_on_the_cpu_and_time_elsewhere():
    processor, wall = clock("cpu"), clock("cuda:1")
    starts = processor(), wall()
    time.sleep(0.2)
    assert processor() - starts[0] < 0.1
    assert wall() - starts[1] >= 0.2


@pytest.mark.parametrize("device", ["cpu", "cuda", "mps"])
def test_work_is_measured(device):
    now = clock(device)
    start, sum_ = now(), 0
    for number in range(200_000):
        sum_ += number
    assert sum_ == 199_999 * 100_000
    assert now() > start
