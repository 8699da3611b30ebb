"""The page of a variance run."""

from __future__ import annotations

from pathlib import Path

from saliencynoise.analyses.variance import table as variance
from saliencynoise.analyses.variance.figure import figures_of
from saliencynoise.display.page.figures import shown_figure
from saliencynoise.display.page.made import Made
from saliencynoise.display.page.run import RunPage
from saliencynoise.display.page.tables import plain_table
from saliencynoise.records.variance import VarianceRecord
from saliencynoise.records.writing import json_of


def variance_page(record: VarianceRecord, folder: Path) -> RunPage:
    """Return the page of a variance run, from its result file and the maps in its folder."""
    made = Made.of(record.study.versions, record.created, record.command)
    first, *others = [shown_figure(figure, made) for figure in figures_of(record, folder)]
    energies = variance.energies_of(record)
    tables = [plain_table(variance.variance_table(record.rows, narrow=False), "Where the noise comes from")]
    if energies:
        tables.append(plain_table(variance.energy_table(energies, narrow=False), "Methods that draw random numbers"))
    return RunPage(
        question="Which randomness makes the noise?",
        intro="Networks that differ only in random numbers have different saliency maps. Here networks share some of "
        "their random numbers. This shows the effect of each kind of randomness on a map.",
        sentences=variance.sentences(record),
        tables=tables,
        legend=[],
        pictures=[first],
        figures=others,
        basis=[variance.basis(record, members) for members in record.architectures],
        failures=variance.failures(record),
        warnings=variance.flags(record),
        notes=record.study.dataset.notes,
        words=variance.words(record),
        settings=json_of(record.settings),
        made=made,
        study=record.study,
    )
