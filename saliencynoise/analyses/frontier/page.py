"""The page of a frontier run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saliencynoise.analyses.frontier import figure as frontier_figures
from saliencynoise.analyses.frontier import table as frontier
from saliencynoise.display.page.figures import page_figure
from saliencynoise.display.page.run import RunPage
from saliencynoise.display.page.tables import plain_table

Document = Mapping[str, Any]


def frontier_page(document: Document) -> RunPage:
    """Return the page of a frontier, from its result file."""
    several = len(document["settings"]["aggregators"]) > 1
    tables, sentences = [], []
    for reference in document["references"]:
        rows = [row for row in document["rows"] if frontier.place_of(row) == frontier.place_of(reference)]
        if rows:
            table = frontier.frontier_table(rows, narrow=False, several=several)
            tables.append(plain_table(table, frontier.heading(reference).plain))
            sentences += [
                f"{reference['method']} on {reference['architecture']}: {sentence}"
                for sentence in frontier.sentences(rows)
            ]
    return RunPage(
        question="Is there something cheaper than retraining?",
        intro="Averaging the saliency maps of many networks removes noise, but training many networks is dear. Cheaper "
        "ways to obtain networks were tried; each average is compared with those of networks trained from scratch.",
        sentences=sentences,
        tables=tables,
        legend=[frontier.legend(document)],
        figures=[page_figure(frontier_figures.captioned(document))] if frontier_figures.drawable(document) else [],
        basis=[frontier.basis(document)],
        notes=frontier.notes(document),
        document=document,
    )
