"""A check, its result, and the run of all checks of one subject."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from saliencynoise.interfaces import ConfigurationError, one_line

Status = Literal["passed", "failed", "expected", "not_applicable"]
S = TypeVar("S")


class ContractBroken(AssertionError):  # noqa: N818 - the message reads "contract broken: ..."
    """Raised by a check whose contract does not hold."""


class NotApplicable(Exception):  # noqa: N818 - no error of anybody
    """Raised by a check that does not apply; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Check(Generic[S]):
    """One property of an object that a plugin brings.

    Attributes:
        name: short, in snake case; expected failures go by it.
        contract: the sentence of `saliencynoise.interfaces` that is broken where the check fails.
        run: raises `ContractBroken` with the fault; any other exception also counts as a failure.
        applies: returns why the check does not apply to the subject, or "" where it does.
        needs: names of checks without which this one means nothing: two maps that differ by chance are no sign of
            anything else.
    """

    name: str
    contract: str
    run: Callable[[S], None]
    applies: Callable[[S], str] = lambda _: ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """The result of a check.

    Attributes:
        check: its name.
        contract: as in `Check`.
        status: "passed", "failed", "expected" (it failed, as was declared) or "not_applicable".
        message: the fault, the reason of an expected failure, or why the check does not apply; "" if it passed.
    """

    check: str
    contract: str
    status: Status
    message: str = ""


def run_checks(
    subject: S, checks: Sequence[Check[S]], *, expected: Mapping[str, str], least: int
) -> tuple[CheckResult, ...]:
    """Run checks in order; return a result for each, and one failure more if too few were executed.

    Args:
        subject: the object that is checked.
        checks: the checks.
        expected: reasons of expected failures, by the check's name. They are strict.
        least: the number of checks that must be executed if none fails.

    Raises:
        ConfigurationError: if an expected failure names a check that does not exist.
    """
    refuse_unknown(expected, [check.name for check in checks])
    results: dict[str, CheckResult] = {}
    for check in checks:
        failed = [name for name in check.needs if name in results and results[name].status in {"failed", "expected"}]
        if failed and not check.applies(subject):
            results[check.name] = _result(check, "not_applicable", f"it means nothing while '{failed[0]}' fails")
        else:
            results[check.name] = run_check(subject, check, expected.get(check.name))
    executed = sum(result.status != "not_applicable" for result in results.values())
    all_results = tuple(results.values())
    if executed < least and not any(result.status == "failed" for result in all_results):
        return (*all_results, _too_few(executed, least))
    return all_results


def run_check(subject: S, check: Check[S], expected: str | None = None) -> CheckResult:
    """Run one check; `expected` is the reason why it is known to fail, or None."""
    reason = check.applies(subject)
    if reason:
        return _result(check, "not_applicable", reason)
    try:
        check.run(subject)
    except NotApplicable as none:
        return _result(check, "not_applicable", str(none))
    except ContractBroken as broken:
        return _failure(check, str(broken), expected)
    except Exception as error:  # noqa: BLE001 - what is checked may raise anything
        return _failure(check, f"it raises {one_line(error)}", expected)
    if expected is not None:
        return _result(check, "failed", f"passes although a failure is expected ({expected}): drop the expectation")
    return _result(check, "passed")


def refuse_unknown(expected: Mapping[str, str], names: Collection[str]) -> None:
    """Refuse expected failures of checks that do not exist, or without a reason.

    Raises:
        ConfigurationError: naming the check.
    """
    for name, reason in expected.items():
        if name not in names:
            raise ConfigurationError(f"a failure of the check '{name}' is expected; there are {', '.join(names)}")
        if not reason.strip():
            raise ConfigurationError(f"a failure of the check '{name}' is expected without a reason; give one")


def _failure(check: Check[S], message: str, expected: str | None) -> CheckResult:
    return _result(check, "failed", message) if expected is None else _result(check, "expected", expected)


def _result(check: Check[S], status: Status, message: str = "") -> CheckResult:
    return CheckResult(check=check.name, contract=check.contract, status=status, message=message)


def _too_few(executed: int, least: int) -> CheckResult:
    return CheckResult(
        check="enough_checks",
        contract="A green run of too few checks proves nothing.",
        status="failed",
        message=f"{executed} of the {least} required checks were executed",
    )
