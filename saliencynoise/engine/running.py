"""The methods that run in jobs, with their starts, so that a crash or a long wait can be assigned to one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saliencynoise.engine.job import Event, MemberJob

PATIENCE = 60.0
"""Seconds after which a method that has not returned is reported. The next report follows after twice that time."""

TICK = 1.0


@dataclass(kw_only=True)
class _Call:
    method: str
    start: float
    next_report: float


@dataclass(kw_only=True)
class Running:
    """The methods that were called and have not returned, by job. It receives the events of the jobs.

    Attributes:
        patience: seconds until a method is reported.
    """

    patience: float = PATIENCE
    _calls: dict[MemberJob, _Call] = field(default_factory=dict)

    def note(self, job: MemberJob, event: Event) -> None:
        """Take note of an event: a method's call ends with the next event of its job."""
        if event["kind"] == "rows":  # it was called again with fewer
            return
        self._calls.pop(job, None)
        if event["kind"] == "attributing":
            now = time.monotonic()
            self._calls[job] = _Call(method=event["method"], start=now, next_report=now + self.patience)

    def method(self, job: MemberJob) -> str | None:
        """Return the method that runs in a job; None if none does."""
        call = self._calls.get(job)
        return None if call is None else call.method

    def overdue(self) -> Iterator[tuple[MemberJob, Event]]:
        """Yield an event for each method that has been running for long, the next one after twice the time."""
        now = time.monotonic()
        for job, call in list(self._calls.items()):
            if now >= call.next_report:
                call.next_report = now + (now - call.start)
                yield job, {"kind": "running", "method": call.method, "seconds": now - call.start}

    @contextmanager
    def watched(self, tell: Callable[[MemberJob, Event], None]) -> Iterator[None]:
        """Report overdue methods from another thread, while this one is in a method."""
        over = threading.Event()

        def watch() -> None:
            while not over.wait(min(TICK, self.patience)):
                for job, event in self.overdue():
                    tell(job, event)

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
