"""Progress of a bench on standard error: bars on a terminal, lines elsewhere."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

from rich.progress import BarColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from saliencynoise.display.numbers import counted, duration, duration_range
from saliencynoise.display.terminal import SafeConsole
from saliencynoise.engine.config import REFERENCE
from saliencynoise.engine.observer import Observer, Silent
from saliencynoise.engine.time_left import Span, TimeLeft
from saliencynoise.registry.own import label_of

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console

    from saliencynoise.engine.architecture_plan import ArchitecturePlan
    from saliencynoise.engine.job import Event, MemberJob
    from saliencynoise.engine.plan import Plan


END = 0.05
"""Share of the bar that is kept for the end: figures of an analysis, and the report."""
MEMBERS = 0.95
"""Share of a bench's part of the bar that its members take; the statistics take the others."""


class Reported(Observer, Protocol):
    """An observer that is also told when the report begins."""

    def reporting(self) -> None:
        """All figures are known; the report is being written."""


def observing(*, quiet: bool, runs: int = 1) -> AbstractContextManager[Reported]:
    """Return the observer of a command: progress on standard error, or only what fails.

    It is entered before torch is imported, so that the bar is there at once on a terminal. Elsewhere the first line is
    the plan, so that a refused command prints one line.

    Args:
        quiet: whether only failures are printed.
        runs: number of benches that the command runs one after another; each has an equal part of the bar.
    """
    return nullcontext(Failures()) if quiet else Progress(runs=runs)


class Failures(Silent):
    """An observer that prints failures only."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or SafeConsole(stderr=True, highlight=False)

    def reporting(self) -> None:
        """Print nothing."""

    def event(self, job: MemberJob, event: Event) -> None:
        """Print a failure, or a method that has been running for long."""
        if event["kind"] in {"failed", "running"}:
            message = _failure(job, event) if event["kind"] == "failed" else _waiting(job, event)
            self._console.print(message, markup=False, soft_wrap=True)


class Progress:
    """An observer of a command that prints the plan and the progress; one bar with one clock for the whole command."""

    def __init__(self, console: Console | None = None, *, runs: int = 1) -> None:
        self._console = console or SafeConsole(stderr=True, highlight=False)
        # not where colours are forced into a log, nor on a terminal that cannot go back in a line
        self._live = self._console.is_interactive and self._console.file.isatty()
        self._bars = Bars(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[state]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._live,
        )
        self._plan: Plan | None = None
        self._estimate: TimeLeft | None = None
        self._announced: set[str] = set()
        self._fractions: dict[MemberJob, float] = {}
        self._runs = runs
        self._begun = 0
        self._reached = 0.0
        self._task: TaskID = self._bars.add_task("starting", total=None, state="")
        self._doing = ""

    def __enter__(self) -> Progress:
        if self._live:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live:
            self._bars.stop()

    def planned(self, plan: Plan) -> None:
        """Print the plan."""
        from saliencynoise.engine.rough_duration import map_bytes, warning  # noqa: PLC0415 - torch

        self._plan = plan
        self._begun += 1
        self._announced.clear()
        members = plan.members
        for architecture in plan.architectures:
            in_pool = len(architecture.reused_members)
            size = architecture.network["parameters"] / 1e6
            self._say(
                f"{architecture.model.display_name} ({size:.2f} M parameters) on {plan.config.dataset}: "
                f"{members} members, {in_pool} in the pool, {members - in_pool} to {_to_make(plan, architecture)}"
            )
        if plan.methods:
            runs = sum(map(plan.draws, plan.methods))
            maps = len(plan.architectures) * runs * members * len(plan.images)
            self._say(
                f"maps: {maps} ({counted(len(plan.images), 'image')}, {counted(len(plan.methods), 'method')}), "
                f"about {map_bytes(plan) / 1e6:.2g} MB, on {plan.device}"
            )
        if (slow_run_warning := warning(plan)) is not None:
            self._say(slow_run_warning)

    def started(self, jobs: Sequence[MemberJob], workers: int) -> None:
        """Show the bar."""
        if self._plan is None:
            return
        test_images = len(self._plan.dataset.test)
        self._estimate = TimeLeft(jobs, workers=workers, test_images=test_images)
        self._fractions = dict.fromkeys(jobs, 0.0)
        self._show("members", 0.0)

    def event(self, job: MemberJob, event: Event) -> None:
        """Move the bar; print the first estimate, and each member that is done."""
        if self._estimate is None:
            return
        self._estimate.feed(job, event)
        if event["kind"] == "progress":
            self._fractions[job] = event["done"] / event["steps"]
        elif event["kind"] == "trained":
            self._fractions[job] = 1.0
            result = f"{job.architecture.rpartition('/')[2]} {_result_of(job, event, self._plan)}"
            self._say(f"{result} in {event['seconds']:.1f} s{self._time_left()}")
        elif event["kind"] == "attributing":
            self._doing = f"{event['method'].partition('(')[0].partition('/')[2]}, member {job.member}"
        elif event["kind"] == "attributed":
            self._fractions[job] = 1.0
            self._announce_attribution(job)
        elif event["kind"] == "failed":
            self._say(_failure(job, event))
        elif event["kind"] == "running":
            self._say(_waiting(job, event))
        self._announce_estimate(job)
        state = "; ".join(part for part in (self._doing, self._time_left().lstrip("; ")) if part)
        done = sum(self._fractions.values()) / max(1, len(self._fractions))
        self._show("members", MEMBERS * done, state=state)

    def reducing(self, cells: int) -> None:
        """Show that the statistics are being computed."""
        self._show(f"statistics of {counted(cells, 'cell')}", MEMBERS)

    def reporting(self) -> None:
        """Show that the report is being written."""
        self._begun = self._runs
        self._show("report", 1.0)

    def comparing(self, jobs: Sequence[MemberJob]) -> None:
        """Print that untrained networks are explained; they fill the column "untrained"."""
        name = _label(jobs[0].architecture)
        self._say(f"explaining the same images with {len(jobs)} untrained networks of {name} for comparison")
        self._show(f"untrained {name}", MEMBERS)

    def _show(self, name: str, done: float, *, state: str = "") -> None:
        """Move the bar to a share of the present bench's part; it never moves back."""
        share = (max(0, self._begun - 1) + done) / max(self._runs, self._begun)
        self._reached = max(self._reached, (1 - END) * share)
        self._bars.update(self._task, description=name, total=1.0, completed=self._reached, state=state)

    def _announce_estimate(self, job: MemberJob) -> None:
        if self._estimate is None or job.architecture in self._announced or not self._estimate.knows(job.architecture):
            return
        self._announced.add(job.architecture)
        span = self._estimate.training(job.architecture)
        if span is not None:
            name = _label(job.architecture)
            self._say(f"training {name} will take about {_range(span)} on this machine")

    def _announce_attribution(self, job: MemberJob) -> None:
        key = f"attribution {job.architecture}"
        span = self._estimate.attribution(job.architecture) if self._estimate else None
        training = self._estimate.training(job.architecture) if self._estimate else None
        if key in self._announced or span is None or self._plan is None or training is None:
            return
        if training.likely and job.architecture not in self._announced:  # the estimate of the training comes first
            return
        self._announced.add(key)
        if span.likely >= 1:
            name, methods = _label(job.architecture), counted(len(self._plan.methods), "method")
            self._say(f"attributing {name} with {methods} will take about {_range(span)} more on this machine")

    def _time_left(self) -> str:
        training = self._estimate.training() if self._estimate else None
        attribution = self._estimate.attribution() if self._estimate else None
        if training is None:
            return ""
        span = training if attribution is None else training + attribution
        if span.likely < 1:
            return ""
        return f"; about {_range(span)}{' of training' if attribution is None else ''} left"

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, soft_wrap=True)


