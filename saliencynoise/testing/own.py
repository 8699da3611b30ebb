"""The conformance kit for a method by its name, as one that `@sn.method` registered."""

from __future__ import annotations

from saliencynoise.interfaces import UsageError
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.testing.subjects import method_subject
from saliencynoise.testing.suite import Report, check_subject


def check_method(name: str) -> Report:
    """Test whether a method fulfils the contracts of `saliencynoise.interfaces`, and return the report.

    Args:
        name: the method, with parameters or without.

    Raises:
        UsageError: naming each check that failed and its message; or if there is no such method.

    Example:
        >>> import saliencynoise as sn
        >>> report = sn.check_method("gradient")
        >>> len(report.of("passed")) > 10, report.of("failed")
        (True, [])
    """
    report = check_subject(method_subject(catalogue().method(name)))
    failed = report.of("failed")
    if failed:
        faults = "; ".join(f"{result.check}: {result.message}" for result in failed)
        raise UsageError(f"the method '{name}' fails {len(failed)} of {report.executed} checks: {faults}")
    return report
