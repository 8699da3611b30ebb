"""A worker process: `python -m saliencynoise.engine.worker DATASET`, jobs in and events out as lines of JSON.

It is a separate program, because `multiprocessing` would import the user's main script again: a script without an
`if __name__ == "__main__"` guard would then start itself again.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from typing import Any, TextIO

import torch

from saliencynoise.engine.job import Event, MemberJob, Report
from saliencynoise.engine.member import MemberRunner
from saliencynoise.interfaces import PluginError, SaliencyNoiseError, one_line, traceback_of
from saliencynoise.scoring import failure
from saliencynoise.store.datasets import load_dataset


def run_reporting(runner: MemberRunner, job: MemberJob, report: Report) -> None:
    """Run a job; an error becomes an event: "usage" if the user can correct it, otherwise "failed"."""
    try:
        runner.run(job, report)
    except PluginError as error:
        report({"kind": "failed", "method": None, "error": one_line(error), "traceback": traceback_of(error)})
    except SaliencyNoiseError as error:
        report({"kind": "usage", "error": one_line(error), "traceback": traceback_of(error)})
    except BaseException as raised:  # noqa: BLE001 - a network or a plugin may raise anything; the other jobs go on
        report(
            {"kind": "failed", "method": None, "error": one_line(failure(raised)), "traceback": traceback_of(raised)}
        )


def main(dataset: str) -> None:
    """Serve jobs until standard input closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C, by ending this process
    channel = _take_standard_output()
    torch.set_num_threads(1)
    jobs = _jobs()
    runner = MemberRunner(load_dataset(Path(dataset)))

    def report(event: Event) -> None:
        channel.write(json.dumps(event) + "\n")
        channel.flush()

    while (job := jobs.get()) is not None:
        run_reporting(runner, MemberJob.from_plain(job), report)
        report({"kind": "done"})


def _take_standard_output() -> TextIO:
    """Keep standard output for events; the output of libraries goes to standard error."""
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return channel


def _jobs() -> queue.Queue[dict[str, Any] | None]:
    """Read jobs in a thread, so that the death of the parent, which closes the pipe, ends a running job too."""
    jobs: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def read() -> None:
        for line in sys.stdin:
            jobs.put(json.loads(line))
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    return jobs


if __name__ == "__main__":
    main(sys.argv[1])
