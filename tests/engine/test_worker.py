"""Errors of jobs become events."""

from __future__ import annotations

from typing import Any, cast

import pytest

from saliencynoise.engine.job import MemberJob
from saliencynoise.engine.member import MemberRunner
from saliencynoise.engine.worker import run_reporting
from saliencynoise.interfaces import PluginError, UsageError

JOB = cast("MemberJob", "a job")


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (UsageError("the pool was removed"), "usage", "the pool was removed"),
        (PluginError("the sampler failed"), "failed", "the sampler failed"),
        (ZeroDivisionError("by zero"), "failed", "ZeroDivisionError: by zero"),
        (SystemExit(3), "failed", "it raised SystemExit: 3, which a plugin must not raise; raise an Exception"),
    ],
)
def test_an_error_is_reported_with_its_kind_and_its_traceback(error, kind, text):
    class Raising:
        def run(self, job: MemberJob, report: Any) -> None:
            raise error

    events: list[Any] = []
    run_reporting(cast("MemberRunner", Raising()), JOB, events.append)
    assert [(event["kind"], event["error"]) for event in events] == [(kind, text)]
    assert "in run" in events[0]["traceback"]
