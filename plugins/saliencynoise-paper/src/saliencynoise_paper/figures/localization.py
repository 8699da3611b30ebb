"""Localisation against the number of averaged networks: a panel per measure, a line per method."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.style import GREY, blank, error_bars, legend_below, styles
from saliencynoise.display.numbers import format_number
from saliencynoise.records.common import Interval, Number
from saliencynoise.report.localization import LocalizationRow

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Localisation against the number of averaged networks"
CAPTION = (
    "Agreement of maps with the mask of the pixels that cause the label. A column for each measure, a row for each "
    "ensemble. Points: means over images and over subsets of the members. Bars: 95% intervals for new members and new "
    "images, by jackknife and bootstrap. Dotted: chance, the value of a map without information."
)

MEASURES: Mapping[str, str] = {
    "mass": "relevance mass",
    "rank": "relevance rank",
    "pointing": "pointing game",
    "auc": "area under the ROC curve",
}
WIDTH, HEIGHT = 3.0, 2.9
"""Inches of a panel."""

APART = 0.07
"""Factor between the positions of two methods at one number of networks, so that their intervals do not overlap."""


class MaskRow(LocalizationRow, frozen=True, kw_only=True):
    """A measure of one ensemble's maps, with the data set, the label of the ensemble, and r of a single map."""

    dataset: str
    networks: str
    snr: Number
    snr_interval: Interval | None


def data(rows: Sequence[MaskRow]) -> pd.DataFrame:
    """Return a row for each measure and number of averaged networks."""
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    points = pd.DataFrame([point for row in rows for point in _points(row)])
    return points.astype({"value": float, "low": float, "high": float})


def _points(row: MaskRow) -> Iterator[dict[str, Any]]:
    names = ("networks", "dataset", "architecture", "method", "view", "measure", "images", "chance")
    for point in row.curve:
        low, high = (math.nan, math.nan) if point.interval is None else (point.interval.low, point.interval.high)
        yield {name: getattr(row, name) for name in names} | {
            "members": point.members,
            "value": point.value,
            "low": low,
            "high": high,
        }


def alt(points: pd.DataFrame) -> str:
    """Return the alternative text of the figure of a table."""
    last = points[points["members"] == points["members"].max()]
    best = last.loc[last.groupby("measure", sort=False)["value"].idxmax().dropna()]
    rows: list[Any] = list(best.itertuples())
    winners = "; ".join(f"{MEASURES[row.measure]} {format_number(row.value)} ({row.method})" for row in rows)
    return f"Curves of each measure against the number of averaged networks. Largest values of all members: {winners}."


def draw(frame: pd.DataFrame) -> Figure:
    """Return a figure with a row for each ensemble of networks and a column for each measure.

    Args:
        frame: in the order of its lines: `networks` (the label of a row), `method`, `measure`, `members`, `value`,
            `low`, `high` (NaN without an interval) and `chance`.
    """
    points: list[Any] = list(frame.itertuples())
    rows = list(dict.fromkeys(str(point.networks) for point in points))
    methods = list(dict.fromkeys(str(point.method) for point in points))
    looks = styles(methods)
    figure = blank(WIDTH * len(MEASURES), HEIGHT * len(rows) + 0.5)
    axes = figure.subplots(len(rows), len(MEASURES), squeeze=False)
    for networks, row in zip(rows, axes, strict=True):
        for (measure, title), axis in zip(MEASURES.items(), row, strict=True):
            selected = [point for point in points if (point.networks, point.measure) == (networks, measure)]
            _draw_panel(axis, selected, looks)
            axis.set_title(title, fontsize=10)
        row[0].set_ylabel(f"{networks}\nmean over images", fontsize=9)
    for axis in axes[-1]:
        axis.set_xlabel("networks averaged", fontsize=9)
    legend_below(figure, axes.flatten().tolist())
    return figure


def _draw_panel(axis: Axes, points: Sequence[Any], looks: Mapping[str, tuple[str, str]]) -> None:
    axis.axhline(points[0].chance, ls=":", lw=1.2, color=GREY, label="chance")
    for method, group in groupby(points, key=lambda point: str(point.method)):
        line_points, index = list(group), list(looks).index(method)
        shift = 2 ** (APART * (index - (len(looks) - 1) / 2))
        values = [float(point.value) for point in line_points]
        low, high = [point.low for point in line_points], [point.high for point in line_points]
        colour, marker = looks[method]
        axis.errorbar(
            [point.members * shift for point in line_points],
            values,
            error_bars(values, low, high),
            color=colour,
            marker=marker,
            ms=4,
            lw=1.2,
            elinewidth=0.7,
            label=method,
        )
    counts = sorted({point.members for point in points})
    axis.set_xscale("log", base=2)
    axis.set_xticks(counts, [str(count) for count in counts])
    axis.minorticks_off()
    axis.tick_params(labelsize=8)
    axis.grid(alpha=0.3)
