"""Localisation against the number of averaged networks: a panel a measure, a line a method."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.style import GREY, blank, error_bars, legend_below, styles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLES: Mapping[str, str] = {
    "mass": "relevance mass",
    "rank": "relevance rank",
    "pointing": "pointing game",
    "auc": "area under the ROC curve",
}
WIDTH, HEIGHT = 3.0, 2.9
"""Inches of a panel."""

APART = 0.07
"""Factor between the places of two methods at one number of networks, so that their intervals stand side by side."""


def localization_figure(points: Sequence[Any]) -> Figure:
    """Return a figure with a row for each ensemble of networks and a column for each measure.

    Args:
        points: in the order of their lines: `networks` (what a row shows, in words), `method`, `measure`, `members`,
            `value`, `low`, `high` (None without an interval) and `chance`.
    """
    rows = list(dict.fromkeys(str(point["networks"]) for point in points))
    methods = list(dict.fromkeys(str(point["method"]) for point in points))
    looks = styles(methods)
    figure = blank(WIDTH * len(TITLES), HEIGHT * len(rows) + 0.5)
    axes = figure.subplots(len(rows), len(TITLES), squeeze=False)
    for networks, row in zip(rows, axes, strict=True):
        for (measure, title), axis in zip(TITLES.items(), row, strict=True):
            selected = [point for point in points if (point["networks"], point["measure"]) == (networks, measure)]
            _draw(axis, selected, looks)
            axis.set_title(title, fontsize=10)
        row[0].set_ylabel(f"{networks}\nmean over images", fontsize=9)
    for axis in axes[-1]:
        axis.set_xlabel("networks averaged", fontsize=9)
    legend_below(figure, axes.flatten().tolist())
    return figure


def _draw(axis: Axes, points: Sequence[Any], looks: Mapping[str, tuple[str, str]]) -> None:
    axis.axhline(points[0]["chance"], ls=":", lw=1.2, color=GREY, label="chance")
    for method, group in groupby(points, key=lambda point: str(point["method"])):
        line_points, index = list(group), list(looks).index(method)
        shift = 2 ** (APART * (index - (len(looks) - 1) / 2))
        values = [float(point["value"]) for point in line_points]
        low, high = (
            [math.nan if point[end] is None else point[end] for point in line_points] for end in ("low", "high")
        )
        colour, marker = looks[method]
        axis.errorbar(
            [point["members"] * shift for point in line_points],
            values,
            error_bars(values, low, high),
            color=colour,
            marker=marker,
            ms=4,
            lw=1.2,
            elinewidth=0.7,
            label=method,
        )
    counts = sorted({point["members"] for point in points})
    axis.set_xscale("log", base=2)
    axis.set_xticks(counts, [str(count) for count in counts])
    axis.minorticks_off()
    axis.tick_params(labelsize=8)
    axis.grid(alpha=0.3)
