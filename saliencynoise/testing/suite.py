"""All checks of a method, an architecture, an aggregator, a sampler and a data set, and the report of a subject."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from saliencynoise.interfaces import SaliencyNoiseError, one_line
from saliencynoise.testing import (
    aggregators,
    architectures,
    claims,
    datasets,
    independence,
    invariances,
    layers,
    maps,
    points,
    samplers,
    signs,
    traces,
)
from saliencynoise.testing.checks import Check, CheckResult, Status, refuse_unknown, run_checks
from saliencynoise.testing.subjects import (
    AggregatorSubject,
    DatasetSubject,
    MethodSubject,
    ModelSubject,
    SamplerSubject,
    Subject,
)

Thing: TypeAlias = Literal["method", "architecture", "aggregator", "sampler", "data set"]

LEAST_OF_A_METHOD = 16
"""Checks that every method gets, whatever its kind and its claims."""

LEAST_OF_AN_ARCHITECTURE = 14
"""Checks that every architecture gets, though it may refuse images that are not square or grey."""

LEAST_OF_AN_AGGREGATOR = 6
"""Checks that every aggregator gets, of maps or of networks."""

LEAST_OF_A_SAMPLER = 7
"""Checks that every sampler gets, of one member per run or of several."""

LEAST_OF_A_DATA_SET = 5
"""Checks that every data set gets, though it may refuse an image size."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """The results of all checks of one subject.

    Attributes:
        name: its canonical name.
        kind: "method", "architecture", "aggregator", "sampler" or "data set".
        results: a result for each check.
    """

    name: str
    kind: Thing
    results: tuple[CheckResult, ...]

    def of(self, status: Status) -> list[CheckResult]:
        """Return the results of one status."""
        return [result for result in self.results if result.status == status]

    @property
    def executed(self) -> int:
        """How many checks were executed."""
        return len(self.results) - len(self.of("not_applicable"))


def method_checks() -> Iterator[Check[MethodSubject]]:
    """Yield the checks of a method; a check that others need comes before them."""
    yield from maps.checks_of_numbers()
    yield from independence.checks()
    yield from maps.checks_of_meaning()
    yield from traces.checks()
    yield from claims.checks()
    yield from layers.checks()
    yield from invariances.checks()
    yield from signs.checks()


def model_checks() -> Iterator[Check[ModelSubject]]:
    """Yield the checks of an architecture; a check that others need comes before them."""
    yield from architectures.checks()
    yield from points.checks()


def aggregator_checks() -> Iterator[Check[AggregatorSubject]]:
    """Yield the checks of an aggregator; a check that others need comes before them."""
    yield from aggregators.checks()


def sampler_checks() -> Iterator[Check[SamplerSubject]]:
    """Yield the checks of a sampler; a check that others need comes before them."""
    yield from samplers.checks()


def dataset_checks() -> Iterator[Check[DatasetSubject]]:
    """Yield the checks of a data set; a check that others need comes before them."""
    yield from datasets.checks()


_KINDS: dict[type[Subject], tuple[Thing, Callable[[], Iterator[Check[Any]]], int]] = {
    MethodSubject: ("method", method_checks, LEAST_OF_A_METHOD),
    ModelSubject: ("architecture", model_checks, LEAST_OF_AN_ARCHITECTURE),
    AggregatorSubject: ("aggregator", aggregator_checks, LEAST_OF_AN_AGGREGATOR),
    SamplerSubject: ("sampler", sampler_checks, LEAST_OF_A_SAMPLER),
    DatasetSubject: ("data set", dataset_checks, LEAST_OF_A_DATA_SET),
}
"""For each class of subject: its name, its checks, and the number of checks that must be executed."""


def checks_of(subject: Subject) -> list[Check[Any]]:
    """Return all checks of a subject."""
    return list(_KINDS[type(subject)][1]())


def least_of(subject: Subject) -> int:
    """Return the number of checks that must be executed, so that a green run counts."""
    return _KINDS[type(subject)][2]


def expectations(subject: Subject, expected: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the reasons of expected failures by check: those of the spec and those in `expected`.

    Raises:
        ConfigurationError: if a failure is expected of a check that does not exist, or without a reason.
    """
    reasons = {**dict(subject.spec.expected_failures), **(expected or {})}
    refuse_unknown(reasons, [check.name for check in checks_of(subject)])
    return reasons


def check_subject(subject: Subject, *, expected: Mapping[str, str] | None = None) -> Report:
    """Run all checks of a subject.

    Args:
        subject: the object that is checked.
        expected: reasons of further expected failures (beyond those of the spec), by the name of the check.

    Raises:
        ConfigurationError: if a failure is expected of a check that does not exist, or without a reason.
    """
    results = run_checks(
        subject,
        checks_of(subject),
        expected=expectations(subject, expected),
        least=least_of(subject),
    )
    return Report(name=subject.name, kind=_KINDS[type(subject)][0], results=results)


def not_to_be_had(name: str, kind: Thing, error: SaliencyNoiseError) -> Report:
    """Return the report of a subject that cannot be made."""
    failure = CheckResult(
        check="made",
        contract="A spec's `target` is an import string, `package.module:attribute`, resolved when the name is first "
        "used.",
        status="failed",
        message=one_line(error),
    )
    return Report(name=name, kind=kind, results=(failure,))