def _range(span: Span) -> str:
    return duration_range(span.low, span.high)


def _failure(job: MemberJob, event: Event) -> str:
    method = f" with {event['method'].partition('(')[0]}" if event["method"] else ""
    message = f"{job.architecture} member {job.member}{method} failed: {event['error']}"
    traceback = event.get("traceback") if os.environ.get("SALIENCYNOISE_TRACEBACK") == "1" else None
    return f"{message}\n{traceback}" if traceback else message


def _waiting(job: MemberJob, event: Event) -> str:
    return (
        f"{event['method']} has been running for {duration(event['seconds'])} on member {job.member} of "
        f"{job.architecture} and has not returned; Ctrl-C stops it; finished results are kept"
    )


def _label(architecture: str) -> str:
    """Return the name of an architecture without its plugin or its file."""
    return label_of(architecture).rpartition("/")[2]


def _to_make(plan: Plan, architecture: ArchitecturePlan) -> str:
    sampler = plan.sampler
    training = f"train on {len(plan.dataset.train)} images for {counted(architecture.recipe.epochs, 'epoch')}"
    if sampler.canonical_name == REFERENCE:
        return training
    return f"make by {sampler.display_name}" + (f", where it trains: {training}" if sampler.instance.trains else "")


def _result_of(job: MemberJob, event: Event, plan: Plan | None) -> str:
    """Return the members that a job made, in words, with their accuracy."""
    accuracies = event["accuracy"]
    if len(accuracies) == 1:
        trained = plan is None or plan.sampler.instance.trains
        return f"member {job.member}: accuracy {accuracies[0]:.1%}, {'trained' if trained else 'made'}"
    return (
        f"members {job.members[0]} to {job.members[-1]}: accuracies {min(accuracies):.1%} to {max(accuracies):.1%}, "
        "made"
    )
