"""The tracebacks of a run's failures, in a file of its folder, for the authors of plugins."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from saliencynoise.interfaces import one_line, traceback_of

if TYPE_CHECKING:
    from pathlib import Path

    from saliencynoise.engine.job import Event, MemberJob

ERRORS = "errors.log"


def log_failure(folder: Path, job: MemberJob, event: Event) -> None:
    """Append a failure with its traceback to a run's log."""
    method = f", {event['method']}" if event["method"] else ""
    where = f"{job.architecture}{method}, member {job.member}"
    _append(folder, f"{where}: {event['error']}\n{event.get('traceback') or ''}\n")


def log_traceback(folder: Path, where: str, error: BaseException) -> None:
    """As `log_failure`, of an error that was raised here."""
    _append(folder, f"{where}: {one_line(error)}\n{traceback_of(error)}\n")


def _append(folder: Path, text: str) -> None:
    """Append to the log; a disk that is full changes nothing else."""
    if folder.is_dir():
        with (
            contextlib.suppress(OSError),
            (folder / ERRORS).open("a", encoding="utf-8", errors="backslashreplace") as log,
        ):
            log.write(text)


def forget_failures(folder: Path) -> None:
    """Remove the log of an earlier run of the same folder."""
    with contextlib.suppress(OSError):
        (folder / ERRORS).unlink(missing_ok=True)
