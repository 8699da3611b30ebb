"""The events of a run: a bench calls an observer in the order of its parts."""

from __future__ import annotations

import inspect
from itertools import groupby
from typing import Any

from saliencynoise.engine.config import config_from
from saliencynoise.engine.observer import Observer, Silent
from saliencynoise.engine.run import run

EVENTS = ("planned", "started", "event", "reducing", "comparing")


def test_an_observer_that_ignores_all_events_takes_each_of_them():
    assert [name for name in vars(Observer) if name in EVENTS or not name.startswith("_")] == list(EVENTS)
    for name in EVENTS:
        wanted, given = (inspect.signature(getattr(kind, name)) for kind in (Observer, Silent))
        assert list(given.parameters) == list(wanted.parameters)
        getattr(Silent(), name)(*[None] * (len(wanted.parameters) - 1))


class Recorder:
    """An observer that writes down the names of its events."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *_: self.names.append(name)


def test_a_bench_calls_them_in_the_order_of_its_parts(quick):
    recorder = Recorder()
    run(config_from(quick | {"methods": ["gradient"], "images": 2}), recorder)
    assert [name for name, _ in groupby(recorder.names)] == ["planned", "started", "event", "reducing"]
