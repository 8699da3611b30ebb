"""The tracebacks of what failed in a run, in a file of its folder: for the authors of plugins."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from saliencynoise.bench.member import Event, MemberJob

ERRORS = "errors.log"


def log_failure(folder: Path, job: MemberJob, event: Event) -> None:
    """Append a failure with its traceback to a run's log; a disk that is full changes nothing else."""
    if not folder.is_dir():
        return
    method = f", {event['method']}" if event["method"] else ""
    text = f"{job.architecture}{method}, member {job.member}: {event['error']}\n{event.get('traceback') or ''}\n"
    with contextlib.suppress(OSError), (folder / ERRORS).open("a", encoding="utf-8", errors="backslashreplace") as log:
        log.write(text)


def forget_failures(folder: Path) -> None:
    """Remove the log of an earlier run of the same folder."""
    with contextlib.suppress(OSError):
        (folder / ERRORS).unlink(missing_ok=True)
