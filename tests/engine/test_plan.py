"""What a plan says before anything is computed."""

from __future__ import annotations

from typing import Any

import pytest

from saliencynoise.engine.config import config_from
from saliencynoise.engine.plan import Plan, make_plan
from saliencynoise.interfaces import UsageError


def planned(settings: dict[str, Any]) -> Plan:
    return make_plan(config_from(settings))


def test_names_are_resolved_and_the_images_are_chosen(quick):
    plan = planned(quick)
    assert plan.dataset_text == "builtin/digits"
    assert [method.canonical_name for method in plan.methods][:2] == ["builtin/gradient", "builtin/gradcam(layer=top)"]
    assert plan.image_names == [plan.dataset.test.names[index] for index in plan.images.tolist()]
    assert len(set(plan.image_names)) == quick["images"] == 4


def test_only_members_that_no_pool_has_are_trained(quick):
    assert planned(quick).members_to_train == 0
    assert planned(quick | {"members": 5}).members_to_train == 2
    assert planned(quick | {"fresh": True}).members_to_train == 3
    assert planned(quick | {"archs": ["test_resnet", "resnet"]}).members_to_train == 3


@pytest.mark.parametrize(
    ("sampler", "runs"),
    [
        ("deep_ensemble", [(0,), (1,), (2,), (3,), (4,)]),
        ("noisegrad", [(0, 1, 2, 3, 4)]),
        ("noisegrad(members_a_run=2)", [(0, 1), (2, 3), (4,)]),
    ],
)
def test_members_are_divided_into_training_runs(quick, sampler, runs):
    assert planned(quick | {"members": 5, "sampler": sampler}).runs() == runs


def test_only_a_stochastic_method_has_several_draws(quick):
    plan = planned(quick | {"methods": ["gradient", "smoothgrad"], "draws": 3})
    assert [plan.draws(method) for method in plan.methods] == [1, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"methods": ["gradient", "builtin/gradient"]}, "the method builtin/gradient is asked for twice; name it once"),
        (
            {"target": "10"},
            "--target 10 is no class of the data set; there are 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, or 0 to 9",
        ),
        ({"aggregator": "mean_logits"}, "needs the layer 'top', which an average of networks does not have"),
    ],
)
def test_an_impossible_setting_is_refused_by_name(quick, change, message):
    with pytest.raises(UsageError, match=message):
        planned(quick | change)
