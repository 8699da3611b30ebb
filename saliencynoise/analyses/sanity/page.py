"""The page of a sanity run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saliencynoise.analyses.sanity import figure as sanity_figures
from saliencynoise.analyses.sanity import table as sanity
from saliencynoise.display.page.figures import page_figure
from saliencynoise.display.page.run import RunPage
from saliencynoise.display.page.tables import plain_table

Document = Mapping[str, Any]


def sanity_page(document: Document) -> RunPage:
    """Return the page of a sanity run, from its result file."""
    rows = document["rows"]
    done = [row for row in rows if row["status"] == "ok"]
    return RunPage(
        question="Would untrained networks show the same?",
        intro="A saliency map that looks the same for a network that learned nothing says nothing about what was "
        "learned. Trained networks are compared with untrained ones, and with ones trained on permuted labels.",
        sentences=[sanity.verdict_words(row) for row in done],
        tables=[plain_table(sanity.sanity_table(rows, narrow=False), "Networks that learned, and ones that did not")],
        legend=[sanity.LEGEND],
        figures=[page_figure(sanity_figures.captioned(done))] if done else [],
        basis=[sanity.basis(document)],
        notes=sanity.notes(document),
        document=document,
    )
