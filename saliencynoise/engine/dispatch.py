"""The dispatch of members' jobs, in this process or to worker processes of one thread each."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import torch

from saliencynoise.engine.job import Event, MemberJob
from saliencynoise.engine.member import MemberRunner
from saliencynoise.engine.resources import usable_cores, workers_in_memory
from saliencynoise.engine.running import TICK, Running
from saliencynoise.engine.worker import run_reporting
from saliencynoise.interfaces import UsageError
from saliencynoise.store.datasets import save_dataset

if TYPE_CHECKING:
    from types import TracebackType

    from saliencynoise.interfaces import Dataset

TRAINS_AGAIN = "the same command trains it again"

OnEvent = Callable[[MemberJob, Event], None]


def worker_count(jobs: int, device: str, *, workers: int | None = None) -> int:
    """Return the number of worker processes for a number of jobs; 0 to run them in this process.

    Args:
        jobs: number of jobs.
        device: device of the jobs; other devices than the CPU are served by this process.
        workers: largest number of processes; None for one per core, as far as the memory allows.
    """
    if device != "cpu":
        return 0
    if workers is not None:
        return min(jobs, workers)
    count = min(jobs, usable_cores(), workers_in_memory())
    return 0 if count < 2 else count


class Dispatcher:
    """Runs jobs on a device. Worker processes start when they are first needed, once, and end with the context."""

    def __init__(self, dataset: Dataset, device: str, *, workers: int | None = None) -> None:
        self._dataset = dataset
        self._device = device
        self._workers = workers
        self._runner = MemberRunner(dataset)
        self._folder = tempfile.TemporaryDirectory(prefix="saliencynoise-")
        self._processes: dict[int, subprocess.Popen[str]] = {}
        self._closed = False
        self._crashed: set[tuple[str, str]] = set()

    def __enter__(self) -> Dispatcher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._closed = True
        for process in self._processes.values():
            process.kill()
            process.wait()
        self._folder.cleanup()

    def run(self, jobs: Sequence[MemberJob], on_event: OnEvent) -> None:
        """Run jobs, in their order as workers become free; `on_event` is called in the caller's thread.

        If jobs run in that thread, the event "running", which reports a method that takes long, comes from another
        thread.
        """
        workers = worker_count(len(jobs), self._device, workers=self._workers)
        if workers == 0:
            self._run_here(jobs, on_event)
            return
        waiting: queue.SimpleQueue[MemberJob] = queue.SimpleQueue()
        for job in jobs:
            waiting.put(job)
        events: queue.SimpleQueue[tuple[MemberJob, Event] | None] = queue.SimpleQueue()
        if not self._data.exists():
            save_dataset(self._data, self._dataset)
        for slot in range(workers):
            threading.Thread(target=self._serve, args=(slot, waiting, events), daemon=True).start()
        running = Running()
        while workers:
            for overdue in running.overdue():
                on_event(*overdue)
            with contextlib.suppress(queue.Empty):
                item = events.get(timeout=TICK)
                if item is None:
                    workers -= 1
                else:
                    running.note(*item)
                    on_event(*item)

    @property
    def _data(self) -> Path:
        return Path(self._folder.name) / "dataset.safetensors"

    def _run_here(self, jobs: Sequence[MemberJob], on_event: OnEvent) -> None:
        running = Running()
        with one_thread(), running.watched(on_event):
            for job in jobs:

                def report(event: Event, job: MemberJob = job) -> None:
                    running.note(job, event)
                    on_event(job, event)

                run_reporting(self._runner, job, report)

    def _serve(
        self,
        slot: int,
        waiting: queue.SimpleQueue[MemberJob],
        events: queue.SimpleQueue[tuple[MemberJob, Event] | None],
    ) -> None:
        with contextlib.suppress(queue.Empty):
            while not self._closed:
                job = waiting.get_nowait()
                for event in self._surviving(slot, job):
                    events.put((job, event))
        events.put(None)

    def _surviving(self, slot: int, job: MemberJob) -> Iterator[Event]:
        """Yield a job's events; if its process ends while a method runs, the job is repeated without this method."""
        attempt, running, ended = job, Running(), True
        while ended:
            kept_methods = {
                text: folders
                for text, folders in attempt.methods.items()
                if (job.architecture, text) not in self._crashed
            }
            attempt, ended = replace(attempt, methods=kept_methods), False
            for event in self._events_of(slot, attempt):
                if event["kind"] == "trained":
                    attempt = replace(attempt, retrain=False)
                culprit, ended = running.method(job), event["kind"] == "ended"
                running.note(job, event)
                if ended and culprit is None:
                    yield {"kind": "failed", "method": None, "error": f"{event['error']}; {TRAINS_AGAIN}"}
                    return
                if ended and culprit is not None:
                    self._crashed.add((job.architecture, culprit))
                    yield {"kind": "failed", "method": culprit, "error": f"{event['error']}, while this method ran"}
                else:
                    yield event

    def _events_of(self, slot: int, job: MemberJob) -> Iterator[Event]:
        try:
            process = self._process(slot)
        except OSError as error:
            yield {"kind": "usage", "error": f"cannot start a worker process: {error}"}
            return
        with contextlib.suppress(BrokenPipeError, json.JSONDecodeError):
            _pipe(process.stdin).write(json.dumps(asdict(job)) + "\n")
            _pipe(process.stdin).flush()
            for line in _pipe(process.stdout):
                event: dict[str, Any] = json.loads(line)
                if event["kind"] == "done":
                    return
                yield event
        if not self._closed:
            yield {"kind": "ended", "error": self._last_words(slot, process)}

    def _process(self, slot: int) -> subprocess.Popen[str]:
        process = self._processes.get(slot)
        if process is None or process.poll() is not None:
            with self._log(slot).open("w") as log:
                process = subprocess.Popen(  # noqa: S603 - this interpreter and this package
                    [sys.executable, "-P", "-m", "saliencynoise.engine.worker", str(self._data)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONPATH": import_path()},
                )
            self._processes[slot] = process
        return process

    def _log(self, slot: int) -> Path:
        return Path(self._folder.name) / f"worker-{slot}.log"

    def _last_words(self, slot: int, process: subprocess.Popen[str]) -> str:
        code = process.wait()
        lines = self._log(slot).read_text(errors="replace").strip().splitlines()
        last_line = f": {lines[-1]}" if lines else ""
        return f"its worker process ended ({ending(code)}){last_line}"


def import_path() -> str:
    """Return the folders from which this process imports, for workers, which import the same architectures."""
    return os.pathsep.join(dict.fromkeys(os.path.abspath(folder) for folder in sys.path))  # noqa: PTH100 - "" is here


def ending(code: int) -> str:
    """Return a text on the end of a process, from its exit code.

    >>> ending(3), ending(-11)
    ('code 3', 'code -11, a segmentation fault')
    """
    named = {signal.SIGKILL: "killed, perhaps because the memory was full", signal.SIGSEGV: "a segmentation fault"}
    number = next((known_signal for known_signal in signal.Signals if known_signal == -code), None)
    if number is None:
        return f"code {code}"
    return f"code {code}, {named.get(number, number.name)}"


class Dispatchers:
    """A dispatcher whose workers serve one bench after another, as long as data set and device stay the same."""

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()
        self._last: tuple[tuple[str, str], Dispatcher] | None = None

    def __enter__(self) -> Dispatchers:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def of(self, dataset: Dataset, key: str, device: str, *, workers: int | None = None) -> Dispatcher:
        """Return the dispatcher of a data set, identified by `key`, on a device; that of other data is closed."""
        if self._last is None or self._last[0] != (key, device):
            self._open.close()
            self._last = (key, device), self._open.enter_context(Dispatcher(dataset, device, workers=workers))
        return self._last[1]


@contextmanager
def one_thread() -> Iterator[None]:
    """Use one thread, as the workers do, because another number of threads gives other bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _pipe(stream: TextIO | Any) -> TextIO:
    if stream is None:
        raise UsageError("the worker process was started without pipes")
    return stream
