"""What the conformance kit found, for the terminal and as plain values."""

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
            {"check": own.check, "status": own.status, "message": own.message, "contract": own.contract}
            for own in report.results
        ],
    }


class ConformancePrinter:
    """Prints a line for each thing as soon as it is checked, and under it what needs a reader."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Terminal()

    def report(self, report: Report) -> None:
        """Print a report: counts, expected failures with their reasons, failures with the contract that is broken."""
        failed = report.of("failed")
        counts = _counts([report])
        self._say(f"{'FAILED' if failed else 'ok':6}  {report.kind} {report.name}: {counts}", "red" if failed else None)
        for own in failed:
            self._say(f"        {own.check}: {own.message}", "red")
            self._say(f"          contract: {own.contract}")
        for own in report.of("expected"):
            self._say(f"        {own.check} fails, as expected: {own.message}", "yellow")
        for reason, names in _left_out(report).items():
            self._say(f"        not applicable, as {reason}: {', '.join(names)}", "dim")

    def end(self, reports: Sequence[Report], notes: Sequence[str], failures: Sequence[PluginFailure]) -> None:
        """Print what was left out, the plugins that failed to load, and the sums."""
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
    statuses = Counter(own.status for report in reports for own in report.results)
    return (
        f"{counted(sum(report.executed for report in reports), 'check')} executed, {statuses['passed']} passed, "
        f"{counted(statuses['expected'], 'expected failure')}, {counted(statuses['failed'], 'failure')}; "
        f"{statuses['not_applicable']} not applicable"
    )


def _left_out(report: Report) -> dict[str, list[str]]:
    """Return the checks that are not applicable, by the reason."""
    reasons: dict[str, list[str]] = {}
    for own in report.of("not_applicable"):
        reasons.setdefault(own.message, []).append(own.check)
    return reasons
