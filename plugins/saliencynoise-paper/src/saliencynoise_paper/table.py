"""The panel `table`: the published table of SNRs, measured by every definition that it may have used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.numbers import format_number
from saliencynoise.display.terminal import Terminal
from saliencynoise.interfaces import UsageError
from saliencynoise_paper.caption import provenance
from saliencynoise_paper.figures import table as figure
from saliencynoise_paper.figures.table_grids import R, table_rows
from saliencynoise_paper.statistics.paper_table import DATASETS
from saliencynoise_paper.statistics.variants import Variant
from saliencynoise_paper.table_cells import PublishedColumn, measure
from saliencynoise_paper.table_facts import collect
from saliencynoise_paper.table_frame import cells_frame
from saliencynoise_paper.table_records import FEWER_NETWORKS, OWN_DRAWS, OWN_GRID, ColumnFacts, TableFacts
from saliencynoise_paper.table_words import answers, confounds, draws, notes, orderings, stars

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

__all__ = ["PublishedColumn", "TablePanel", "print_table_panel", "table_panel"]

NAME = "table"
WITHOUT_BEST = Variant("signed", "rms", "raw")
"""The definition that is printed where none is above 0 in every cell."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TablePanel(CaptionedFigure):
    """The panel with its facts.

    Attributes:
        facts: the document of `table.json`.
    """

    facts: TableFacts


def table_panel(columns: Sequence[PublishedColumn], *, seed: int = 0) -> TablePanel:
    """Return the panel: figure, a row per cell and variant, facts, caption.

    The maps are read from the studies, a few images at a time; methods that failed or are missing are shown as failed.

    Args:
        columns: columns of the published table, each with the study that stands for it, in the order to show them.
        seed: seed of the bootstraps over images.

    Raises:
        UsageError: no columns, one named twice or not in the published table, a study without the architecture or
            without its members' maps, or fewer than two cells that could be measured.
    """
    names = [column.name for column in columns]
    if not names or len(set(names)) < len(names):
        raise UsageError(f"columns {', '.join(names) or 'none'}: give one or more of the published table, each once")
    measured = [measure(column) for column in columns]
    facts = collect(measured, seed=seed)
    data = cells_frame(measured, seed=seed)
    studies = list({id(column.study): column.study for column in columns}.values())
    return TablePanel(
        name=NAME,
        title=figure.TITLE,
        caption=figure.CAPTION,
        alt=figure.alt(facts),
        notes=notes(facts, provenance(studies)),
        figure=figure.draw(data, facts),
        data=data,
        facts=facts,
    )


def print_table_panel(panel: TablePanel, console: Console | None = None) -> None:
    """Print the measured beside the published figures, the best definition, and the verdicts on the order."""
    console, facts = console or Terminal(), panel.facts
    variant = WITHOUT_BEST if facts.best.log_error is None else facts.best.log_error.variant
    for dataset in DATASETS:
        columns = [column for column in facts.columns if column.dataset == dataset]
        if columns:
            console.print(_table(panel, columns, variant))
    legend = (
        f"meas.: {variant.words}; publ.: the poster's; r: corrected SNR, which the poster lacks; own, shared: each "
        "network has random numbers of its own, or all have the same."
    )
    console.print(Text(legend, style="dim"))
    for sentence in (*answers(facts), *orderings(facts), *draws(facts), *stars(facts), *confounds(facts)):
        console.print(Text(sentence))
    for failure in facts.failed:
        reason = f"failed: {failure.method} in {failure.dataset} {failure.architecture}: {failure.reason}"
        console.print(Text(reason, style="yellow"))


def _table(panel: TablePanel, columns: Sequence[ColumnFacts], variant: Variant) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column(escape(columns[0].dataset), no_wrap=True)
    for column in columns:
        for header in (f"{column.architecture}\nmeas.", "\npubl.", "\nr"):
            table.add_column(header, justify="right", no_wrap=True)
    for method, reading, label in _table_rows(panel.facts):
        cells: list[str | Text] = [label]
        for column in columns:
            cells += _figures(_cell_rows(panel.data, column, method), reading, variant)
        table.add_row(*cells)
    return table


def _table_rows(facts: TableFacts) -> Iterator[tuple[str, str, str]]:
    """Yield the rows: method, reading, label; starred rows with fewer networks below those with all."""
    few = {cell.method: cell.fewer for cell in facts.starred}
    for method, reading, _ in table_rows(facts):
        name = method.replace("intermediate", "interm.").replace("Integrated", "Integr.")
        yield method, reading, f"{name}, {reading}" if method in facts.drawing_methods else name
        if reading == OWN_DRAWS and method in few:
            yield method, FEWER_NETWORKS, f"  by {few[method]} networks"


def _cell_rows(data: pd.DataFrame, column: ColumnFacts, method: str) -> pd.DataFrame:
    of_column = data[(data["dataset"] == column.dataset) & (data["architecture"] == column.architecture)]
    return of_column[of_column["method"] == method]


def _figures(rows: pd.DataFrame, reading: str, variant: Variant) -> list[str | Text]:
    published = f"{rows['published'].iloc[0]:.2f}"  # a third digit would not fit 80 columns; the figure has it
    if rows["status"].iloc[0] == "failed":
        return [Text("failed", style="red"), published, ""]
    selected = rows[(rows["grid"] == OWN_GRID) & (rows["reading"] == reading)]
    if selected.empty:
        return ["", published, ""]
    values = selected.set_index(["view", "definition", "norm"])["value"]
    value, r = (float(values[key.view, key.definition, key.norm]) for key in (variant, R))
    return [format_number(value), published, format_number(r)]
