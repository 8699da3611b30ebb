"""Jobs travel to workers as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict

from saliencynoise.engine.config import config_from
from saliencynoise.engine.explained_classes import given_classes
from saliencynoise.engine.job import MemberJob
from saliencynoise.engine.plan import make_plan
from saliencynoise.engine.planned_jobs import attribution_jobs


def test_a_job_is_the_same_after_its_journey(quick):
    plan = make_plan(config_from(quick | {"methods": ["gradient", "smoothgrad"]}))
    for job in attribution_jobs(given_classes(plan), retrain=False):
        received = MemberJob.from_plain(json.loads(json.dumps(asdict(job))))
        assert vars(received) == vars(job)
