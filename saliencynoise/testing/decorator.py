"""The conformance kit as tests of pytest, one test per check."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from saliencynoise.interfaces import ConfigurationError
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.testing.checks import Check, CheckResult, run_check
from saliencynoise.testing.selection import resolve
from saliencynoise.testing.subjects import Subject
from saliencynoise.testing.suite import checks_of, expectations, least_of

Test: TypeAlias = Callable[..., None]


@dataclass(kw_only=True)
class ConformanceTest:
    """A check of one subject, to be called by a test.

    Attributes:
        name: of the check.
        called: whether the test called it.
    """

    name: str
    _subject: Subject
    _checks: Mapping[str, Check[Any]] = field(repr=False)
    _expected: Mapping[str, str] = field(repr=False)
    called: bool = False

    def __call__(self) -> None:
        """Run the check: the test passes, fails with the contract that is broken, or fails as expected.

        Raises:
            AssertionError: if the contract is broken, or holds although a failure is expected.
        """
        import pytest  # noqa: PLC0415 - the kit runs from the command line without it

        self.called = True
        check = self._checks[self.name]
        for need in check.needs:
            if self._run(need).status in {"failed", "expected"}:
                pytest.skip(f"it means nothing while '{need}' fails")
        result = self._run(self.name)
        if result.status == "not_applicable":
            pytest.skip(result.message)
        if result.status == "expected":
            pytest.xfail(result.message)
        if result.status == "failed":
            raise AssertionError(f"{self._subject.name}: {result.message}\ncontract: {result.contract}")

    def _run(self, name: str) -> CheckResult:
        return run_check(self._subject, self._checks[name], self._expected.get(name))


def conformance(name: str, *, expected: Mapping[str, str] | None = None) -> Callable[[Test], Test]:
    """Decorate a test that takes `check` and calls it: it becomes a test for each check of the kit.

    A check that does not apply is a skipped test with the reason, never a missing one. Expected failures are strict:
    a check that passes although its failure is expected fails.

        import saliencynoise.testing

        @saliencynoise.testing.conformance("shifts/shift_grad")
        def test_conformance(check):
            check()

    Args:
        name: of a method or an aggregator, with parameters or without, or of an architecture; the plugin must be
            installed.
        expected: reasons of further expected failures (beyond those of the spec), by the name of the check.

    Raises:
        UsageError: if the name is unknown, or several things have it.
        ConfigurationError: if a failure is expected of a check that does not exist, or too few checks apply.
    """
    subject = resolve(catalogue(), name)
    return conformance_of(subject, expected=expected)


def conformance_of(subject: Subject, *, expected: Mapping[str, str] | None = None) -> Callable[[Test], Test]:
    """Decorate a test as `conformance` does, for a subject that no plugin declares."""
    import pytest  # noqa: PLC0415 - as above

    checks = {check.name: check for check in checks_of(subject)}
    reasons = expectations(subject, expected)
    applicable = sum(not check.applies(subject) for check in checks.values())
    if applicable < least_of(subject):
        raise ConfigurationError(f"{applicable} checks apply to {subject.name}; {least_of(subject)} are required")
    tests = [ConformanceTest(name=name, _subject=subject, _checks=checks, _expected=reasons) for name in checks]

    def decorate(test: Test) -> Test:
        @functools.wraps(test)
        def run(*, check: ConformanceTest, **fixtures: Any) -> None:
            check.called = False
            test(check=check, **fixtures)
            if not check.called:
                raise AssertionError(f"{test.__name__} must call check(), else nothing is tested")

        decorated: Test = pytest.mark.parametrize("check", tests, ids=list(checks))(run)
        return decorated

    return decorate
