"""The settings of a frontier: which members each budget and run takes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from saliencynoise.analyses.frontier.config import FrontierConfig
from saliencynoise.engine.config import BenchConfig
from saliencynoise.interfaces import UsageError

BENCH = BenchConfig(archs=("vgg",))


def config_of(**changes: Any) -> FrontierConfig:
    return FrontierConfig(bench=BENCH, **changes)


@pytest.mark.parametrize(("budgets", "runs", "first"), [((1, 2, 4, 8), 4, 8), ((2,), 4, 4), ((3, 1), 2, 3)])
def test_held_out_members_follow_those_that_samplers_use(budgets, runs, first):
    config = config_of(budgets=budgets, runs=runs, reference=5)
    assert config.ensemble == first
    assert list(config.held_out) == [first + index for index in range(5)]


def test_the_folder_follows_from_all_that_changes_a_figure():
    assert config_of(out="here").folder == Path("here")
    changes: list[dict[str, Any]] = [
        {}, {"samplers": ("swag",)}, {"aggregators": ("median",)}, {"budgets": (1, 2)}, {"runs": 3}, {"reference": 8},
        {"bench": replace(BENCH, seed=1)},
    ]  # fmt: skip
    folders = {FrontierConfig(**{"bench": BENCH, **change}).folder for change in changes}
    assert len(folders) == len(changes)
    assert all(folder.name.startswith("frontier-digits-vgg-") for folder in folders)
    assert config_of(out="here").settings == config_of().settings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"samplers": "swag"}, "samplers is 'swag'; it must be a list"),
        ({"budgets": 4}, "budgets is 4; it must be a list"),
        ({"runs": 2.0}, "runs is 2.0; it must be a whole number"),
        ({"reference": True}, "reference is True; it must be a whole number"),
        ({"aggregators": ()}, "no sampler or no aggregator is named; give --sampler NAME and --aggregator NAME"),
        ({"out": " "}, "--out ' ' names no folder; name one"),
        ({"bench": replace(BENCH, precision="bfloat16")}, "'frontier' computes in float32; leave out precision=bfloat"),
    ],
)
def test_values_of_another_type_are_refused(changes, words):
    with pytest.raises(UsageError) as caught:
        FrontierConfig(**{"bench": BENCH, **changes})
    assert str(caught.value).startswith(words)
