"""The log of a run's failures."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from saliencynoise.engine.errors_log import ERRORS, forget_failures, log_failure, log_traceback
from saliencynoise.engine.job import MemberJob

JOB = cast("MemberJob", SimpleNamespace(architecture="net", member=3))


def test_failures_are_appended_and_forgotten(tmp_path):
    log_failure(tmp_path, JOB, {"method": "lime", "error": "no kernel", "traceback": "line 1"})
    log_failure(tmp_path, JOB, {"method": None, "error": "it ended"})
    log_traceback(tmp_path, "net, lime", ValueError("no map"))
    first, _, second, *rest = (tmp_path / ERRORS).read_text().splitlines()
    assert (first, second) == ("net, lime, member 3: no kernel", "net, member 3: it ended")
    assert "net, lime: ValueError: no map" in rest
    forget_failures(tmp_path)
    assert not (tmp_path / ERRORS).exists()
    forget_failures(tmp_path)


def test_without_a_folder_nothing_is_written(tmp_path):
    log_traceback(tmp_path / "none", "net", ValueError("no map"))
    assert list(tmp_path.iterdir()) == []
