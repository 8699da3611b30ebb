"""Each wrong method fails the check that was made for it, and no other."""

from __future__ import annotations

from typing import Any

import kit_zoo as zoo
import pytest

from saliencynoise.registry.catalogue import catalogue
from saliencynoise.testing import check_subject, method_checks
from saliencynoise.testing.subjects import method_subject

WRONG = [
    pytest.param(check, wrong, changed, id=f"{check}-{wrong.__name__}")
    for check, entries in zoo.METHODS.items()
    for wrong, changed in entries
]


@pytest.mark.parametrize(("check", "wrong", "changed"), WRONG)
def test_a_wrong_method_fails_exactly_its_check(check: str, wrong: type, changed: dict[str, Any]) -> None:
    report = check_subject(zoo.subject(wrong, changed))
    assert [result.check for result in report.of("failed")] == [check], report.of("failed")
    assert report.of("failed")[0].message


def test_every_check_has_a_wrong_method() -> None:
    assert {check.name for check in method_checks()} == zoo.METHODS.keys()
    assert len(WRONG) >= 12


RIGHT = [(zoo.Right, {"claims": ("linear_weights", "constant")}), (zoo.Noisy, {"stochastic": True})]


@pytest.mark.parametrize("right", RIGHT)
def test_a_right_method_passes(right: tuple[type, dict[str, Any]]) -> None:
    report = check_subject(zoo.subject(*right))
    assert report.of("failed") == []
    assert report.executed >= 18


@pytest.mark.parametrize("name", ["gradient", "gradcam", "gradcam(layer=intermediate)"])
def test_built_in_methods_pass(name: str) -> None:
    report = check_subject(method_subject(catalogue().method(name)))
    assert report.of("failed") == report.of("expected") == []
    assert report.executed >= 18
