"""The events of a run while it goes on, and the objects that receive them."""

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
        """Jobs begin, `workers` at a time (0: one by one, in this process)."""

    def event(self, job: MemberJob, event: Event) -> None:
        """A job reports progress, or has finished a part."""

    def reducing(self, cells: int) -> None:
        """All jobs are finished; the statistics of `cells` cells begin."""

    def comparing(self, jobs: Sequence[MemberJob]) -> None:
        """Untrained networks explain the same images, each in a job of its own; they send no events."""


class Silent:
    """An observer that ignores all events."""

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
