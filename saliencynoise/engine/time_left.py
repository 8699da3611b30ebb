"""The seconds that a run still takes, from its first training steps and attributed images on this machine.

The first step of each worker is left out: it loads libraries, chooses kernels and compiles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saliencynoise.engine.job import Event, MemberJob

STEPS, SECONDS = 10, 5.0
"""A rate is used once this number of steps, or this number of seconds of steps, was measured. The time before the first
event of a job never counts: imports and compilation take longer than all steps of a small network."""

FORWARD = 1 / 3
"""Cost of a forward pass, in training steps of the same number of images."""

MARGIN = 0.2
"""The least relative error of a forecast, to either side. It is chosen, not measured: other work on the machine and
later members change the rate."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Seconds from `low` to `high`, with the likely ones between them."""

    low: float
    likely: float
    high: float

    def __add__(self, other: Span) -> Span:
        return Span(low=self.low + other.low, likely=self.likely + other.likely, high=self.high + other.high)


class _Rate:
    """Seconds per step or image: the mean, and the extremes of the parts that were measured."""

    def __init__(self) -> None:
        self.steps = self.seconds = 0.0
        self._lowest, self._highest = float("inf"), 0.0

    def measure(self, steps: float, seconds: float) -> None:
        self.steps, self.seconds = self.steps + steps, self.seconds + seconds
        self._lowest, self._highest = min(self._lowest, seconds / steps), max(self._highest, seconds / steps)

    def span(self, steps: float) -> Span:
        """Return the seconds of more steps."""
        mean = self.seconds / self.steps
        low, high = min(self._lowest, mean * (1 - MARGIN)), max(self._highest, mean * (1 + MARGIN))
        return Span(low=steps * low, likely=steps * mean, high=steps * high)


class TimeLeft:
    """The seconds that are left, for all jobs or for those of one architecture. It receives the events of the jobs."""

    def __init__(self, jobs: Sequence[MemberJob], *, workers: int, test_images: int) -> None:
        self._workers = max(1, workers)
        self._evaluation = {job: FORWARD * test_images / job.recipe["batch_size"] for job in jobs}
        self._left: dict[MemberJob, float | None] = dict.fromkeys(jobs)
        self._rates: dict[str, _Rate] = defaultdict(_Rate)
        self._begun: dict[MemberJob, tuple[int, float]] = {}
        self._steps: dict[str, float] = defaultdict(float)
        self._images = {job: len(job.images) if job.methods else 0 for job in jobs}
        self._attributed: dict[str, _Rate] = defaultdict(_Rate)
        self._warm: dict[str, set[MemberJob]] = defaultdict(set)

    def feed(self, job: MemberJob, event: Event) -> None:
        """Take note of an event."""
        if event["kind"] == "progress":
            evaluation = self._evaluation[job]
            self._steps[job.architecture] = event["steps"] + evaluation
            self._left[job] = event["steps"] - event["done"] + evaluation
            done, seconds = self._begun.setdefault(job, (event["done"], event["seconds"]))
            steps, spent = event["done"] - done, event["seconds"] - seconds
            if steps < 0:  # another network of the same job
                self._begun[job] = event["done"], event["seconds"]
            elif steps and (steps >= STEPS or spent >= SECONDS):
                self._rates[job.architecture].measure(steps, spent)
                self._begun[job] = event["done"], event["seconds"]
        elif event["kind"] in {"trained", "found"}:
            self._left[job] = 0.0
        elif event["kind"] == "failed" and event["method"] is None:
            self._left[job], self._images[job] = 0.0, 0
        elif event["kind"] == "to_attribute":
            self._images[job] = event["images"]
        elif event["kind"] == "attributed":
            self._images[job] -= event["images"]
            if self._is_warm(job):
                self._attributed[job.architecture].measure(event["images"], event["seconds"])

    def knows(self, architecture: str) -> bool:
        """Whether the rate of an architecture was measured."""
        return architecture in self._rates

    def _is_warm(self, job: MemberJob) -> bool:
        """Whether a job's chunk is not its worker's first one, in which libraries are loaded and kernels are chosen."""
        warm = self._warm[job.architecture]
        if job in warm or len(warm) >= self._workers:
            return True
        warm.add(job)
        return False

    def attribution(self, architecture: str | None = None) -> Span | None:
        """Return the seconds of attribution left; None while the rate of an architecture is not known."""
        jobs = [job for job in self._images if architecture in {None, job.architecture}]
        return self._shared(self._attributed, [(job, float(self._images[job])) for job in jobs])

    def training(self, architecture: str | None = None) -> Span | None:
        """Return the seconds of training left; None while a rate is not known."""
        jobs = [job for job in self._left if architecture in {None, job.architecture}]
        return self._shared(self._rates, [(job, self._steps_left(job)) for job in jobs])

    def _steps_left(self, job: MemberJob) -> float:
        """Return the steps left; at least one of a job that has not begun, though its steps may not be known yet."""
        steps = self._left[job]
        return max(1.0, self._steps[job.architecture]) if steps is None else steps

    def _shared(self, rates: dict[str, _Rate], remaining: Sequence[tuple[MemberJob, float]]) -> Span | None:
        """Return the seconds of the remaining steps, divided among the workers; None where a rate is not known."""
        total = Span(low=0.0, likely=0.0, high=0.0)
        for job, steps in remaining:
            if not steps:
                continue
            if job.architecture not in rates:
                return None
            total += rates[job.architecture].span(steps)
        workers = min(self._workers, max(1, len(remaining)))
        return Span(low=total.low / workers, likely=total.likely / workers, high=total.high / workers)
