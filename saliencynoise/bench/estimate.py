"""How long it will take, from the first steps of training and the first attributed images on this machine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saliencynoise.bench.member import Event, MemberJob

STEPS, SECONDS = 10, 5.0
"""A rate counts once so many steps, or so many seconds of steps, were measured. What went before the first event of a
job counts never: imports and compilation stand in it, which take longer than all steps of a small network."""

FORWARD = 1 / 3
"""Cost of a forward pass beside a training step of as many images."""


class Estimate:
    """Seconds left, in all and for one architecture; fed with the events of the jobs."""

    def __init__(self, jobs: Sequence[MemberJob], *, workers: int, test_images: int) -> None:
        self._workers = max(1, workers)
        self._evaluation = {job: FORWARD * test_images / job.recipe["batch_size"] for job in jobs}
        self._left: dict[MemberJob, float | None] = dict.fromkeys(jobs)
        self._rates: dict[str, float] = {}
        self._begun: dict[MemberJob, tuple[int, float]] = {}
        self._steps: dict[str, float] = defaultdict(float)
        self._images = {job: len(job.images) if job.methods else 0 for job in jobs}
        self._attributed: dict[str, tuple[int, float]] = {}

    def feed(self, job: MemberJob, event: Event) -> None:
        """Take note of an event."""
        if event["kind"] == "progress":
            evaluation = self._evaluation[job]
            self._steps[job.architecture] = event["steps"] + evaluation
            self._left[job] = event["steps"] - event["done"] + evaluation
            done, seconds = self._begun.setdefault(job, (event["done"], event["seconds"]))
            steps, spent = event["done"] - done, event["seconds"] - seconds
            if steps > 0 and (steps >= STEPS or spent >= SECONDS):
                self._rates[job.architecture] = spent / steps
        elif event["kind"] in {"trained", "found"}:
            self._left[job] = 0.0
        elif event["kind"] == "failed" and event["method"] is None:
            self._left[job], self._images[job] = 0.0, 0
        elif event["kind"] == "to_attribute":
            self._images[job] = event["images"]
        elif event["kind"] == "attributed":
            self._images[job] -= event["images"]
            images, seconds = self._attributed.get(job.architecture, (0, 0.0))
            self._attributed[job.architecture] = images + event["images"], seconds + event["seconds"]

    def knows(self, architecture: str) -> bool:
        """Whether the rate of an architecture was measured."""
        return architecture in self._rates

    def attribution_seconds(self, architecture: str | None = None) -> float | None:
        """Return the seconds of attribution left; None while the rate of an architecture is not known."""
        jobs = [job for job in self._images if architecture in {None, job.architecture}]
        seconds = 0.0
        for job in jobs:
            if self._images[job] and job.architecture not in self._attributed:
                return None
            images, spent = self._attributed.get(job.architecture, (1, 0.0))
            seconds += self._images[job] * spent / images
        return seconds / min(self._workers, max(1, len(jobs)))

    def training_seconds(self, architecture: str | None = None) -> float | None:
        """Return the seconds of training left; None while a rate is not known."""
        jobs = [job for job in self._left if architecture in {None, job.architecture}]
        seconds = 0.0
        for job in jobs:
            left = self._left[job]
            if left == 0.0:
                continue
            if job.architecture not in self._rates:
                return None
            steps = self._steps[job.architecture] if left is None else left
            seconds += steps * self._rates[job.architecture]
        return seconds / min(self._workers, max(1, len(jobs)))
