"""The jobs of a plan, before any is done."""

from __future__ import annotations

import pytest

from saliencynoise.engine.config import config_from
from saliencynoise.engine.explained_classes import ExplainedClasses, given_classes
from saliencynoise.engine.plan import make_plan
from saliencynoise.engine.planned_jobs import attribution_jobs, training_jobs


@pytest.fixture
def plan(quick):
    return make_plan(config_from(quick | {"members": 5, "sampler": "noisegrad(members_a_run=2)", "target": "1"}))


def test_a_training_job_makes_the_members_of_a_run_and_explains_nothing(plan):
    jobs = training_jobs(plan, retrain=True)
    assert [(job.run, job.members) for job in jobs] == [(0, (0, 1)), (1, (2, 3)), (2, (4,))]
    assert all(job.retrain and not (job.methods or job.targets or job.chunks or job.recompute) for job in jobs)


def test_each_member_has_an_attribution_job_and_runs_take_turns(plan):
    explained = given_classes(plan)
    jobs = attribution_jobs(explained, retrain=False)
    assert [(job.run, job.member) for job in jobs] == [(0, 0), (1, 2), (2, 4), (0, 1), (1, 3)]
    for job in jobs:
        assert job.targets == (1, 1, 1, 1)
        assert job.images == tuple(plan.images.tolist())
        assert job.chunks == explained.chunks(plan.architectures[0])
        assert list(job.methods) == [method.canonical_name for method in plan.methods]
        assert (job.retrain, job.recompute) == (False, False)


def test_an_architecture_without_explained_classes_has_no_job(plan):
    assert attribution_jobs(ExplainedClasses(plan=plan, targets={}), retrain=False) == []


def test_fresh_computes_maps_again(quick):
    plan = make_plan(config_from(quick | {"fresh": True, "target": "true"}))
    assert all(job.recompute for job in attribution_jobs(given_classes(plan), retrain=False))
    assert not any(job.recompute for job in training_jobs(plan, retrain=True))


def test_the_rows_of_a_pass_that_the_folder_fixed_reach_the_jobs(plan):
    plan.run_folder.fix_rows_per_pass(plan.architectures[0].name, 7)
    assert {job.rows for job in training_jobs(plan, retrain=False)} == {7}
