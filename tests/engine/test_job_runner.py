"""The jobs of a plan while they run, with a dispatcher that only reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from saliencynoise.engine.config import config_from
from saliencynoise.engine.dispatch import Dispatcher
from saliencynoise.engine.explained_classes import given_classes
from saliencynoise.engine.job import Event, MemberJob
from saliencynoise.engine.job_runner import JobRunner
from saliencynoise.engine.member_outputs import MemberOutputs
from saliencynoise.engine.member_quality import logits_shape
from saliencynoise.engine.plan import Plan, make_plan
from saliencynoise.engine.planned_jobs import attribution_jobs, training_jobs
from saliencynoise.interfaces import UsageError
from saliencynoise.store.pool import Pool

NAME = "timm/test_resnet"


@dataclass
class Reporting:
    """A dispatcher that reports the same events of each job and does nothing."""

    events: Sequence[Event] = ()
    jobs: list[MemberJob] = field(default_factory=list)

    def run(self, jobs: Sequence[MemberJob], on_event: Callable[[MemberJob, Event], None]) -> None:
        self.jobs += jobs
        for job in jobs:
            for event in self.events:
                on_event(job, event)


@pytest.fixture
def plan(quick):
    return make_plan(config_from(quick | {"out": "run"}))


def runner_of(plan: Plan, dispatcher: Reporting, watcher: Any) -> JobRunner:
    outputs = MemberOutputs(images=plan.images, shape=logits_shape(plan.dataset))
    return JobRunner(plan=plan, dispatcher=cast("Dispatcher", dispatcher), observer=watcher, outputs=outputs)


def test_finished_jobs_are_skipped_and_their_records_kept(plan, watcher):
    dispatcher = Reporting()
    runner = runner_of(plan, dispatcher, watcher)
    runner.run(training_jobs(plan, retrain=False))
    assert dispatcher.jobs == watcher.jobs == []
    assert runner.outputs is not None
    assert [record.index for record in runner.outputs.records(NAME)] == [0, 1, 2]


def test_jobs_without_maps_are_dispatched(plan, watcher):
    dispatcher = Reporting()
    runner_of(plan, dispatcher, watcher).run(attribution_jobs(given_classes(plan), retrain=False))
    assert [job.member for job in dispatcher.jobs] == [job.member for job in watcher.jobs] == [0, 1, 2]
    assert watcher.workers == 0


def test_a_failure_is_noted_and_logged_and_the_other_jobs_go_on(plan, watcher):
    plan.run_folder.path.mkdir()
    event = {"kind": "failed", "method": "builtin/gradient", "error": "no gradient", "traceback": "line 1"}
    runner = runner_of(plan, Reporting([event]), watcher)
    runner.run(training_jobs(plan, retrain=True))
    assert runner.failures.reasons == {(NAME, "builtin/gradient"): "member 0: no gradient"}
    assert watcher.count("failed") == 3
    log = Path("run/errors.log").read_text()
    assert f"{NAME}, builtin/gradient, member 2: no gradient\nline 1\n" in log


def test_an_error_of_the_user_ends_the_run_with_its_traceback(plan, watcher):
    event = {"kind": "usage", "error": "the pool was removed", "traceback": "line 1"}
    with pytest.raises(UsageError, match="the pool was removed") as caught:
        runner_of(plan, Reporting([event]), watcher).run(training_jobs(plan, retrain=True))
    assert caught.value.__notes__ == ["line 1"]
    assert watcher.events == []


def test_trained_members_are_kept_and_rows_of_a_pass_fixed(plan, watcher):
    record = Pool(Path(training_jobs(plan, retrain=False)[0].pool)).record(0)
    assert record is not None
    events = [{"kind": "trained", "records": [asdict(record)]}, {"kind": "rows", "rows": 5}]
    runner = runner_of(plan, Reporting(events), watcher)
    runner.run(training_jobs(plan, retrain=True)[:1])
    assert runner.outputs is not None
    assert runner.outputs.records(NAME) == [record]
    assert plan.run_folder.division.rows == {NAME: 5}
