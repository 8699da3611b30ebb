"""The page of `saliencynoise compare RUN`: the methods of one run in order, and what the tests separate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from saliencynoise.analyses.comparison.figure import figure_of
from saliencynoise.analyses.comparison.ranking import GRID, grid_table, rankings_of, sentences
from saliencynoise.analyses.result import facts_of, save_figures
from saliencynoise.display.numbers import format_number, interval_text, p_text
from saliencynoise.display.page.figures import shown_figure
from saliencynoise.display.page.made import Made
from saliencynoise.display.page.run import RunPage, write_run_page
from saliencynoise.display.page.tables import PageColumn, PageRow, PageTable, PageValue, plain_table
from saliencynoise.interfaces.shell import shell

if TYPE_CHECKING:
    from saliencynoise.analyses.comparison.run import Pair
    from saliencynoise.engine.study import Study

PAGE = "compare.html"

WORDS = (
    ("SNR", "Corrected signal-to-noise ratio of one map: 0 is noise alone. A larger SNR is a less noisy map."),
    (
        ">, <, ~, ?",
        "The maps of the line's method are less noisy than the column's; noisier; no difference shown; unknown.",
    ),
    ("ratio", "SNR of the first divided by the SNR of the second."),
    (
        "simultaneous 95%",
        "All intervals of the table hold together in 95 of 100 studies (Bonferroni), with new networks and images.",
    ),
    ("p", "Two-sided p-value times the number of pairs. It is below 0.05 exactly where the interval excludes 1."),
)


def write_methods_page(study: Study, methods: Sequence[Pair], architectures: Sequence[Pair], path: Path) -> Path:
    """Write the page and the diagram's files beside it, and return the path of the page.

    Args:
        study: the run.
        methods: pairs of methods, of `compare_methods`.
        architectures: pairs of architectures, of `compare_architectures`.
        path: of the page.

    Raises:
        UsageError: if the folder cannot be written.
    """
    rankings = rankings_of(study, methods)
    figure = figure_of(rankings)
    save_figures(path.parent, [figure])
    made = Made.of(study.result.versions, study.result.created, shell("saliencynoise", "compare", study.folder))
    made = replace(made, created=datetime.now(UTC).isoformat(timespec="seconds"))
    tables = [plain_table(grid_table(ranking), f"Methods on {ranking.architecture}") for ranking in rankings]
    tables += [_pairs(pairs, kind) for pairs, kind in ((methods, "methods"), (architectures, "architectures")) if pairs]
    several = len(rankings) > 1
    page = RunPage(
        question="Whose maps are less noisy?",
        intro="The methods of one run, in order of the SNR of their maps. Bars join methods between which no test "
        "shows a difference.",
        sentences=[
            f"{ranking.architecture}: {sentence}" if several else sentence
            for ranking in rankings
            for sentence in sentences(ranking)
        ],
        tables=tables,
        legend=[GRID],
        pictures=[shown_figure(figure, made)],
        figures=[],
        basis=[],
        warnings=list(dict.fromkeys(filter(None, (pair.comparison.note for pair in methods)))),
        notes=study.result.dataset.notes,
        words=WORDS,
        settings={},
        made=made,
        study=facts_of(study.result),
    )
    return write_run_page(page, path, study.folder)


def _pairs(pairs: Sequence[Pair], kind: str) -> PageTable:
    """Return the table of pairs; each cell has one quantity, and all columns can be sorted."""
    labels = ("within", "first", "second", "ratio", "simultaneous 95%", "p", "verdict")
    columns = [PageColumn(label=label, numeric=label in {"ratio", "simultaneous 95%", "p"}) for label in labels]
    rows = []
    for pair in pairs:
        comparison = pair.comparison
        texts = (
            pair.within,
            comparison.a,
            comparison.b,
            format_number(comparison.ratio),
            interval_text(comparison.ratio_interval).replace("\\[", "["),
            p_text(comparison.p_simultaneous),
            comparison.words,
        )
        keys = {3: comparison.ratio, 5: comparison.p_simultaneous}
        rows.append(PageRow(values=[PageValue(text=text, key=str(keys.get(i, ""))) for i, text in enumerate(texts)]))
    return PageTable(caption=f"All pairs of {kind}", columns=columns, rows=rows)
