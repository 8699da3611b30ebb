import io
from dataclasses import replace
from types import SimpleNamespace

from rich.console import Console

import saliencynoise as sn
from saliencynoise.engine.observer import Silent
from saliencynoise.engine.progress import Progress
from tests.engine.test_time_left import job
from tests.studies import study_of


def test_one_bar_at_a_time_when_several_plans_are_done_one_after_another():
    progress = Progress(Console(file=io.StringIO(), force_terminal=True))
    progress._plan = SimpleNamespace(dataset=SimpleNamespace(test=range(3)))
    for _ in range(2):
        progress.started([], 1)
        progress.started([], 1)
        assert [task.description for task in progress._bars.tasks] == ["members"]
        progress.reducing(2)
        assert [task.description for task in progress._bars.tasks] == ["statistics of 2 cells"]


def test_one_bar_with_one_clock_moves_forward_only_over_several_benches_and_the_report():
    progress = Progress(Console(file=io.StringIO(), force_terminal=True), runs=2)
    (task,) = progress._bars.tasks
    progress._plan = SimpleNamespace(dataset=SimpleNamespace(test=range(3)), methods=[])
    reached = []
    for begun in (1, 2):
        progress._begun = begun
        jobs = [job(0), job(1)]
        progress.started(jobs, 1)
        for own in jobs:
            progress.event(own, {"kind": "progress", "done": 30, "steps": 60, "seconds": 1.0})
            reached.append(task.completed)
            progress.event(own, {"kind": "progress", "done": 60, "steps": 60, "seconds": 2.0})
            reached.append(task.completed)
        progress.reducing(1)
        reached.append(task.completed)
    progress.reporting()
    reached.append(task.completed)
    assert reached == sorted(reached)
    assert 0.4 < reached[4] < 0.5 < reached[6]
    assert reached[-1] == 0.95
    assert progress._bars.tasks == [task]


class Pretended(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_the_bar_is_there_before_anything_is_known():
    written = Pretended()
    with Progress(Console(file=written, force_terminal=True, width=80, legacy_windows=False)):
        assert "starting" in written.getvalue()


def test_the_training_is_estimated_before_the_attribution():
    own, later = (replace(job(n), methods={"builtin/gradient": ("x",)}, images=tuple(range(100))) for n in (0, 1))
    written = io.StringIO()
    progress = Progress(Console(file=written, width=200))
    progress._plan = SimpleNamespace(dataset=SimpleNamespace(test=()), methods=["gradient"])
    progress.started([own, later], 1)
    progress.event(own, {"kind": "found", "accuracy": [0.5], "seconds": 0.0})
    for seconds in (90.0, 10.0):
        progress.event(own, {"kind": "attributed", "images": 10, "seconds": seconds})
    assert "will take" not in written.getvalue()
    for done in (0, 10):
        progress.event(later, {"kind": "progress", "done": done, "steps": 60, "seconds": done})
    progress.event(own, {"kind": "attributed", "images": 10, "seconds": 10.0})
    assert written.getvalue().index("training a will take") < written.getvalue().index("attributing a with 1 method")


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


def test_a_function_of_python_shows_its_progress_unless_quiet(monkeypatch, capsys):
    def compare(config, observer):
        observer.comparing([job(0)])
        return study_of()

    monkeypatch.setattr("saliencynoise.engine.run.run", compare)
    sn.bench()
    assert "explaining the same images with 1 untrained networks" in capsys.readouterr().err
    sn.bench(quiet=True)
    sn.bench(observer=Silent())
    assert capsys.readouterr().err == ""
