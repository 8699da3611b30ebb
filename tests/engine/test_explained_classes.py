"""The classes that are explained: given, or voted on by members with known logits."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
import torch

from saliencynoise.engine.config import config_from
from saliencynoise.engine.explained_classes import ExplainedClasses, given_classes, voted_classes
from saliencynoise.engine.member_outputs import MemberOutputs
from saliencynoise.engine.plan import make_plan

NAME = "timm/test_resnet"


@pytest.fixture
def plan(quick):
    return make_plan(config_from(quick | {"methods": ["gradient"]}))


def test_given_classes_are_the_labels_or_one_class(quick):
    labels = make_plan(config_from(quick | {"target": "true"}))
    assert given_classes(labels).targets == {NAME: tuple(labels.dataset.test.labels[labels.images].tolist())}
    assert given_classes(make_plan(config_from(quick | {"target": "7"}))).targets == {NAME: (7, 7, 7, 7)}


def test_the_settings_have_one_spelling_of_a_target(quick):
    plan = make_plan(config_from(quick | {"target": "contrast( 3, 5 )"}))
    assert plan.config.settings["target"] == "contrast(3,5)"
    assert given_classes(plan).targets == {NAME: (3, 3, 3, 3)}
    assert str(plan.score) == "contrast(5)"
    assert {method.sign for method in plan.methods} == {"signed"}
    assert {method.sign for method in make_plan(config_from(quick | {"target": "margin"})).methods} == {"leaning"}


def test_maps_of_two_scores_have_other_keys(plan, quick):
    texts = ["true", "logprob", "margin", "probability", "contrast(true,3)", "contrast(true,4)"]
    plans = [make_plan(config_from(quick | {"target": text})) for text in texts]
    keys = [given_classes(other).chunks(other.architectures[0])[0].key for other in plans]
    assert len(set(keys)) == len(texts)
    assert keys[0] == given_classes(plan).chunks(plan.architectures[0])[0].key


def voters(*members: list[int]) -> MemberOutputs:
    """Return the logits of members that are sure of these classes."""
    logits = torch.stack([torch.nn.functional.one_hot(torch.tensor(classes), 10).float() for classes in members])
    return cast("MemberOutputs", SimpleNamespace(logits=lambda architecture: logits))


def test_most_members_decide_and_an_architecture_that_failed_has_no_class(plan):
    ensemble = voters([1, 2, 3, 4], [1, 2, 3, 5], [9, 2, 8, 5])
    explained = voted_classes(plan, ensemble, failed=frozenset())
    assert explained.of(plan.architectures[0]) == (1, 2, 3, 5)
    failed = voted_classes(plan, ensemble, failed=frozenset({NAME}))
    assert failed.of(plan.architectures[0]) == ()
    assert failed.chunks(plan.architectures[0]) == ()


def test_chunks_have_all_images_once_and_keys_that_change_with_the_class(plan, monkeypatch):
    monkeypatch.setitem(vars(plan.run_folder.division), "chunk", 3)
    architecture = plan.architectures[0]
    one, other = (ExplainedClasses(plan=plan, targets={NAME: (0, 0, 0, last)}).chunks(architecture) for last in (1, 2))
    assert [chunk.rows for chunk in one] == [(0, 1, 2), (3,)]
    assert [chunk.key == twin.key for chunk, twin in zip(one, other, strict=True)] == [True, False]
