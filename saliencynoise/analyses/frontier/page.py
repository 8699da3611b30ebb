"""The page of a frontier run."""

from __future__ import annotations

from pathlib import Path

from saliencynoise.analyses.frontier import table as frontier
from saliencynoise.analyses.frontier.figure import figures_of
from saliencynoise.display.page.figures import shown_figure
from saliencynoise.display.page.made import Made
from saliencynoise.display.page.run import RunPage
from saliencynoise.display.page.tables import plain_table
from saliencynoise.records.frontier import FrontierRecord
from saliencynoise.records.writing import json_of


def frontier_page(record: FrontierRecord, folder: Path) -> RunPage:
    """Return the page of a frontier, from its result file and the maps in its folder."""
    made = Made.of(record.versions, record.created, record.command)
    first, *others = [shown_figure(figure, made) for figure in figures_of(record, folder)]
    several = len(record.settings.aggregators) > 1
    tables, sentences = [], []
    for reference, rows in frontier.compared(record):
        table = frontier.frontier_table(rows, narrow=False, several=several)
        tables.append(plain_table(table, frontier.heading(reference).plain))
        about = f"{reference.method} on {reference.architecture}"
        sentences += [f"{about}: {sentence}" for sentence in frontier.sentences(rows)]
    return RunPage(
        question="Is there something cheaper than retraining?",
        intro="Averaging the saliency maps of many networks removes noise, but training many networks is expensive. "
        "Here networks come from cheaper samplers. The average map of each sampler is compared with averages of "
        "networks that were trained from scratch.",
        sentences=sentences,
        tables=tables,
        legend=[],
        pictures=[first],
        figures=others,
        basis=[frontier.basis(record)],
        failures=frontier.failures(record),
        warnings=frontier.caveats(record),
        notes=record.dataset.notes,
        words=frontier.words(record),
        settings=json_of(record.settings),
        made=made,
        study=record,
    )
