"""The SNR of each class, with intervals, beside that of all images and the noise floor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.room import OWN, Room, root_of
from saliencynoise.display.figures.style import (
    GREY,
    NORMAL,
    SMALL,
    cut_to,
    error_bars,
    legend_height,
    styles,
    wrapped,
)
from saliencynoise.display.numbers import format_number
from saliencynoise.engine.study_cells import failures, names_of, signed_cells, snr_of
from saliencynoise.report.figures import texts

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

    from saliencynoise.engine.study import Study

TITLE = "SNR of each class"
CAPTION = (
    "Points: r of one network's map over the images of a class, with its 95% interval; an arrow marks an interval "
    "that ends beyond the axis. Hollow: a class of a single image, with an interval for new members only. Line and "
    "band: r of all images. Dashed: the noise floor, 0. Classes are ordered by their mean rank."
)

COLUMNS = 4
SKEWED = 10.0
"""Above this ratio of a panel's largest r to its median, the axis is logarithmic from 1."""

LINE = 0.17
"""Inches of a class in one architecture."""

LONGEST = 0.9
"""The most inches of a class's name."""

BEYOND = 1.5
"""An axis ends at most this many times the span of the values; the interval of a two-image class is far wider."""


def captioned(study: Study) -> CaptionedFigure | None:
    """Return the figure of all methods and architectures, with its texts; None where the images have no classes."""
    if not study.result.dataset.classes:
        return None
    frame = data(study)
    return CaptionedFigure(
        name="classes",
        title=TITLE,
        caption=CAPTION,
        alt=alt(frame),
        notes=[texts.basis(study), texts.intervals(frame)],
        figure=draw(frame),
        data=frame,
    )


def alt(frame: pd.DataFrame) -> str:
    """Return the alternative text of the figure of a table."""
    done = frame.dropna(subset=["place"])
    order = list(done.sort_values("place")["class"].unique())
    order_text = (
        f" By mean rank r is largest for class {order[0]} and smallest for {order[-1]}." if len(order) > 1 else ""
    )
    return f"A panel for each method with r of each class.{order_text}{_largest_spread(done)}{texts.failed(frame)}"


def _largest_spread(done: pd.DataFrame) -> str:
    """Return a sentence on the method whose classes differ most in r, after a space; empty if none differ."""
    spreads = [
        (_width(values), f"{method}{texts.on_architecture(architecture)}", values)
        for (architecture, method), values in done.groupby(["architecture", "method"], sort=False)["r"]
        if values.notna().any()
    ]
    if not spreads:
        return ""
    width, name, values = max(spreads, key=lambda spread: spread[0])
    return (
        f" Classes differ most for {name}: {format_number(values.min())} to {format_number(values.max())}."
        if width > 0
        else ""
    )


def _width(values: pd.Series[float]) -> float:
    """Return the range of values; 0 if all are infinite, as r is for maps that all members share.

    >>> import pandas as pd
    >>> [_width(pd.Series(values)) for values in ([2.0, 0.5], [math.inf, 0.5], [math.inf, math.inf])]
    [1.5, inf, 0.0]
    """
    low, high = values.min(), values.max()
    return 0.0 if low == high else float(high - low)


