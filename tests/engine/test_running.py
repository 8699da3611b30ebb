"""The methods that are running, by a clock that the test turns."""

from __future__ import annotations

import time
from typing import cast

import pytest

from saliencynoise.engine.job import MemberJob
from saliencynoise.engine.running import Running

JOB = cast("MemberJob", "a job")


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_method_runs_until_the_next_event_but_for_smaller_passes(clock):
    running = Running()
    running.note(JOB, {"kind": "attributing", "method": "lime"})
    running.note(JOB, {"kind": "rows", "rows": 4})
    assert running.method(JOB) == "lime"
    running.note(JOB, {"kind": "returned"})
    assert running.method(JOB) is None


def test_a_long_call_is_reported_and_again_after_twice_the_time(clock):
    running = Running(patience=10)
    running.note(JOB, {"kind": "attributing", "method": "lime"})
    reported = []
    for clock[0] in range(100):
        reported += [event["seconds"] for _, event in running.overdue()]
    assert reported == [10, 20, 40, 80]
