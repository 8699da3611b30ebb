import io
from dataclasses import replace
from types import SimpleNamespace

from rich.console import Console

from saliencynoise.cli.progress import Progress
from tests.engine.test_time_left import job


def test_one_bar_at_a_time_when_several_plans_are_done_one_after_another():
    progress = Progress(Console(file=io.StringIO(), force_terminal=True))
    progress._plan = SimpleNamespace(dataset=SimpleNamespace(test=range(3)))
    for _ in range(2):
        progress.started([], 1)
        progress.started([], 1)
        assert [task.description for task in progress._bars.tasks] == ["members"]
        progress.reducing(2)
        assert [task.description for task in progress._bars.tasks] == ["statistics of 2 cells"]


def test_forecasts_are_ranges():
    own = replace(job(0), methods={"builtin/gradient": ("x",)}, images=tuple(range(100)))
    written = io.StringIO()
    progress = Progress(Console(file=written, width=200))
    progress._plan = SimpleNamespace(dataset=SimpleNamespace(test=()), methods=["gradient"])
    progress.started([own], 1)
    for done in (0, 10):
        progress.event(own, {"kind": "progress", "done": done, "steps": 60, "seconds": done})
    for seconds in (90.0, 10.0):
        progress.event(own, {"kind": "attributed", "images": 10, "seconds": seconds})
    assert "training a will take about 40 to 60 s on this machine" in written.getvalue()
    assert "attributing a with 1 method will take about 1 to 2 min more on this machine" in written.getvalue()
