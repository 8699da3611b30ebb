"""One member: reused from the pool or trained, and finished once it has all maps."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from saliencynoise.engine.config import config_from
from saliencynoise.engine.explained_classes import given_classes
from saliencynoise.engine.job import Event, MemberJob
from saliencynoise.engine.member import (
    MemberRunner,
    describe_network,
    finished_records,
    refuse_changed_network,
    wanted_members,
    without_tf32,
)
from saliencynoise.engine.plan import Plan, make_plan
from saliencynoise.engine.planned_jobs import attribution_jobs, training_jobs
from saliencynoise.interfaces import UsageError


@pytest.fixture
def plan(quick):
    return make_plan(config_from(quick | {"methods": ["gradient"], "out": "run"}))


def events_of(plan: Plan, job: MemberJob) -> list[Event]:
    events: list[Event] = []
    MemberRunner(plan.dataset).run(job, events.append)
    return events


def test_a_job_without_maps_is_finished_where_its_members_are_trained(plan):
    job = training_jobs(plan, retrain=False)[1]
    records = finished_records(job)
    assert records is not None
    assert [record.index for record in records] == [1]
    assert finished_records(replace(job, retrain=True)) is None
    assert finished_records(replace(job, members=(1, 3))) is None, "member 3 is not in the pool"


def test_a_job_with_maps_is_finished_once_they_are_there(plan):
    job = attribution_jobs(given_classes(plan), retrain=False)[0]
    assert finished_records(job) is None
    assert [event["kind"] for event in events_of(plan, job) if event["kind"] in {"found", "trained"}] == ["found"]
    assert finished_records(job) is not None
    assert finished_records(replace(job, recompute=True)) is None


def test_a_member_is_trained_again_to_the_same_weights(plan):
    job = training_jobs(plan, retrain=True)[0]
    before = finished_records(replace(job, retrain=False))
    assert before is not None
    last = events_of(plan, job)[-1]
    assert (last["kind"], last["records"][0]["sha256"]) == ("trained", before[0].sha256)


def test_a_job_wants_one_member_to_attribute_and_the_whole_run_to_train(plan):
    training = replace(training_jobs(plan, retrain=False)[0], members=(0, 1, 2))
    assert wanted_members(training) == (0, 1, 2)
    assert wanted_members(replace(training, member=1, methods={"m": ("folder",)})) == (1,)


def test_another_build_of_the_network_is_refused(plan):
    architecture = plan.architectures[0]
    network = architecture.model.named().build((1, 8, 8), 10)
    assert describe_network(network).keys() == {"parameters", "adaptations", "points"}
    with pytest.raises(UsageError, match=r"was trained with another build of timm/test_resnet .*; remove it with"):
        refuse_changed_network(replace(network, adaptations=("other",)), architecture.pool, architecture.name)


def test_tf32_is_off_within_and_as_before_afterwards(monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    with without_tf32():
        assert not torch.backends.cudnn.allow_tf32
    assert torch.backends.cudnn.allow_tf32
