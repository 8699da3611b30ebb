"""The kit's own rules: strict expectations, enough checks, needs first, contracts that are cited word by word."""

from __future__ import annotations

import contextlib
import inspect
import re

import kit_zoo as zoo
import pytest
import torch

from saliencynoise.interfaces import ConfigurationError, methods, networks, protocols, specs
from saliencynoise.testing import (
    Check,
    NotApplicable,
    aggregator_checks,
    check_subject,
    conformance_of,
    method_checks,
    model_checks,
)
from saliencynoise.testing.checks import ContractBroken, run_checks
from saliencynoise.testing.state import changes, global_state, guarded, network_state


def _fail(_subject: object) -> None:
    raise ContractBroken("it does")


def _crash(_subject: object) -> None:
    raise ZeroDivisionError("by zero")


def _leave_out(_subject: object) -> None:
    raise NotApplicable("there is none")


def _pass(_subject: object) -> None:
    return


def check(name, run=_pass, **changed):
    return Check(name=name, contract="A sentence.", run=run, **changed)


def statuses(*checks, expected=None, least=0):
    return {
        run_check.check: (run_check.status, run_check.message)
        for run_check in run_checks(0, checks, expected=expected or {}, least=least)
    }


def test_each_outcome_has_its_status():
    result = statuses(
        check("good"), check("bad", _fail), check("broken", _crash), check("none", _leave_out),
        check("other", _fail, applies=lambda subject: f"not for {subject}"),
    )  # fmt: skip
    assert result == {
        "good": ("passed", ""),
        "bad": ("failed", "it does"),
        "broken": ("failed", "it raises ZeroDivisionError: by zero"),
        "none": ("not_applicable", "there is none"),
        "other": ("not_applicable", "not for 0"),
    }


def test_expected_failures_are_strict():
    result = statuses(check("bad", _fail), check("good"), expected={"bad": "a pool", "good": "a pool"})
    assert result["bad"] == ("expected", "a pool")
    assert result["good"] == ("failed", "passes although a failure is expected (a pool): drop the expectation")


@pytest.mark.parametrize(
    ("expected", "message"), [({"god": "x"}, "'god' is expected; there are good"), ({"good": " "}, "without a reason")]
)
def test_expectations_that_cannot_be_meant_are_refused(expected, message):
    with pytest.raises(ConfigurationError, match=message):
        statuses(check("good"), expected=expected)


def test_a_green_run_of_too_few_checks_is_red():
    result = statuses(check("good"), check("none", _leave_out), least=2)
    assert result["enough_checks"] == ("failed", "1 of the 2 required checks were executed")
    assert "enough_checks" not in statuses(check("good"), check("fine"), least=2)
    assert "enough_checks" not in statuses(check("bad", _fail), least=2)


@pytest.mark.parametrize("expected", [{}, {"first": "known"}])
def test_what_needs_a_check_that_fails_is_left_out_with_the_reason(expected):
    result = statuses(check("first", _fail), check("second", _fail, needs=("first",)), expected=expected)
    assert result["second"] == ("not_applicable", "it means nothing while 'first' fails")


def test_every_need_comes_before():
    for checks in (list(method_checks()), list(model_checks()), list(aggregator_checks())):
        names = [own.name for own in checks]
        assert len(set(names)) == len(names)
        assert all(need in names[: names.index(own.name)] for own in checks for need in own.needs)


def test_contracts_are_sentences_of_the_interfaces():
    text = " ".join(re.sub(r"\s+", " ", inspect.getsource(module)) for module in (methods, networks, protocols, specs))
    for own in [*method_checks(), *model_checks(), *aggregator_checks()]:
        assert own.contract in text, own.name
        assert len(own.contract) > 20


def test_expected_failures_of_a_spec_count():
    wrong = zoo.subject(
        zoo.IgnoresTheTarget,
        {"kind": "module", "sign": "leaning", "expected_failures": (("target", "one map for all"),)},
    )
    report = check_subject(wrong)
    assert report.of("failed") == []
    assert [(own.check, own.message) for own in report.of("expected")] == [("target", "one map for all")]
    (left,) = check_subject(wrong, expected={"image": "none"}).of("failed")
    assert left.check == "image"


def test_a_method_that_always_raises_fails_everything_that_runs_it():
    report = check_subject(zoo.subject(zoo.Raising, {}))
    assert {own.message for own in report.of("failed")} == {"it raises RuntimeError: no such kernel"}
    assert {own.check for own in report.of("passed")} == {"parameters"}


def test_the_kit_leaves_the_world_as_it_found_it():
    before = global_state()
    check_subject(zoo.subject(zoo.TurnsGradientsOff, {}))
    check_subject(zoo.subject(zoo.Reseeds, {}))
    assert changes(before, global_state()) == []


def test_guarded_restores_settings_after_an_error():
    before = global_state()
    with contextlib.suppress(KeyError), guarded(3):
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(mode=False)
        raise KeyError
    assert changes(before, global_state()) == []


def test_changes_are_told_in_words():
    module = torch.nn.Sequential(torch.nn.Linear(2, 2))
    before = network_state(module)
    assert changes(before, network_state(module)) == []
    module[0].eval()
    module[0].register_forward_hook(lambda *_: None)
    module[0].bias.requires_grad_(requires_grad=False)
    module.kept = 1
    assert changes(before, network_state(module)) == [
        "the mode (training or eval) of '0'",
        "requires_grad of 'bias' of '0'",
        "forward hooks of '0'",
        "'kept' of the network",
    ]


def test_too_few_applicable_checks_are_no_tests(monkeypatch):
    from saliencynoise.testing import decorator

    monkeypatch.setattr(decorator, "checks_of", lambda _: list(method_checks())[:5])
    with pytest.raises(ConfigurationError, match="5 checks apply to Right; 16 are required"):
        conformance_of(zoo.subject(zoo.Right, {}))
