"""The picture of `saliencynoise frontier`: each strategy's squared cosine with the true mean map, and its price."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.analyses.frontier.run import RESULT, load_frontier
from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.saving import drawn
from saliencynoise.display.figures.style import (
    GREY,
    LONGEST,
    blank,
    legend_below,
    shortened,
    small_multiples,
    styles,
    two_lines,
)
from saliencynoise.display.numbers import format_number
from saliencynoise.interfaces import UsageError
from saliencynoise.records.numbers import number
from saliencynoise.store.atomic import write_bytes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saliencynoise.engine.study import Study

FrontierPanel = tuple[Mapping[str, Any], Sequence[Any]]
"""A reference, and its rows that have both a price and a fidelity."""

TITLE = "Fidelity and price of each strategy"
CAPTION = (
    "Across: seconds to make the members of an average and their maps, divided by those of one retrained network. Up: "
    "squared cosine of the average with the true mean map, with 95% intervals. Dashed: averages of retrained networks; "
    "a strategy above this line is cheaper than retraining. Numbers: members averaged."
)

PLOT = "frontier.png"
PANEL = (4.8, 4.0)
"""Size of a panel in inches."""


def captioned(document: Mapping[str, Any]) -> CaptionedFigure:
    """Return the figure of a frontier's result, with its texts.

    Raises:
        UsageError: no strategy has both a price and a fidelity.
    """
    frame = data(document)
    return CaptionedFigure(
        name="frontier", title=TITLE, caption=CAPTION, alt=alt(frame), figure=draw(document), data=frame
    )


def alt(frame: pd.DataFrame) -> str:
    """Return the alternative text of the figure of a table."""
    known = frame[frame["networks"].map(math.isfinite)].sort_values("networks", ascending=False, kind="stable")
    best = next(iter(known.to_dict("records")), None)
    largest = (
        "No strategy equals a finite number of retrained networks."
        if best is None
        else f"The best average, of {best['members']} members of {shortened(str(best['sampler']), LONGEST)}, "
        f"{shortened(str(best['method']), LONGEST)}, equals {format_number(best['networks'])} retrained networks."
    )
    return f"A panel for each architecture and method: squared cosine with the true mean map against price. {largest}"


def document_of(study: Study, folder: str | Path | None = None) -> dict[str, Any]:
    """Return the result of the frontier in a folder, or of that which a study belongs to.

    Raises:
        UsageError: there is none.
    """
    if folder is not None:
        return load_frontier(folder)
    document = frontier_of(study)
    if document is None:
        raise UsageError(
            f"{study.folder} belongs to no frontier; run 'saliencynoise frontier' with its data, architectures and "
            "methods, and name the folder of that"
        )
    return document


def frontier_of(study: Study) -> dict[str, Any] | None:
    """Return the result of the frontier that a study is a run of; None if it belongs to none."""
    folder = study.folder.parent
    if not (folder / RESULT).is_file():
        return None
    document = load_frontier(folder)
    runs = {Path(run).name for run in document.get("runs", {}).values()}
    return document if study.folder.resolve().name in runs else None


def data(document: Mapping[str, Any]) -> pd.DataFrame:
    """Return the rows of a frontier's result.

    `networks` is the number of retrained networks whose average is as near to the true mean map, with the interval
    `low` to `high`.
    """
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    rows: list[dict[str, Any]] = []
    for row in document["rows"]:
        names = ("architecture", "method", "sampler", "aggregator", "members", "status", "reason", "price")
        fidelity = row.get("fidelity") or {}
        ends = fidelity.get("interval") or {}
        values = {"fidelity_squared": fidelity.get("fidelity_squared"), "networks": fidelity.get("networks")}
        values |= {"low": ends.get("low"), "high": ends.get("high")}
        rows.append({name: row.get(name) for name in names} | {name: number(value) for name, value in values.items()})
    return pd.DataFrame(rows)


def draw(document: Mapping[str, Any]) -> Figure:
    """Draw a frontier's result, a panel for each architecture and method, a colour and marker for each strategy.

    Across: seconds to make an average's members and maps, over those of one retrained network. Up: the average's
    squared cosine with the true mean map, with 95% intervals. Dashed: retrained networks, n r / (1 + n r). Points
    above it are cheaper than retraining. Numbers are of the members averaged.

    Raises:
        UsageError: no strategy has both a price and a fidelity.
    """
    panels = _panels(document)
    if not panels:
        raise UsageError("no strategy of this frontier has both a price and a fidelity; 'saliencynoise show' says why")
    return _figure(panels)


def save_plot(document: Mapping[str, Any], folder: Path) -> Path | None:
    """Draw a frontier, a panel for each architecture and method, into its folder; None where nothing can be drawn.

    Raises:
        UsageError: if the folder cannot be written.
    """
    if not drawable(document):
        return None
    write_bytes(folder / PLOT, drawn(draw(document), "png"))
    return folder / PLOT


def drawable(document: Mapping[str, Any]) -> bool:
    """Whether any strategy has both a price and a fidelity."""
    return bool(_panels(document))


def bar_ends(row: Mapping[str, Any], snr: float) -> tuple[float, float]:
    """Return the ends of a strategy's interval as squared cosines: n r / (1 + n r) at the ends of `networks`.

    >>> bar_ends({"fidelity": {"interval": {"low": 1.0, "high": "inf"}}}, snr=1.0)
    (0.5, 1.0)
    """
    interval = row["fidelity"]["interval"]
    return _cosine(number(interval["low"]), snr), _cosine(number(interval["high"]), snr)


def _cosine(networks: float, snr: float) -> float:
    if networks == float("inf"):
        return 1.0
    return max(0.0, networks) * snr / (1 + max(0.0, networks) * snr)


def _points(document: Mapping[str, Any], panel: Mapping[str, Any]) -> list[Any]:
    """Return a panel's rows that have both a price and a fidelity."""
    return [
        row
        for row in document["rows"]
        if (row["architecture"], row["method"]) == (panel["architecture"], panel["method"])
        and row["status"] == "ok"
        and row["price"] is not None
        and row["fidelity"]["interval"] is not None
    ]


