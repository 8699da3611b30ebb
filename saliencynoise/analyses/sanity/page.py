"""The page of a sanity run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from saliencynoise.analyses.sanity import figure as sanity_figures
from saliencynoise.analyses.sanity import table as sanity
from saliencynoise.display.figures.exhibit import Exhibit
from saliencynoise.display.page.pictures import picture
from saliencynoise.display.page.run import RunPage
from saliencynoise.display.page.tables import plain_table

Document = Mapping[str, Any]


def _of_sanity(panels: Sequence[sanity_figures.Panel]) -> Exhibit:
    return Exhibit(
        name="sanity",
        title="Likeness of the maps to those of networks that know nothing",
        caption="Points: cosine, corrected for noise, between what trained networks agree on and what the others "
        "do; bars: 95% interval. Above 0.71 most of the map is the same; without a point they agree on nothing.",
        alt="A panel for each architecture and method, a point with its interval for each row of the table above.",
        figure=sanity_figures.figure(panels),
        data=sanity_figures.table(panels),
    )


def sanity_page(document: Document) -> RunPage:
    """Return the page of a sanity run, from its result file."""
    rows = document["rows"]
    done = [row for row in rows if row["status"] == "ok"]
    panels = sanity_figures.of_sanity(done)
    return RunPage(
        question="Would untrained networks show the same?",
        intro="A saliency map that looks the same for a network that learned nothing says nothing about what was "
        "learned. Trained networks are compared with untrained ones, and with ones trained on permuted labels.",
        sentences=[sanity.verdict_words(row) for row in done],
        tables=[plain_table(sanity.sanity_table(rows, narrow=False), "Networks that learned, and ones that did not")],
        legend=[sanity.LEGEND],
        pictures=[picture(_of_sanity(panels))] if panels else [],
        basis=[sanity.basis(document)],
        notes=sanity.notes(document),
        document=document,
    )
