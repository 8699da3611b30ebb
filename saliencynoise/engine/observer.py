"""What a run tells while it goes on, to whoever wants to know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from saliencynoise.engine.job import Event, MemberJob
    from saliencynoise.engine.plan import Plan


class Observer(Protocol):
    """The bench calls these in the caller's thread."""

    def planned(self, plan: Plan) -> None:
        """Everything is resolved and checked; nothing is trained or attributed yet."""

    def started(self, jobs: Sequence[MemberJob], workers: int) -> None:
        """Jobs begin, so many at a time (0 workers: one by one, in this process)."""

    def event(self, job: MemberJob, event: Event) -> None:
        """A job tells of its progress, or has finished a part."""

    def reducing(self, cells: int) -> None:
        """All jobs are over; the statistics of so many cells begin."""

    def comparing(self, jobs: Sequence[MemberJob]) -> None:
        """Untrained networks explain the same images, a job each; no event tells of them."""


class Silent:
    """An observer that tells nobody."""

    def planned(self, plan: Plan) -> None:
        """Ignore the plan."""

    def started(self, jobs: Sequence[MemberJob], workers: int) -> None:
        """Ignore the start."""

    def event(self, job: MemberJob, event: Event) -> None:
        """Ignore an event."""

    def reducing(self, cells: int) -> None:
        """Ignore the end."""

    def comparing(self, jobs: Sequence[MemberJob]) -> None:
        """Ignore the untrained networks."""
