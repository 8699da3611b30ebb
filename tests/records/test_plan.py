"""`plan.json`: sizes are whole numbers of 1 or more."""

from __future__ import annotations

from typing import Any

import pytest

from saliencynoise.records.plan import PlanRecord
from saliencynoise.records.reading import RecordError, check_record
from saliencynoise.records.writing import json_of

PLAN: dict[str, Any] = {"fixed": {"seed": 0, "archs": ["vgg"]}, "chunk": 32, "rows": {"vgg": 8}, "format": 1}


def read(**changes: Any) -> PlanRecord:
    return check_record({**PLAN, **changes}, PlanRecord, where="plan.json")


def test_a_plan_has_its_settings_and_sizes():
    plan = read()
    assert (plan.fixed, plan.chunk, plan.rows, plan.format) == (PLAN["fixed"], 32, {"vgg": 8}, 1)
    assert json_of(plan) == PLAN


@pytest.mark.parametrize("key", sorted(PLAN))
def test_no_key_may_lack(key):
    with pytest.raises(RecordError, match=f"^plan.json is damaged: it has no {key}; "):
        check_record({name: value for name, value in PLAN.items() if name != key}, PlanRecord, where="plan.json")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"chunk": 0}, "chunk is 0 where int >= 1 is wanted"),
        ({"chunk": "32"}, "chunk is '32' where a whole number is wanted"),
        ({"rows": {"net": 4, "vgg": -1}}, "rows.vgg is -1 where int >= 1 is wanted"),
        ({"fixed": []}, r"fixed is \[\] where a table is wanted"),
    ],
)
def test_impossible_sizes_are_named(changes, words):
    with pytest.raises(RecordError, match=f"^plan.json is damaged: {words}; copy it whole, or run the same command"):
        read(**changes)
