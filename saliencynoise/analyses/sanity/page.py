"""The page of a sanity run."""

from __future__ import annotations

from saliencynoise.analyses.sanity import figure as sanity_figures
from saliencynoise.analyses.sanity import table as sanity
from saliencynoise.display.page.figures import page_figure
from saliencynoise.display.page.run import RunPage
from saliencynoise.display.page.tables import plain_table
from saliencynoise.records.sanity import SanityRecord
from saliencynoise.records.writing import json_of


def sanity_page(record: SanityRecord) -> RunPage:
    """Return the page of a sanity run, from its result file."""
    return RunPage(
        question="Would untrained networks show the same?",
        intro="If an untrained network has the same saliency map, the map does not show what a network has learned. "
        "Trained networks are compared with untrained ones, and with ones trained on permuted labels.",
        sentences=[sanity.verdict_words(row) for row in record.done],
        tables=[
            plain_table(
                sanity.sanity_table(record.rows, narrow=False),
                "Trained, untrained and permuted-label networks",
            )
        ],
        legend=[sanity.LEGEND],
        figures=[page_figure(sanity_figures.captioned(record.done))] if record.done else [],
        basis=[sanity.basis(record)],
        notes=sanity.notes(record),
        settings=json_of(record.settings),
        created=record.created,
        study=record.study,
    )
