"""The panel "localization": do marginal maps mark the pixels that cause the label better than single ones?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.numbers import format_number, p_text, with_interval
from saliencynoise.engine.study import Study
from saliencynoise.records.numbers import number
from saliencynoise.report.localization import MEANINGS, RELEVANCE, localization_rows
from saliencynoise_paper.caption import provenance
from saliencynoise_paper.figures.localization import TITLES, localization_figure
from saliencynoise_paper.panel import Panel

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]

ANSWERS = {"yes": "nearer", "no": "farther", "undecided": "undecided", None: "untested"}
"""Where averaging moves maps, seen from the mask."""

WHAT = (
    "**Localisation against the number of averaged networks.** Does averaging over networks move maps towards the "
    "pixels that cause the label, and how fast? {meanings} (Arras, Osman and Samek 2022; Zhang et al. 2018). "
    f"{RELEVANCE}; layer maps are enlarged bilinearly; ties are broken by their expected value; a map of zeros counts "
    "as chance. Raw maps of n networks are averaged, then brought into the view (relu for layer methods, else signed); "
    "values are means over subsets of n networks and over images. Bars: 95% intervals for new networks and new images "
    "(jackknife and bootstrap). Dotted: a map that knows nothing."
)

NOISE = (
    "**Low noise is not correctness.** The corrected SNR r says how far networks agree, not that they are right: "
    "averaging takes away what differs between networks and keeps what they share, also where all of them look at the "
    "wrong place. So both stand here: r of a single network's map, and where averaging moves the map (p of no gain, "
    "Holm over all rows of a measure; undecided: above 0.05)."
)


def localization_panel(studies: Sequence[Study]) -> Panel:
    """Return the panel of one or more studies on data with masks.

    Of a method with the view relu that view is shown, as people look at such maps; of the others signed maps.

    Raises:
        UsageError: if the data set of a study has no masks, or nothing was computed.
    """
    rows = [row for study in studies for row in _shown(study)]
    points = [point for row in rows for point in _points(row)]
    return Panel(
        name="localization",
        figure=localization_figure(points),
        data=_table(points),
        caption=_caption(studies, rows),
        facts={"rows": [{name: value for name, value in row.items() if name != "curve"} for row in rows]},
    )


def _shown(study: Study) -> Iterator[Row]:
    """Yield the rows of one view of each method, with its SNR; p-values stay corrected for all views."""
    rows = localization_rows(study)
    cells = {(cell["architecture"], cell["method"], cell["view"]): cell for cell in study.done}
    rectified = {(row["architecture"], row["method"]) for row in rows if row["view"] == "relu"}
    dataset = study.result["dataset"]["asked"]
    for row in rows:
        key = row["architecture"], row["method"]
        if row["view"] == ("relu" if key in rectified else "signed"):
            snr = cells[(*key, row["view"])]["figures"]["estimates"]["snr"]
            about = {"dataset": dataset, "networks": f"{dataset}, {row['architecture']}"}
            yield {**row, **about, "snr": snr["value"], "snr_interval": snr["interval"]}


def _points(row: Row) -> Iterator[dict[str, Any]]:
    names = ("networks", "dataset", "architecture", "method", "view", "measure", "images", "chance")
    for point in row["curve"]:
        interval = point["interval"] or {"low": None, "high": None}
        yield {name: row[name] for name in names} | {
            "members": point["members"],
            "value": number(point["value"]),
            "low": None if interval["low"] is None else number(interval["low"]),
            "high": None if interval["high"] is None else number(interval["high"]),
        }


def _table(points: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    data = pd.DataFrame(points).drop(columns="networks")
    return data.astype({"value": float, "low": float, "high": float})


def _caption(studies: Sequence[Study], rows: Sequence[Row]) -> str:
    meanings = "; ".join(f"*{TITLES[name]}*: {meaning}" for name, meaning in MEANINGS.items())
    return "\n\n".join([WHAT.format(meanings=meanings), NOISE, "\n".join(_lines(rows)), provenance(studies)])


def _lines(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a Markdown table: a line for each network, method and measure."""
    yield "| networks | method, view | r [95%] | measure | chance | one | mean of all | gain [95%] | p | maps move |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        cells = (
            f"{row['dataset']}, {row['architecture']}",
            f"{row['method']}, {row['view']}",
            _with_interval(row["snr"], row["snr_interval"]),
            TITLES[row["measure"]],
            format_number(row["chance"]),
            format_number(row["single"]),
            format_number(row["marginal"]),
            _with_interval(row["gain"], row["interval"]),
            p_text(row["p_holm"]),
            ANSWERS[row["nearer"]],
        )
        yield f"| {' | '.join(cells)} |"


def _with_interval(value: float | str | None, interval: Mapping[str, Any] | None) -> str:
    bounds = interval or {"low": None, "high": None}
    return with_interval(value, bounds["low"], bounds["high"])
