"""The panel `architecture`: the SNR against depth, width, residual connections, normalisation, training length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.numbers import format_number, p_text
from saliencynoise.engine.study_cells import failures, signed_cells
from saliencynoise.records.cell import Cell
from saliencynoise.records.writing import json_of
from saliencynoise_paper.caption import provenance
from saliencynoise_paper.figures import architecture as figure
from saliencynoise_paper.figures.architecture import SCALES, Variation, check, ordered

if TYPE_CHECKING:
    import pandas as pd

    from saliencynoise.statistics.trend import Trend

TRENDS = (
    "Trend: least squares of log r on log2 of the value. The table has the factor of r per doubling, its 95% interval "
    "for new members and new images, and p of no trend, not corrected for the number of rows. Ensembles are assumed "
    "to be independent, and the line to be straight. (Ensembles of one architecture and seed have the same initial "
    "weights.)"
)
COMPARED = (
    "Accuracy also differs between the values. Where a layer's map changes its size, r belongs to another resolution."
)


def architecture_panel(variations: Sequence[Variation], *, methods: Sequence[str] | None = None) -> CaptionedFigure:
    """Return the panel, an axes for each axis of variation; its facts are the trends.

    Args:
        variations: variations of one or more axes, no value of an axis twice.
        methods: display names; None for all.

    Raises:
        UsageError: no variations, a value twice or not above 0, or no such architecture or method.
    """
    frame, fitted = figure.data(variations, methods=methods), trends(variations, methods=methods)
    studies = list({str(variation.study.folder): variation.study for variation in variations}.values())
    return CaptionedFigure(
        name="architecture",
        title=figure.TITLE,
        caption=figure.CAPTION,
        alt=figure.alt(frame),
        notes=[COMPARED, *_lines(fitted), *failures(frame), provenance(studies)],
        figure=figure.draw(frame),
        data=frame,
        facts={"trends": json_of(fitted.to_dict("records"))},
    )


def _lines(fitted: pd.DataFrame) -> list[str]:
    """Return the paragraphs on the trends; none if there are no trends."""
    if not len(fitted):
        return []
    head = ["| varied | method | r per doubling | 95% | p | note |", "|---|---|---|---|---|---|"]
    return [TRENDS, "\n".join(head + [_line(row) for row in fitted.itertuples()])]


def _line(row: Any) -> str:
    """Return a row of `trends` as a row of Markdown."""
    p = p_text(None if math.isnan(row.p) else row.p)
    interval = f"[{format_number(row.low)}, {format_number(row.high)}]"
    cells = (figure.TITLES[row.axis], row.method, format_number(row.ratio), interval, p, row.note)
    return f"| {' | '.join(cells)} |"


def trends(variations: Sequence[Variation], *, methods: Sequence[str] | None = None) -> pd.DataFrame:
    """Return a row per numeric axis and method: the factor of r per doubling, with its 95% interval and p.

    The trend is paired over images where the studies attribute the same ones. It is NaN, with the reason as a note,
    where an r has no logarithm or fewer than two values have a figure. Arguments and errors: see `architecture_panel`.
    """
    import pandas as pd  # noqa: PLC0415 - as above

    check(variations)
    rows: list[dict[str, Any]] = []
    for axis in [axis for axis in SCALES if any(variation.axis == axis for variation in variations)]:
        values = ordered(variations, axis)
        for method, cells in _by_method(values, methods).items():
            trend = _trend(values, cells)
            interval = trend.ratio_interval
            rows.append(
                {
                    "axis": axis,
                    "method": method,
                    "ratio": trend.ratio,
                    "low": interval.low if interval else math.nan,
                    "high": interval.high if interval else math.nan,
                    "p": math.nan if trend.p is None else trend.p,
                    "note": trend.note,
                }
            )
    return pd.DataFrame(rows, columns=["axis", "method", "ratio", "low", "high", "p", "note"])


def _by_method(variations: Sequence[Variation], methods: Sequence[str] | None) -> dict[str, list[Cell | None]]:
    """Return the cells of each method, one per variation; None where it failed or was not run."""
    by_method = [
        {
            cell.method: cell
            for cell in signed_cells(variation.study, architectures=[variation.architecture], methods=methods)
        }
        for variation in variations
    ]
    names = dict.fromkeys(name for cells in by_method for name in cells)
    return {
        name: [cells[name] if name in cells and cells[name].status == "ok" else None for cells in by_method]
        for name in names
    }


def _trend(variations: Sequence[Variation], cells: Sequence[Cell | None]) -> Trend:
    import torch  # noqa: PLC0415 - as above

    from saliencynoise.statistics.gram import diag_mean  # noqa: PLC0415 - as above
    from saliencynoise.statistics.groups import chosen  # noqa: PLC0415 - as above
    from saliencynoise.statistics.snr import pooled_snr  # noqa: PLC0415 - as above
    from saliencynoise.statistics.trend import Trend, log_trend  # noqa: PLC0415 - as above

    def none(note: str) -> Trend:
        return Trend(slope=math.nan, interval=None, p=None, note=note)

    measured = [(variation, cell) for variation, cell in zip(variations, cells, strict=True) if cell is not None]
    if len(measured) < 2:
        return none("fewer than two values with a figure")
    grams = [variation.study.gram(cell) for variation, cell in measured]
    used = [diag_mean(gram) > 0 for gram in grams]
    paired = len({tuple(image.name for image in variation.study.result.images) for variation, _ in measured}) == 1
    if paired:
        used = [torch.stack(used).all(0)] * len(grams)
        if not bool(used[0].any()):
            return none("no image on which all give maps")
    figures = [
        pooled_snr(gram[used_images], groups=chosen(variation.study.groups, used_images))
        for gram, used_images, (variation, _) in zip(grams, used, measured, strict=True)
    ]
    return log_trend(figures, [math.log2(float(variation.value)) for variation, _ in measured], paired=paired)
