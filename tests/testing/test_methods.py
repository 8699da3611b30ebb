"""Each wrong method fails the check that was made for it, and no other."""

from __future__ import annotations

from typing import get_args

import kit_zoo as zoo
import pytest

from saliencynoise.interfaces import Rewrite
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring.rewriting import open_kinds
from saliencynoise.testing import check_subject, method_checks
from saliencynoise.testing.invariances import check_invariances, maps_of_rewritten
from saliencynoise.testing.subjects import method_subject
from saliencynoise.testing.values import distance

WRONG = [
    pytest.param(check, wrong, changed, id=f"{check}-{wrong.__name__}")
    for check, entries in zoo.METHODS.items()
    for wrong, changed in entries
]


@pytest.mark.parametrize(("check", "wrong", "changed"), WRONG)
def test_a_wrong_method_fails_exactly_its_check(check, wrong, changed):
    report = check_subject(zoo.subject(wrong, changed))
    assert [result.check for result in report.of("failed")] == [check], report.of("failed")
    assert report.of("failed")[0].message


def test_every_check_has_a_wrong_method():
    assert {check.name for check in method_checks()} == zoo.METHODS.keys()
    assert len(WRONG) >= 12


RIGHT = [
    (zoo.Right, {"claims": ("linear_weights", "constant")}),
    (zoo.Noisy, {"stochastic": True}),
    (zoo.Squared, {"sign": "nonnegative"}),
    (zoo.Leaning, {"sign": "leaning"}),
]


@pytest.mark.parametrize(
    ("wrong", "sign", "message"),
    [
        (zoo.Squared, "signed", 'no value is negative on either network: declare sign="nonnegative"'),
        (zoo.Leaning, "signed", "is not minus the map of f (largest relative difference"),
        (zoo.Right, "nonnegative", "of 864 values are negative, the smallest -"),
        (zoo.Right, "nonpositive", "of 864 values are positive, the largest "),
        (zoo.NoSign, "signed", "`sign` is 'positive'; it must be one of signed, nonnegative, nonpositive, leaning"),
    ],
)
def test_a_wrong_sign_is_told_with_the_right_one(wrong, sign, message):
    (failed,) = check_subject(zoo.subject(wrong, {"sign": sign})).of("failed")
    assert failed.check == "sign"
    assert message in failed.message


@pytest.mark.parametrize("right", RIGHT)
def test_a_right_method_passes(right):
    report = check_subject(zoo.subject(*right))
    assert report.of("failed") == []
    assert report.executed >= 17


@pytest.mark.parametrize("name", ["gradient", "gradcam", "gradcam(layer=intermediate)"])
def test_built_in_methods_pass(name):
    report = check_subject(method_subject(catalogue().method(name)))
    assert report.of("failed") == report.of("expected") == []
    assert report.executed >= 17


def test_a_declared_invariance_is_checked_with_what_it_includes():
    right = zoo.subject(zoo.SumOfChannels, {"invariant_to": ("permutation",), "sign": "nonnegative"})
    assert {result.check: result.status for result in check_subject(right).results}["invariant_to"] == "passed"
    (failed,) = check_subject(zoo.subject(zoo.SumOfChannels, {"invariant_to": ("sign",), "sign": "nonnegative"})).of(
        "failed"
    )
    assert failed.message.startswith(
        "maps of a network whose layer is rewritten by a random sign: the largest relative"
    )


LAYERS = ["gradcam", "gradcam_plus_plus", "layercam", "eigencam", "scorecam", "ablation_cam", "guided_gradcam"]


@pytest.mark.parametrize("name", [f"{name}(layer={layer})" for name in LAYERS for layer in ("top", "intermediate")])
def test_built_in_methods_of_a_layer_have_the_invariances_that_they_declare_and_no_more(name):
    subject = method_subject(catalogue().method(name))
    declared = subject.spec.invariant_to
    check_invariances(subject)
    expected = subject.maps().values
    for kind in open_kinds(get_args(Rewrite), declared):
        assert distance(maps_of_rewritten(subject, kind, 0).values, expected) > 1e-3, kind
