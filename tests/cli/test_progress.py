import io
from types import SimpleNamespace

from rich.console import Console

from saliencynoise.cli.progress import Progress


def test_one_bar_at_a_time_when_several_plans_are_done_one_after_another():
    progress = Progress(Console(file=io.StringIO(), force_terminal=True))
    progress._plan = SimpleNamespace(dataset=SimpleNamespace(test=range(3)))
    for _ in range(2):
        progress.started([], 1)
        progress.started([], 1)
        assert [task.description for task in progress._bars.tasks] == ["members"]
        progress.reducing(2)
        assert [task.description for task in progress._bars.tasks] == ["statistics of 2 cells"]