def draw(*tables: pd.DataFrame, room: Room = OWN) -> Figure:
    """Draw the tables of one or more studies below each other, each with the classes of its own data set."""
    heights = [_height(frame, room) for frame in tables]
    figure = room.begin(sum(heights))
    if len(tables) == 1:
        _draw_study(figure, tables[0], room)
        return root_of(figure)
    parts = figure.subfigures(len(tables), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, frame in zip(parts, tables, strict=True):
        _draw_study(part, frame, room, title=str(frame["dataset"].iloc[0]))
    return root_of(figure)


def data(
    study: Study, *, methods: Sequence[str] | None = None, architectures: Sequence[str] | None = None
) -> pd.DataFrame:  # fmt: skip
    """Return a row per architecture, method and class: r, its interval with its question, and r of all images.

    Classes are in the order of `place`: by their mean rank over all architectures and methods, the largest r first. A
    cell that failed has one row, without a class.

    Args:
        study: with its classes' figures.
        methods: labels; None for all.
        architectures: labels; None for all.

    Raises:
        UsageError: the study has no such method or architecture.
    """
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    rows: list[dict[str, Any]] = []
    for cell in signed_cells(study, architectures=architectures, methods=methods):
        names = names_of(cell)
        if cell.classes is None:
            rows.append({**names, "class": None})
            continue
        whole = {f"all_{key}": value for key, value in snr_of(cell.figures).items()}
        rows += [{**names, "class": label, **snr_of(figures), **whole} for label, figures in cell.classes.items()]
    frame = pd.DataFrame(rows)
    if "r" not in frame:
        return frame.assign(r=math.nan, place=math.nan)
    ranks = frame.groupby(["architecture", "method"])["r"].rank(ascending=False)
    means = ranks.groupby(frame["class"]).mean().sort_values(kind="stable")
    return frame.assign(place=frame["class"].map({label: index for index, label in enumerate(means.index)}))


def _draw_study(figure: FigureBase, frame: pd.DataFrame, room: Room, *, title: str = "") -> None:
    """Draw a table's classes, a panel for each method, a colour and marker for each architecture.

    Points: r of the images of a class; bars: its interval; hollow: a class of one image, whose interval is for new
    members only. Solid line and band: r of all images with its interval; dashed: the floor. Each panel has its own
    scale, which ends near the largest r: an arrow marks a bar that goes on, a triangle a point beyond the end.
    """
    methods = list(frame["method"].unique())
    looks = styles(frame["architecture"].unique())
    columns, inches = _columns(frame, room)
    axes = room.panels(figure, len(methods), columns=columns, names="methods", sharey=True)
    labels = _labels(frame)
    for panel, method in zip(axes, methods, strict=True):
        panel.set_yticks(range(len(labels)), labels, fontsize=SMALL)
        panel.set_ylim(max(len(labels), 1) - 0.5, -0.5)
        _draw_method(panel, frame[frame["method"] == method], looks, inches=inches)
    room.label_below(axes, "SNR", columns=columns)
    room.label_side(figure, axes, "class (images)")
    if title:
        figure.suptitle(title, fontsize=NORMAL, fontweight="bold")
    if len(looks) > 1:
        room.legend(figure, axes)


def _columns(frame: pd.DataFrame, room: Room) -> tuple[int, float]:
    """Return the number of panels side by side, and the inches of each."""
    rest = room.across - 0.35 - LONGEST
    columns = min(max(1, int(rest / 0.95)), COLUMNS, frame["method"].nunique())
    return columns, rest / columns - 0.1


def _height(frame: pd.DataFrame, room: Room) -> float:
    columns, inches = _columns(frame, room)
    rows = -(-frame["method"].nunique() // columns)
    lines = max(3, frame["class"].nunique()) * max(1.0, 0.7 * frame["architecture"].nunique())
    title = max(wrapped(str(name), inches - 0.06).count("\n") for name in frame["method"].unique())
    several = list(frame["architecture"].unique())
    legend = legend_height(several, room.across) if len(several) > 1 else 0.0
    return float(rows * (LINE * lines + 0.42 + 0.15 * title) + 0.25 + legend)


def _labels(frame: pd.DataFrame) -> list[str]:
    """Return the classes in order, each with its number of images."""
    counted = frame.dropna(subset=["place"]).drop_duplicates("class").sort_values("place")
    return [
        f"{cut_to(str(label), LONGEST - 0.25)} ({int(images)})"
        for label, images in zip(counted["class"], counted.get("images", ()), strict=True)
    ]


def _draw_method(axes: Axes, frame: pd.DataFrame, looks: dict[str, tuple[str, str]], *, inches: float) -> None:
    axes.tick_params(labelsize=SMALL)
    axes.locator_params(axis="x", nbins=max(2, int(2.5 * inches)), prune="both")
    axes.grid(axis="x", alpha=0.3)
    done = frame[frame["status"] == "ok"]
    title = wrapped(str(frame["method"].iloc[0]), inches - 0.06)
    if not len(done):
        message = wrapped("; ".join(failures(frame)), inches - 0.1, lines=8)
        axes.text(0.5, 0.5, message, ha="center", va="center", fontsize=SMALL, transform=axes.transAxes)
        axes.set_title(title, fontsize=SMALL)
        axes.set_xticks([])
        return
    failed = ", ".join(frame[frame["status"] != "ok"]["architecture"])
    axes.set_title(f"{title}\n{wrapped(f'({failed} failed)', inches, lines=2)}" if failed else title, fontsize=NORMAL)
    low, high = _limits(done)
    names = list(looks)
    for name, rows in done.groupby("architecture", sort=False):
        offset = 0.7 * ((names.index(str(name)) + 0.5) / len(names) - 0.5)
        _draw_points(axes, rows, limits=(low, high), offset=offset, look=looks[str(name)], label=str(name))
    axes.axvline(done["floor"].iloc[0], linestyle="--", color=GREY, linewidth=1)
    if done["r"].max() > SKEWED * done["r"].median() > 0:  # a scale in r itself would press all others onto zero
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xticks([tick for tick in (0, 1, 10, 100, 1000) if low <= tick <= 0.8 * high])
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_xlim(low, high)


def _limits(done: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of an axis, which hold the bars but stay near the values."""
    import numpy as np  # noqa: PLC0415 - as above

    finite = done[["r", "low", "high", "floor", "all_r"]].replace([np.inf, -np.inf], np.nan)
    values = finite[["r", "floor", "all_r"]]
    lowest, largest = float(np.nanmin(values)), float(np.nanmax(values))
    span = max(largest - lowest, 1e-3)
    low = max(float(np.nanmin(finite)), lowest - 0.4 * span)
    high = min(float(np.nanmax(finite)), lowest + BEYOND * span)
    return low - 0.05 * span, high + 0.05 * span


def _draw_points(
    axes: Axes,
    rows: pd.DataFrame,
    *,
    limits: tuple[float, float],
    offset: float,
    look: tuple[str, str],
    label: str,
) -> None:
    colour, marker = look
    whole = rows.iloc[0]
    if whole["all_low"] < whole["all_high"]:  # not where either is NaN
        axes.axvspan(max(whole["all_low"], limits[0]), min(whole["all_high"], limits[1]), color=colour, alpha=0.1, lw=0)
    axes.axvline(whole["all_r"], color=colour, linewidth=1)
    rows = rows.dropna(subset=["r"])
    x = rows["r"].clip(*limits)
    y = rows["place"] + offset
    bars = error_bars(x.tolist(), rows["low"].clip(*limits).tolist(), rows["high"].clip(*limits).tolist())
    axes.errorbar(x, y, xerr=bars, fmt="none", ecolor=colour, elinewidth=1, zorder=2)
    single = rows["images"] == 1
    beyond = rows["r"] > limits[1]
    faces = ["white" if alone else colour for alone in single]
    inside = ~beyond
    axes.scatter(
        x[inside], y[inside], s=22, marker=marker, edgecolors=colour, zorder=3, label=label,
        c=[face for face, shown in zip(faces, inside, strict=True) if shown],
    )  # fmt: skip
    arrows = {">": beyond | (rows["high"] > limits[1]), "<": rows["low"] < limits[0]}
    for arrow, out in arrows.items():
        edge = limits[1] if arrow == ">" else limits[0]
        axes.scatter([edge] * int(out.sum()), y[out], s=14, marker=arrow, color=colour, clip_on=False, zorder=3)
