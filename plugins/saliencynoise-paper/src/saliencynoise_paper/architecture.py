"""The panel `architecture`: the SNR against depth, width, residual connections, normalisation, training length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.numbers import format_number, p_text
from saliencynoise.engine.study_cells import failures
from saliencynoise.statistics.json_safe import json_safe
from saliencynoise_paper.caption import provenance
from saliencynoise_paper.figures.architecture import TITLES, Variation, draw, table, trends
from saliencynoise_paper.panel import Panel

if TYPE_CHECKING:
    import pandas as pd

CAPTION = (
    "**SNR against the architecture and its training.** Each panel varies one thing and keeps the rest. Point: r = "
    "c/(1 − c), c the mean cosine between two members' maps, each of unit norm; corrected, so that pure noise gives 0. "
    "Bar: its 95% interval for other networks and other images. Below a value: the members' median test accuracy (*: "
    "some were flagged, see below), which varies along with it; where the size of a layer's map does, too, its r is of "
    "another resolution."
)

TRENDS = (
    "Trend, by least squares of log r on log2 of the value: what r is multiplied by per doubling, with its 95% "
    "interval for other networks and other images and p of no trend, uncorrected for the number of rows. The ensembles "
    "are taken as independent (of one architecture and seed, they start from the same weights), and the line as "
    "straight: how far points lie off it is not in the interval."
)


def architecture_panel(variations: Sequence[Variation], *, methods: Sequence[str] | None = None) -> Panel:
    """Return the panel, an axes for each axis of variation; its facts are the trends.

    Args:
        variations: of one or more axes, no value of an axis twice.
        methods: labels; None for all.

    Raises:
        UsageError: no variations, a value twice or not above 0, or no such architecture or method.
    """
    data, fitted = table(variations, methods=methods), trends(variations, methods=methods)
    studies = list({str(variation.study.folder): variation.study for variation in variations}.values())
    return Panel(
        name="architecture",
        figure=draw(data),
        data=data,
        caption="\n\n".join(filter(None, (CAPTION, _lines(fitted), *failures(data), provenance(studies)))),
        facts={"trends": json_safe(fitted.to_dict("records"))},
    )


def _lines(fitted: pd.DataFrame) -> str:
    if not len(fitted):
        return ""
    head = [f"{TRENDS}\n", "| varied | method | r per doubling | 95% | p | note |", "|---|---|---|---|---|---|"]
    return "\n".join(head + [_line(row) for row in fitted.to_dict("records")])


def _line(row: dict[Any, Any]) -> str:
    p = p_text(None if math.isnan(row["p"]) else row["p"])
    interval = f"[{format_number(row['low'])}, {format_number(row['high'])}]"
    cells = (TITLES[row["axis"]], row["method"], format_number(row["ratio"]), interval, p, row["note"])
    return f"| {' | '.join(cells)} |"
