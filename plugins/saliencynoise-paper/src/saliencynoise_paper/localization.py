"""The panel `localization`: how well single maps and marginal maps mark the pixels that cause the label."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import structs

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.numbers import format_number, p_text, with_interval
from saliencynoise.engine.study import Study
from saliencynoise.report.localization import MEANINGS, RELEVANCE, Nearer, localization_rows
from saliencynoise_paper.caption import provenance
from saliencynoise_paper.figures import localization as figure
from saliencynoise_paper.figures.localization import MaskRow

if TYPE_CHECKING:
    from saliencynoise.records.common import Ends

ANSWERS: Mapping[Nearer | None, str] = {"yes": "nearer", "no": "farther", "undecided": "undecided", None: "untested"}
"""The direction in which averaging moves maps, seen from the mask."""

LOW_NOISE = (
    "**Low noise is not correctness.** The corrected SNR r says how much networks agree, and not whether they are "
    "right. Averaging removes the differences between networks and keeps what they have in common, also where all of "
    "them mark the wrong place. So the table has both: r of a single network's map, and where averaging moves the "
    "map. p: test of no gain, corrected for all rows of a measure (Holm); undecided: above 0.05."
)


def localization_panel(studies: Sequence[Study]) -> CaptionedFigure:
    """Return the panel of one or more studies on data with masks.

    Methods with the view relu are shown in this view, in which people look at such maps; the others in the signed view.

    Raises:
        UsageError: if the data set of a study has no masks, or nothing was computed.
    """
    rows = [row for study in studies for row in _shown(study)]
    points = figure.data(rows)
    return CaptionedFigure(
        name="localization",
        title=figure.TITLE,
        caption=figure.CAPTION,
        alt=figure.alt(points),
        notes=[_measures(), LOW_NOISE, "\n".join(_lines(rows)), provenance(studies)],
        figure=figure.draw(points),
        data=points.drop(columns="networks"),
        facts={"rows": [_without_curve(row) for row in rows]},
    )


def _shown(study: Study) -> Iterator[MaskRow]:
    """Yield the rows of one view of each method, with its SNR; p-values stay corrected for all views."""
    rows = localization_rows(study)
    rectified = {(row.architecture, row.method) for row in rows if row.view == "relu"}
    dataset = study.result.dataset.asked
    for row in rows:
        if row.view == ("relu" if (row.architecture, row.method) in rectified else "signed"):
            snr = study.cell(row.architecture, row.method, row.view).known_figures.estimates.snr
            yield MaskRow(
                **structs.asdict(row),
                dataset=dataset,
                networks=f"{dataset}, {row.architecture}",
                snr=snr.value,
                snr_interval=snr.interval,
            )


def _without_curve(row: MaskRow) -> dict[str, Any]:
    return {name: value for name, value in structs.asdict(row).items() if name != "curve"}


def _measures() -> str:
    """Return a paragraph on the measures and on how maps are compared with masks."""
    meanings = "; ".join(f"*{figure.MEASURES[name]}*: {meaning}" for name, meaning in MEANINGS.items())
    return (
        f"{meanings[:1].upper()}{meanings[1:]} (Arras, Osman and Samek 2022; Zhang et al. 2018). {RELEVANCE}. Layer "
        "maps are enlarged bilinearly. Ties are broken by their expected value. A map of zeros counts as chance. Raw "
        "maps of n networks are averaged, then brought into the view: relu for layer methods, else signed."
    )


def _lines(rows: Sequence[MaskRow]) -> Iterator[str]:
    """Yield a Markdown table: a line for each network, method and measure."""
    yield "| networks | method, view | r [95%] | measure | chance | one | mean of all | gain [95%] | p | maps move |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        cells = (
            row.networks,
            f"{row.method}, {row.view}",
            _with_interval(row.snr, row.snr_interval),
            figure.MEASURES[row.measure],
            format_number(row.chance),
            format_number(row.single),
            format_number(row.marginal),
            _with_interval(row.gain, row.interval),
            p_text(row.p_holm),
            ANSWERS[row.nearer],
        )
        yield f"| {' | '.join(cells)} |"


def _with_interval(value: float, interval: Ends | None) -> str:
    return format_number(value) if interval is None else with_interval(value, interval.low, interval.high)
