"""The panel `table`: the published table of SNRs, measured again in everything that it may have meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.numbers import format_number
from saliencynoise.display.terminal import Terminal
from saliencynoise.interfaces import UsageError
from saliencynoise_paper.caption import provenance
from saliencynoise_paper.figures import table as figure
from saliencynoise_paper.figures.table_grids import table_rows
from saliencynoise_paper.statistics.paper_table import DATASETS
from saliencynoise_paper.table_cells import Column, measure
from saliencynoise_paper.table_facts import cells_frame, collect
from saliencynoise_paper.table_words import answers, confounds, draws, notes, orderings, stars

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

__all__ = ["Column", "print_table_panel", "table_panel"]

NAME = "table"


def table_panel(columns: Sequence[Column], *, seed: int = 0) -> CaptionedFigure:
    """Return the panel: figure, a row per cell and variant, facts, caption.

    The maps are read from the studies, a few images at a time; methods that failed or are missing are shown as failed.

    Args:
        columns: of the published table, each with the study that stands for it, in the order to show them.
        seed: of the bootstraps over images.

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
    return CaptionedFigure(
        name=NAME,
        title=figure.TITLE,
        caption=figure.CAPTION,
        alt=figure.alt(facts),
        notes=notes(facts, provenance(studies)),
        figure=figure.draw(data, facts),
        data=data,
        facts=facts,
    )


def print_table_panel(panel: CaptionedFigure, console: Console | None = None) -> None:
    """Print measured beside published, which definition fits best, and whether the order holds."""
    console = console or Terminal()
    facts = panel.facts
    best = facts["best"]["log_error"]
    variant = best or {"view": "signed", "definition": "rms", "norm": "raw", "words": "rms, signed view, raw maps"}
    for dataset in DATASETS:
        columns = [column for column in facts["columns"] if column["dataset"] == dataset]
        if columns:
            console.print(_table(panel, columns, variant))
    legend = f"meas.: {variant['words']}; publ.: the poster's; r: corrected SNR, which it lacks; own, shared: random "
    legend += "numbers of each network's own, or the same for all."
    console.print(Text(legend, style="dim"))
    for sentence in (*answers(facts), *orderings(facts), *draws(facts), *stars(facts), *confounds(facts)):
        console.print(Text(sentence))
    for failed in facts["failed"]:
        reason = f"failed: {failed['method']} in {failed['dataset']} {failed['architecture']}: {failed['reason']}"
        console.print(Text(reason, style="yellow"))


def _table(panel: CaptionedFigure, columns: Sequence[Any], variant: Any) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column(escape(columns[0]["dataset"]), no_wrap=True)
    for column in columns:
        for header in (f"{column['architecture']}\nmeas.", "\npubl.", "\nr"):
            table.add_column(header, justify="right", no_wrap=True)
    for method, reading, label in _rows(panel):
        cells: list[str | Text] = [label]
        for column in columns:
            about = {"dataset": column["dataset"], "architecture": column["architecture"], "method": method}
            rows = panel.data[(panel.data[list(about)] == list(about.values())).all(axis=1)]
            cells += _figures(rows, reading, variant)
        table.add_row(*cells)
    return table


def _rows(panel: CaptionedFigure) -> list[tuple[str, str, str]]:
    """Return the rows: method, reading, label; starred rows by fewer networks below their own."""
    facts, rows = panel.facts, []
    few = {row["method"]: row["fewer"] for row in facts["starred"]}
    for method, reading, _ in table_rows(facts):
        drawing = any(row["method"] == method for row in facts["draws"])
        name = method.replace("intermediate", "interm.").replace("Integrated", "Integr.")
        rows.append((method, reading, f"{name}, {reading}" if drawing else name))
        if reading == "own" and method in few:
            rows.append((method, "fewer", f"  by {few[method]} networks"))
    return rows


def _figures(rows: pd.DataFrame, reading: str, variant: Any) -> list[str | Text]:
    published = f"{rows['published'].iloc[0]:.2f}"  # a third digit would not fit 80 columns; the figure has it
    if rows["status"].iloc[0] == "failed":
        return [Text("failed", style="red"), published, ""]
    selected = rows[(rows["grid"] == "own") & (rows["reading"] == reading)]
    if selected.empty:
        return ["", published, ""]
    values = selected.set_index(["view", "definition", "norm"])["value"]
    value, r = values[variant["view"], variant["definition"], variant["norm"]], values["signed", "r", "unit"]
    return [format_number(float(value)), published, format_number(float(r))]
