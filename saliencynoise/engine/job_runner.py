"""The jobs of a plan while they run: finished ones are skipped, and events, failures and outputs are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from saliencynoise.engine.dispatch import Dispatcher, worker_count
from saliencynoise.engine.errors_log import log_failure
from saliencynoise.engine.failures import Failures
from saliencynoise.engine.job import Event, MemberJob
from saliencynoise.engine.member import finished_records
from saliencynoise.interfaces import UsageError
from saliencynoise.store.records import MemberRecord

if TYPE_CHECKING:
    from saliencynoise.engine.member_outputs import MemberOutputs
    from saliencynoise.engine.observer import Observer
    from saliencynoise.engine.plan import Plan


@dataclass(frozen=True, kw_only=True)
class JobRunner:
    """Runs the jobs of a plan.

    Attributes:
        plan: the plan.
        dispatcher: gives the jobs to workers.
        observer: receives progress events.
        outputs: keeps records and logits of the members; None where they are not needed.
        failures: the failures of all jobs so far.
    """

    plan: Plan
    dispatcher: Dispatcher
    observer: Observer
    outputs: MemberOutputs | None = None
    failures: Failures = field(default_factory=Failures)

    def run(self, jobs: Sequence[MemberJob]) -> None:
        """Run the jobs whose members or maps are missing.

        Raises:
            UsageError: as soon as a job reports an error that the user can correct.
        """
        pending = [job for job in jobs if not self._is_finished(job)]
        if pending:
            workers = worker_count(len(pending), self.plan.device, workers=self.plan.config.workers)
            self.observer.started(pending, workers)
            self.dispatcher.run(pending, self._on_event)

    def _is_finished(self, job: MemberJob) -> bool:
        """Whether the members of a job are trained and its maps are computed; then the records are kept."""
        records = finished_records(job)
        if records is not None and self.outputs is not None:
            self.outputs.add(job, records)
        return records is not None

    def _on_event(self, job: MemberJob, event: Event) -> None:
        if event["kind"] == "usage":
            error = UsageError(event["error"])
            error.add_note(event.get("traceback") or "")
            raise error
        if event["kind"] == "failed":
            reason = f"member {job.member}: {event['error']}"
            self.failures.add(job.architecture, event["method"], reason, event.get("traceback"))
            log_failure(self.plan.run_folder.path, job, event)
        if event["kind"] in {"found", "trained"} and self.outputs is not None:
            self.outputs.add(job, (MemberRecord(**record) for record in event["records"]))
        if event["kind"] == "rows":
            self.plan.run_folder.fix_rows_per_pass(job.architecture, event["rows"])
        self.observer.event(job, event)
