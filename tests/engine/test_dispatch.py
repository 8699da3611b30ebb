"""How many workers there are: those that were asked for, or a core each as far as the memory allows."""

from __future__ import annotations

import pytest

from saliencynoise.api import bench
from saliencynoise.engine import dispatch
from saliencynoise.engine.config import config_from
from saliencynoise.engine.dispatch import worker_count
from saliencynoise.engine.plan import make_plan
from saliencynoise.interfaces import UsageError
from saliencynoise.records.writing import json_of


@pytest.mark.parametrize(
    ("jobs", "cores", "fit", "due"),
    [(8, 4, 9, 4), (3, 4, 9, 3), (8, 4, 2, 2), (8, 4, 1, 0), (1, 4, 9, 0), (8, 1, 9, 0)],
)
def test_without_a_number_the_least_of_jobs_cores_and_memory_counts(jobs, cores, fit, due, monkeypatch):
    monkeypatch.setattr(dispatch, "usable_cores", lambda: cores)
    monkeypatch.setattr(dispatch, "workers_in_memory", lambda: fit)
    assert worker_count(jobs, "cpu") == due
    assert worker_count(jobs, "cuda:1") == 0


@pytest.mark.parametrize(("workers", "jobs", "due"), [(0, 8, 0), (1, 8, 1), (5, 8, 5), (5, 3, 3)])
def test_the_number_that_was_asked_for_is_what_there_is(workers, jobs, due, monkeypatch):
    monkeypatch.setattr(dispatch, "usable_cores", lambda: 2)
    assert worker_count(jobs, "cpu", workers=workers) == due
    assert worker_count(jobs, "cuda", workers=workers) == 0


@pytest.mark.parametrize("workers", [-1, 1025])
def test_an_impossible_number_is_refused(workers):
    with pytest.raises(UsageError, match=f"--workers {workers} is not possible; give 0 .* to 1024 processes"):
        config_from({"workers": workers})


def test_the_number_is_no_part_of_a_study(quick):
    one, two = (make_plan(config_from(quick | {"workers": workers})) for workers in (1, 2))
    assert one.run_folder.path == two.run_folder.path
    assert "workers" not in one.config.settings


def test_workers_reach_the_bench_and_a_folder_goes_on_with_another_number(quick, watcher):
    settings = quick | {"methods": ["gradient"]}
    first = bench(**settings | {"workers": 1}, out="run", observer=watcher)
    assert watcher.workers == 1
    again = bench(**settings, out="run")
    assert json_of(again.result.cells) == json_of(first.result.cells)
    assert "workers" not in json_of(first.result.settings)
