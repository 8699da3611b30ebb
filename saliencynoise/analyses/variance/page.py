"""The page of a variance run."""

from __future__ import annotations

from saliencynoise.analyses.variance import figure as seeds
from saliencynoise.analyses.variance import table as variance
from saliencynoise.display.page.figures import page_figure
from saliencynoise.display.page.run import RunPage
from saliencynoise.display.page.tables import plain_table
from saliencynoise.records.variance import VarianceRecord
from saliencynoise.records.writing import json_of


def variance_page(record: VarianceRecord) -> RunPage:
    """Return the page of a variance run, from its result file."""
    energies = variance.energies_of(record)
    tables = [plain_table(variance.variance_table(record.rows, narrow=False), "Where the noise comes from")]
    if energies:
        tables.append(plain_table(variance.energy_table(energies, narrow=False), "Methods that draw random numbers"))
    return RunPage(
        question="Which randomness makes the noise?",
        intro="Networks that differ only in random numbers have different saliency maps. Here networks share some of "
        "their random numbers. This shows the effect of each kind of randomness on a map.",
        sentences=[f"{row.method} on {row.architecture}: {row.words}." for row in record.done],
        tables=tables,
        legend=[variance.LEGEND.format(blocks=record.settings.blocks), *([variance.ENERGY] if energies else [])],
        figures=[page_figure(seeds.captioned(record))] if seeds.drawable(record) else [],
        basis=[variance.basis(record, members) for members in record.architectures],
        notes=variance.notes(record),
        settings=json_of(record.settings),
        created=record.created,
        study=record.study,
    )
