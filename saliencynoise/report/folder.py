"""The report of a folder, which holds a study or a frontier, variance or sanity run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from saliencynoise.analyses.frontier import run as bench_frontier
from saliencynoise.analyses.frontier.page import frontier_page
from saliencynoise.analyses.result import save_figures
from saliencynoise.analyses.sanity import run as bench_sanity
from saliencynoise.analyses.sanity.page import sanity_page
from saliencynoise.analyses.variance import run as bench_variance
from saliencynoise.analyses.variance.page import variance_page
from saliencynoise.display.page.figures import figure_of
from saliencynoise.display.page.run import RunPage, write_run_page
from saliencynoise.engine.study import RESULT, Study
from saliencynoise.interfaces import UsageError, one_line
from saliencynoise.report.html.study import REPORT, write_report


def write_run_report(folder: str | Path, out: str | Path | None = None) -> Path:
    """Write the report of the run in a folder, with the files of its figures, and return the report's path.

    Raises:
        UsageError: if the folder holds no run, or the report cannot be written.
    """
    folder = Path(folder)
    makers = {
        bench_frontier.RESULT: lambda: frontier_page(bench_frontier.load_frontier(folder), folder),
        bench_variance.RESULT: lambda: variance_page(bench_variance.load_variance(folder), folder),
        bench_sanity.RESULT: lambda: sanity_page(bench_sanity.load_sanity(folder), folder),
    }
    for name, make in makers.items():
        if (folder / name).exists():
            page = _made(make, folder / name)
            save_figures(folder, [figure_of(figure) for figure in (*page.pictures, *page.figures)])
            return write_run_page(page, Path(out or folder / REPORT), folder)
    if not (folder / RESULT).exists() and not (folder / "plan.json").exists():
        raise UsageError(f"{folder} holds none of {', '.join([RESULT, *makers])}; name the folder of a run")
    return write_report(Study.load(folder), out)


def _made(make: Callable[[], RunPage], path: Path) -> RunPage:
    try:
        return make()
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{path} is damaged, or of another version ({one_line(error)}); run the same command again"
        ) from error
