"""Results of the conformance kit, for the terminal and as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.numbers import counted
from saliencynoise.display.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console

    from saliencynoise.interfaces import PluginFailure
    from saliencynoise.testing.suite import Report


def report_row(report: Report) -> dict[str, Any]:
    """Return a report as plain values: counts, and every check with its status, message and contract."""
    return {
        "name": report.name,
        "kind": report.kind,
        "executed": report.executed,
        "passed": len(report.of("passed")),
        "expected": len(report.of("expected")),
        "failed": len(report.of("failed")),
        "not_applicable": len(report.of("not_applicable")),
        "checks": [
            {"check": result.check, "status": result.status, "message": result.message, "contract": result.contract}
            for result in report.results
        ],
    }


class ConformancePrinter:
    """Prints a line for each subject as soon as it is checked; failures and skipped checks follow below it."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Terminal()

    def report(self, report: Report) -> None:
        """Print a report: counts, expected failures with their reasons, failures with the contract that is broken."""
        failed = report.of("failed")
        counts = _counts([report])
        self._say(f"{'FAILED' if failed else 'ok':6}  {report.kind} {report.name}: {counts}", "red" if failed else None)
        for failure in failed:
            self._say(f"        {failure.check}: {failure.message}", "red")
            self._say(f"          contract: {failure.contract}")
        for failure in report.of("expected"):
            self._say(f"        {failure.check} fails, as expected: {failure.message}", "yellow")
        for reason, names in _left_out(report).items():
            self._say(f"        not applicable, as {reason}: {', '.join(names)}", "dim")

    def end(self, reports: Sequence[Report], notes: Sequence[str], failures: Sequence[PluginFailure]) -> None:
        """Print the notes, the plugins that failed to load, and the totals."""
        for note in notes:
            self._say(f"note: {note}")
        for failure in failures:
            self._say(str(failure), "red")
        kinds = Counter(report.kind for report in reports)
        things = f"{counted(kinds['method'], 'method')}, {counted(kinds['architecture'], 'architecture')}"
        things += "".join(
            f", {counted(kinds[kind], kind)}" for kind in ("aggregator", "sampler", "data set") if kinds[kind]
        )
        broken = sum(bool(report.of("failed")) for report in reports)
        self._say(f"total: {things}, {broken} failed; {_counts(reports)}")

    def _say(self, text: str, style: str | None = None) -> None:
        self._console.print(text, style=style, markup=False, soft_wrap=True)


def _counts(reports: Sequence[Report]) -> str:
    statuses = Counter(result.status for report in reports for result in report.results)
    return (
        f"{counted(sum(report.executed for report in reports), 'check')} executed, {statuses['passed']} passed, "
        f"{counted(statuses['expected'], 'expected failure')}, {counted(statuses['failed'], 'failure')}; "
        f"{statuses['not_applicable']} not applicable"
    )


def _left_out(report: Report) -> dict[str, list[str]]:
    """Return the checks that are not applicable, by the reason."""
    reasons: dict[str, list[str]] = {}
    for result in report.of("not_applicable"):
        reasons.setdefault(result.message, []).append(result.check)
    return reasons
