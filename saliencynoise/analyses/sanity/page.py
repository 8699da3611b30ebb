"""The page of a sanity run."""

from __future__ import annotations

from pathlib import Path

from saliencynoise.analyses.sanity import table as sanity
from saliencynoise.analyses.sanity.figure import figures_of
from saliencynoise.display.page.figures import shown_figure
from saliencynoise.display.page.made import Made
from saliencynoise.display.page.run import RunPage
from saliencynoise.display.page.tables import plain_table
from saliencynoise.records.sanity import SanityRecord
from saliencynoise.records.writing import json_of


def sanity_page(record: SanityRecord, folder: Path) -> RunPage:
    """Return the page of a sanity run, from its result file and the maps in its folder."""
    made = Made.of(record.study.versions, record.created, record.command)
    first, *others = [shown_figure(figure, made) for figure in figures_of(record, folder)]
    return RunPage(
        question="Would untrained networks show the same?",
        intro="If an untrained network has the same saliency map, the map does not show what a network has learned. "
        "Trained networks are compared with untrained ones, and with ones trained on permuted labels.",
        sentences=sanity.sentences(record),
        tables=[
            plain_table(
                sanity.sanity_table(record.rows, narrow=False),
                "Trained, untrained and permuted-label networks",
            )
        ],
        legend=[],
        pictures=[first],
        figures=others,
        basis=[sanity.basis(record)],
        failures=sanity.failures(record),
        warnings=[line for line in sanity.warnings(record) if not line.startswith("failed: ")],
        notes=[line.removeprefix("note: ") for line in sanity.notes(record)],
        words=sanity.WORDS,
        settings=json_of(record.settings),
        made=made,
        study=record.study,
    )
