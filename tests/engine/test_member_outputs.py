"""The records and logits of a run's members, which stay as they were first read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from saliencynoise.engine.config import config_from
from saliencynoise.engine.job import MemberJob
from saliencynoise.engine.member_outputs import MemberOutputs
from saliencynoise.engine.member_quality import logits_shape
from saliencynoise.engine.plan import make_plan
from saliencynoise.engine.planned_jobs import training_jobs
from saliencynoise.interfaces import UsageError
from saliencynoise.store.pool import Pool
from saliencynoise.store.records import MemberRecord

NAME = "timm/test_resnet"


@pytest.fixture
def plan(quick):
    return make_plan(config_from(quick))


@pytest.fixture
def jobs(plan):
    return training_jobs(plan, retrain=False)


@pytest.fixture
def outputs(plan):
    return MemberOutputs(images=plan.images, shape=logits_shape(plan.dataset))


def record_of(job: MemberJob) -> MemberRecord:
    record = Pool(Path(job.pool)).record(job.member)
    assert record is not None
    return record


def test_records_and_logits_are_ordered_by_member(jobs, outputs):
    for job in reversed(jobs):
        outputs.add(job, [record_of(job)])
    assert [record.index for record in outputs.records(NAME)] == [0, 1, 2]
    logits = outputs.logits(NAME)
    for job, member in zip(jobs, logits, strict=True):
        stored = Pool(Path(job.pool)).logits(job.member, sha256=record_of(job).logits_sha256, shape=outputs.shape)
        assert torch.equal(member, stored[outputs.images])


def test_a_member_that_was_replaced_meanwhile_is_refused_unless_it_is_to_be_trained_again(jobs, outputs):
    record = record_of(jobs[0])
    outputs.add(jobs[0], [replace(record, sha256="other")])
    with pytest.raises(UsageError, match=r"member 0 of .* was replaced while this run used it; run the same command"):
        outputs.add(jobs[0], [record])
    outputs.add(replace(jobs[0], retrain=True), [record])
    assert outputs.records(NAME) == [record]
