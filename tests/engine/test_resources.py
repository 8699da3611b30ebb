"""The memory and the cores of this machine for worker processes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from saliencynoise.engine import resources
from saliencynoise.engine.resources import WORKER_BYTES, free_memory, usable_cores, workers_in_memory


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_the_memory_is_that_of_the_machine_or_of_the_control_group(tmp_path):
    assert free_memory(tmp_path) is None
    write(tmp_path / "proc/meminfo", "MemTotal:  9000 kB\nMemAvailable:  5000 kB\n")
    assert free_memory(tmp_path) == 5000 * 1024
    write(tmp_path / "sys/fs/cgroup/memory.max", "max\n")
    write(tmp_path / "sys/fs/cgroup/memory.current", "1000\n")
    assert free_memory(tmp_path) == 5000 * 1024
    write(tmp_path / "sys/fs/cgroup/memory.max", "3000\n")
    assert free_memory(tmp_path) == 2000
    write(tmp_path / "sys/fs/cgroup/memory.max", "500\n")
    assert free_memory(tmp_path) == 0


@pytest.mark.parametrize(("free", "due"), [(0, 1), (3 * WORKER_BYTES + 1, 3), (None, 7)])
def test_one_worker_is_always_allowed_and_unknown_memory_limits_nothing(free, due, monkeypatch):
    monkeypatch.setattr(resources, "free_memory", lambda: free)
    monkeypatch.setattr(resources, "usable_cores", lambda: 7)
    assert workers_in_memory() == due


def test_cores_are_those_that_this_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 5}, raising=False)
    assert usable_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert usable_cores() == 6
