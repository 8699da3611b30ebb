"""Localisation against the number of averaged networks: a panel a measure, a line a method."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from saliencynoise.report.figures.style import COLOURS, MARKERS

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


def localization_figure(points: Sequence[Mapping[str, Any]]) -> Figure:
    """Return a figure with a row for each ensemble of networks and a column for each measure.

    Args:
        points: in the order of their lines: `networks` (what a row shows, in words), `method`, `measure`, `members`,
            `value`, `low`, `high` (None without an interval) and `chance`.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - a second to import; without pyplot, nothing is global

    rows = list(dict.fromkeys(str(point["networks"]) for point in points))
    methods = list(dict.fromkeys(str(point["method"]) for point in points))
    figure = Figure(figsize=(WIDTH * len(TITLES), HEIGHT * len(rows) + 0.5), layout="constrained")
    axes = figure.subplots(len(rows), len(TITLES), squeeze=False)
    for networks, row in zip(rows, axes, strict=True):
        for (measure, title), axis in zip(TITLES.items(), row, strict=True):
            own = [point for point in points if (point["networks"], point["measure"]) == (networks, measure)]
            _draw(axis, own, methods)
            axis.set_title(title, fontsize=10)
        row[0].set_ylabel(f"{networks}\nmean over images", fontsize=9)
    for axis in axes[-1]:
        axis.set_xlabel("networks averaged", fontsize=9)
    handles = {
        str(label): line for axis in axes.flat for line, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def _draw(axis: Axes, points: Sequence[Mapping[str, Any]], methods: Sequence[str]) -> None:
    axis.axhline(points[0]["chance"], ls=":", lw=1.2, color="#7F7F7F", label="chance")
    for method, own in groupby(points, key=lambda point: str(point["method"])):
        line, place = list(own), methods.index(method)
        shift = 2 ** (APART * (place - (len(methods) - 1) / 2))
        values = [point["value"] for point in line]
        ends = [[_distance(point, end) for point in line] for end in ("low", "high")]
        axis.errorbar(
            [point["members"] * shift for point in line],
            values,
            ends,
            color=COLOURS[place % len(COLOURS)],
            marker=MARKERS[place % len(MARKERS)],
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


def _distance(point: Mapping[str, Any], end: str) -> float:
    """Return the length of an error bar; none without an interval."""
    return 0.0 if point[end] is None else abs(float(point[end]) - float(point["value"]))