def _panels(document: Mapping[str, Any]) -> list[FrontierPanel]:
    panels = [
        (reference, _points(document, reference)) for reference in document["references"] if reference["status"] == "ok"
    ]
    return [(reference, points) for reference, points in panels if points]


def _figure(panels: Sequence[FrontierPanel]) -> Figure:
    looks = styles(_name(row) for _, points in panels for row in points)
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    figure = blank(PANEL[0] * max(columns, 1.4), PANEL[1] * rows + 0.6)
    axes = small_multiples(figure, len(panels), columns=columns)
    for axis, (panel, points) in zip(axes, panels, strict=True):
        _draw_panel(axis, panel, points, looks)
    legend_below(figure, axes)
    figure.draw_without_rendering()  # settles where points lie, and so where there is room beside them
    for axis, (_, points) in zip(axes, panels, strict=True):
        _label(axis, points, {name: colour for name, (colour, _) in looks.items()})
    return figure


def _draw_panel(
    axis: Axes,
    panel: Mapping[str, Any],
    points: Sequence[Any],
    looks: Mapping[str, tuple[str, str]],
) -> None:
    snr = number(panel["snr"])
    prices = [row["price"] for row in points]
    curve = [min(prices) * (max(prices) / min(prices)) ** (step / 64) for step in range(65)]
    axis.plot(curve, [_cosine(n, snr) for n in curve], "--", color=GREY, label="n r / (1 + n r): retraining")
    for name, same_name in groupby(points, key=_name):
        rows = list(same_name)
        colour, marker = looks[name]
        x, y = [row["price"] for row in rows], [number(row["fidelity"]["fidelity_squared"]) for row in rows]
        ends = [bar_ends(row, snr) for row in rows]
        bars = [[max(0.0, v - low) for v, (low, _) in zip(y, ends, strict=True)]]
        bars.append([max(0.0, high - v) for v, (_, high) in zip(y, ends, strict=True)])
        axis.errorbar(x, y, bars, color=colour, marker=marker, ms=5, lw=1.2, elinewidth=0.7, capsize=2, label=name)
    axis.set_xscale("log", base=2)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    title = two_lines(f"{shortened(panel['architecture'], 40)}, {shortened(panel['method'], 40)}", longest=44)
    axis.set_title(title, fontsize=10)
    axis.set_xlabel("price, in retrained networks")
    axis.set_ylabel("cos² with the true mean map")
    axis.grid(alpha=0.3)


def _label(axis: Axes, points: Sequence[Any], colours: Mapping[str, str]) -> None:
    """Write n beside each point, in a free spot; a point without room has no label."""
    from matplotlib.patheffects import withStroke  # noqa: PLC0415 - as above

    positions = [(row["price"], number(row["fidelity"]["fidelity_squared"])) for row in points]
    taken = [tuple(position) for position in axis.transData.transform(positions).tolist()]
    for row, position, (x, y) in zip(points, positions, tuple(taken), strict=True):
        text = str(row["members"])
        for dx, dy in ((7, 9), (-7, 9), (7, -9), (-7, -9), (12, 0), (-12, 0)):
            if all(abs(x + dx - other[0]) > 8 or abs(y + dy - other[1]) > 8 for other in taken):
                taken.append((x + dx, y + dy))
                offset = (dx * 0.72, dy * 0.72)  # points, of which an inch has 72, for its 100 dots
                label = axis.annotate(
                    text, position, offset, textcoords="offset points", ha="center", va="center", size=8
                )
                label.set_color(colours[_name(row)])
                label.set_path_effects([withStroke(linewidth=2, foreground="white")])
                break


def _name(row: Mapping[str, Any]) -> str:
    aggregator = row["aggregator"]
    return str(row["sampler"]) if aggregator == "mean" else f"{row['sampler']}, {aggregator}"
