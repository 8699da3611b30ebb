"""Each wrong architecture fails the check that was made for it, and no other."""

from __future__ import annotations

import kit_buildings as buildings
import pytest

from saliencynoise.registry.catalogue import catalogue
from saliencynoise.testing import check_subject, model_checks
from saliencynoise.testing.subjects import model_subject

WRONG = [(check, wrong) for check, entries in buildings.MODELS.items() for wrong in entries]


@pytest.mark.parametrize(("check", "wrong"), WRONG, ids=[f"{check}-{wrong.__name__}" for check, wrong in WRONG])
def test_a_wrong_architecture_fails_exactly_its_check(check, wrong):
    report = check_subject(buildings.subject(wrong))
    assert [result.check for result in report.of("failed")] == [check], report.of("failed")


def test_every_check_has_a_wrong_architecture():
    assert {check.name for check in model_checks()} == buildings.MODELS.keys()


def test_a_right_architecture_passes_every_check():
    report = check_subject(buildings.subject(buildings.Right))
    assert {result.status for result in report.results} == {"passed"}


def test_a_polite_refusal_is_listed_and_no_failure():
    report = check_subject(buildings.subject(buildings.RefusesOblong))
    (left_out,) = report.of("not_applicable")
    assert left_out.check == "oblong_images"
    assert left_out.message == "the architecture refuses images of 3x32x48: square images only"
    assert report.of("failed") == []


@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
def test_architectures_of_timm_pass(name):
    report = check_subject(model_subject(catalogue().model(name, {})))
    assert report.of("failed") == report.of("expected") == []
    assert report.executed == len(list(model_checks()))
