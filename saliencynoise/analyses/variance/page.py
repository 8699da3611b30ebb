"""The page of a variance run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saliencynoise.analyses.variance import figure as seeds
from saliencynoise.analyses.variance import table as variance
from saliencynoise.display.page.figures import page_figure
from saliencynoise.display.page.run import RunPage
from saliencynoise.display.page.tables import plain_table

Document = Mapping[str, Any]


def variance_page(document: Document) -> RunPage:
    """Return the page of a variance run, from its result file."""
    rows = document["rows"]
    done = [row for row in rows if row["status"] == "ok"]
    drawing = [row for row in done if row["energy"]]
    tables = [plain_table(variance.variance_table(rows, narrow=False), "Where the noise comes from")]
    if drawing:
        tables.append(plain_table(variance.energy_table(drawing, narrow=False), "Methods that draw random numbers"))
    return RunPage(
        question="Which randomness makes the noise?",
        intro="Networks that differ only in random numbers have different saliency maps. Here they share some of these "
        "numbers and not others, which shows what each kind of randomness does to a map.",
        sentences=[f"{row['method']} on {row['architecture']}: {row['words']}." for row in done],
        tables=tables,
        legend=[variance.LEGEND.format(blocks=document["settings"]["blocks"]), *([variance.ENERGY] if drawing else [])],
        figures=[page_figure(seeds.captioned(document))] if seeds.drawable(document) else [],
        basis=[variance.basis(document, architecture) for architecture in document["architectures"]],
        notes=variance.notes(document),
        document=document,
    )
