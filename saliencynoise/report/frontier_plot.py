"""The picture of `saliencynoise frontier`: how near each strategy comes to the true mean map, and at what price."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.bench.study import number
from saliencynoise.store.atomic import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLOT = "frontier.png"
COLOURS = ("#000000", "#E69F00", "#0072B2", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#7F7F7F")
"""Okabe and Ito's, which people who confuse red and green tell apart; markers differ, too."""

MARKERS = "osD^vPX*"
PANEL = (4.8, 4.0)
"""Inches of a panel, at 100 dots each."""


def save_plot(document: Mapping[str, Any], folder: Path) -> Path | None:
    """Draw a frontier, a panel for each architecture and method, into its folder; None where nothing can be drawn.

    Raises:
        UsageError: if the folder cannot be written.
    """
    panels = [(own, _points(document, own)) for own in document["references"] if own["status"] == "ok"]
    panels = [(own, points) for own, points in panels if points]
    if not panels:
        return None
    buffer = io.BytesIO()
    _figure(panels).savefig(buffer, format="png", dpi=100)
    write_bytes(folder / PLOT, buffer.getvalue())
    return folder / PLOT


def bar_ends(row: Mapping[str, Any], snr: float) -> tuple[float, float]:
    """Return the ends of a strategy's interval as squared cosines: n r / (1 + n r) of those of its worth.

    >>> bar_ends({"fidelity": {"interval": {"low": 1.0, "high": "inf"}}}, snr=1.0)
    (0.5, 1.0)
    """
    interval = row["fidelity"]["interval"]
    return _cosine(number(interval["low"]), snr), _cosine(number(interval["high"]), snr)


def _cosine(networks: float, snr: float) -> float:
    if networks == float("inf"):
        return 1.0
    return max(0.0, networks) * snr / (1 + max(0.0, networks) * snr)


def _points(document: Mapping[str, Any], panel: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return a panel's rows that have both a price and a worth."""
    return [
        row
        for row in document["rows"]
        if (row["architecture"], row["method"]) == (panel["architecture"], panel["method"])
        and row["status"] == "ok"
        and row["price"] is not None
        and row["fidelity"]["interval"] is not None
    ]


def _figure(panels: Sequence[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]) -> Figure:
    from matplotlib.figure import Figure  # noqa: PLC0415 - a second to import; without pyplot, nothing is global

    names = list(dict.fromkeys(_name(row) for _, points in panels for row in points))
    styles = {name: (COLOURS[at % len(COLOURS)], MARKERS[at % len(MARKERS)]) for at, name in enumerate(names)}
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(PANEL[0] * max(columns, 1.4), PANEL[1] * rows + 0.6), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).flatten()
    for axis, (panel, points) in zip(axes, panels, strict=False):
        _draw(axis, panel, points, styles)
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    handles: dict[str, Any] = {}
    for axis in axes:
        lines, labels = axis.get_legend_handles_labels()
        handles |= dict(zip(labels, lines, strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    figure.draw_without_rendering()  # settles where points lie, and so where there is room beside them
    for axis, (_, points) in zip(axes, panels, strict=False):
        _label(axis, points, {name: colour for name, (colour, _) in styles.items()})
    return figure


def _draw(
    axis: Axes,
    panel: Mapping[str, Any],
    points: Sequence[Mapping[str, Any]],
    styles: Mapping[str, tuple[str, str]],
) -> None:
    snr = number(panel["snr"])
    prices = [row["price"] for row in points]
    curve = [min(prices) * (max(prices) / min(prices)) ** (step / 64) for step in range(65)]
    axis.plot(curve, [_cosine(n, snr) for n in curve], "--", color="#7F7F7F", label="n r / (1 + n r): retraining")
    for name, own in groupby(points, key=_name):
        rows = list(own)
        colour, marker = styles[name]
        x, y = [row["price"] for row in rows], [number(row["fidelity"]["fidelity_squared"]) for row in rows]
        ends = [bar_ends(row, snr) for row in rows]
        bars = [[max(0.0, v - low) for v, (low, _) in zip(y, ends, strict=True)]]
        bars.append([max(0.0, high - v) for v, (_, high) in zip(y, ends, strict=True)])
        axis.errorbar(x, y, bars, color=colour, marker=marker, ms=5, lw=1.2, elinewidth=0.7, capsize=2, label=name)
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_title(f"{panel['architecture']}, {panel['method']}", fontsize=10)
    axis.set_xlabel("price, in networks trained anew")
    axis.set_ylabel("cos² with the true mean map")
    axis.grid(alpha=0.3)


def _label(axis: Axes, points: Sequence[Mapping[str, Any]], colours: Mapping[str, str]) -> None:
    """Write n beside each point, where no other point or label is; nowhere if there is no room."""
    from matplotlib.patheffects import withStroke  # noqa: PLC0415 - as above

    places = [(row["price"], number(row["fidelity"]["fidelity_squared"])) for row in points]
    taken = [tuple(place) for place in axis.transData.transform(places).tolist()]
    for row, place, (x, y) in zip(points, places, tuple(taken), strict=True):
        text = str(row["members"])
        for dx, dy in ((7, 9), (-7, 9), (7, -9), (-7, -9), (12, 0), (-12, 0)):
            if all(abs(x + dx - other[0]) > 8 or abs(y + dy - other[1]) > 8 for other in taken):
                taken.append((x + dx, y + dy))
                offset = (dx * 0.72, dy * 0.72)  # points, of which an inch has 72, for its 100 dots
                label = axis.annotate(text, place, offset, textcoords="offset points", ha="center", va="center", size=8)
                label.set_color(colours[_name(row)])
                label.set_path_effects([withStroke(linewidth=2, foreground="white")])
                break


def _name(row: Mapping[str, Any]) -> str:
    aggregator = row["aggregator"]
    return str(row["sampler"]) if aggregator == "mean" else f"{row['sampler']}, {aggregator}"
