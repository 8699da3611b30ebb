"""The SNR of every method and architecture as bars: published and corrected, with intervals and noise floors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.room import OWN, Room, root_of
from saliencynoise.display.figures.style import (
    BAD,
    GREY,
    NORMAL,
    SMALL,
    cut_to,
    error_bars,
    legend_height,
    styles,
    width_of,
)
from saliencynoise.display.numbers import format_number, with_interval
from saliencynoise.engine.study_cells import chosen_cells, names_of, snr_of
from saliencynoise.report.figures import texts

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saliencynoise.engine.study import Study
    from saliencynoise.records.cell import Cell

TITLE = "SNR of each method"
CAPTION = (
    "Left: published SNR, |mean| / sd over members, averaged over pixels and images. Thick line: its noise floor. "
    "Right: r = c / (1 - c), with c the mean cosine between two members' maps; pure noise has 0. Hollow: r of a "
    "stochastic method without its sampling noise. Thin lines: 95% intervals. Methods are in the order of r."
)

SKEWED = 10.0
"""Above this ratio of a panel's largest value to its lower quartile, the axis is logarithmic except near zero."""

SHARE = 0.8
"""Share of a row's height that the bars of all architectures take."""

BEYOND = 1.5
"""A linear axis ends at most this many times the span of the values, since some intervals are far wider."""

MARKS = ("networks alone", "noise floor")

NARROW = 0.3
"""Share of a row below which marks are small."""

PREFIX = {"published SNR": "published_", "SNR": ""}
"""Prefix of the columns that belong to a panel."""

COLUMN = {"published SNR": "published", "SNR": "r"}
"""Column of the value of each panel."""

PANELS = tuple(COLUMN)
"""The panels, by their titles."""

STACKED = 5.0
"""Inches below which the panels are below each other."""


def captioned(study: Study) -> CaptionedFigure:
    """Return the figure of all methods and architectures in the signed view, with its texts."""
    frame = data(study)
    return CaptionedFigure(
        name="bars",
        title=TITLE,
        caption=CAPTION,
        alt=alt(frame),
        notes=[texts.basis(study), texts.intervals(frame)],
        figure=draw(frame),
        data=frame,
    )


def alt(frame: pd.DataFrame) -> str:
    """Return the alternative text of the figure of a table."""
    above = int((frame["low"] > frame["floor"]).sum())
    return (
        f"Bars of the published SNR and of r. {texts.extremes(frame, 'r', of='r', interval=('low', 'high'))} The "
        f"interval of r is above the noise floor in {above} of {int(frame['floor'].notna().sum())} cases."
        f"{texts.failed(frame)}"
    )


def data(
    study: Study,
    *,
    methods: Sequence[str] | None = None,
    architectures: Sequence[str] | None = None,
    views: Sequence[str] = ("signed",),
) -> pd.DataFrame:
    """Return a row per architecture, method and view: published SNR and r, each with its interval and floor.

    `network` is r of the networks alone for a stochastic method, and NaN for any other. A cell that failed has no
    numbers.

    Args:
        study: with its cells.
        methods: labels; None for all.
        architectures: labels; None for all.
        views: names of views; in "relu" pure noise has an r of 0.47.

    Raises:
        UsageError: the study has no such method, architecture or view.
    """
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    cells = chosen_cells(study, architectures=architectures, methods=methods, views=views)
    return pd.DataFrame([_row(cell) for cell in cells])


def _row(cell: Cell) -> dict[str, Any]:
    figures = cell.figures
    row = names_of(cell) | {"view": cell.view} | snr_of(figures)
    pixel = None if figures is None else figures.estimates.snr_pixel
    network = None if figures is None or cell.draws == 1 else figures.estimates.snr_network
    for name, estimate in (("published", pixel), ("network", network)):
        interval = None if estimate is None else estimate.interval
        ends = (math.nan, math.nan) if interval is None else (interval.low, interval.high)
        row[name] = math.nan if estimate is None else estimate.value
        row[f"{name}_low"], row[f"{name}_high"] = ends
    row["published_floor"] = math.nan if pixel is None else pixel.floor
    return row


def draw(frame: pd.DataFrame, *, columns: Sequence[str] = PANELS, room: Room = OWN) -> Figure:
    """Draw a table: a row per method, the published SNR on the left, the corrected SNR on the right.

    Methods are in the order of the SNR, by its median over architectures; each architecture has its colour and marker.
    A thin line beside a bar is its 95% interval, a short thick one across it its noise floor; a hollow mark is the SNR
    of the networks alone. A failed cell shows its reason. An arrow marks an interval that extends beyond the axis. In a
    narrow figure the panels are below each other.

    Args:
        frame: from `data`.
        columns: some of `PANELS`.
        room: where it is drawn.
    """
    rows = _order(frame)
    looks = styles(frame["architecture"].unique())
    stacked = room.across < STACKED or room.given
    lines = len(columns) if stacked else 1
    slot = max(0.2 if stacked else 0.26, 0.13 * len(looks))
    height = lines * (0.55 + slot * len(rows)) + 0.1 + legend_height([*looks, *MARKS], room.across)
    figure = room.begin(height)
    across = 1 if stacked else len(columns)
    # not in layout, so the same room for all rows: the values beside the axes
    panels = room.panels(figure, len(columns), columns=across, names=", ".join(columns), sharey=True)
    beside = min(2.4, (0.36 if stacked else 0.2) * room.across)
    inches = (room.across - beside) / across - 0.15
    for axes, name in zip(panels, columns, strict=True):
        axes.set_yticks(range(len(rows)), [_label(*row, inches=beside) for row in rows], fontsize=SMALL)
        axes.set_ylim(len(rows) - 0.5, -0.5)
        _draw_panel(axes, frame, rows, looks, name=name, inches=inches)
        axes.set_title(name, fontsize=NORMAL)
    room.legend(figure, panels)
    return root_of(figure)


def _order(frame: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the methods and views, the largest r first."""
    medians = frame["r"].groupby([frame["method"], frame["view"]], sort=False).median()
    return list(medians.sort_values(kind="stable", na_position="last", ascending=False).index)


def _label(method: str, view: str, *, inches: float) -> str:
    return cut_to(method if view == "signed" else f"{method}, {view}", inches)


def _draw_panel(
    axes: Axes, frame: pd.DataFrame, rows: Sequence[tuple[str, str]], looks: dict[str, tuple[str, str]], *, name: str,
    inches: float,
) -> None:  # fmt: skip
    axes.tick_params(labelsize=SMALL)
    axes.grid(axis="x", alpha=0.3)
    axes.axvline(0, color=GREY, linewidth=0.8)
    low, high = _scale(axes, frame, name)
    height = SHARE / len(looks)
    for index, (label, look) in enumerate(looks.items()):
        rows_drawn = frame[frame["architecture"] == label]
        keys = zip(rows_drawn["method"], rows_drawn["view"], strict=True)
        rows_drawn = rows_drawn.assign(y=[rows.index(key) - SHARE / 2 + height * (index + 0.5) for key in keys])
        _draw_bars(axes, rows_drawn, look, height=height, name=name, label=label)
        if name == "SNR":
            _draw_networks(axes, rows_drawn, look, height=height)
        for row in rows_drawn.itertuples():
            _write_value(axes, row, look, name=name, single=len(looks) == 1, inches=inches)
        for edge, arrow, out in (
            (high, ">", rows_drawn[f"{PREFIX[name]}high"] > high),
            (low, "<", rows_drawn[f"{PREFIX[name]}low"] < low),
        ):
            axes.scatter(
                [edge] * int(out.sum()),
                rows_drawn["y"][out],
                s=12,
                marker=arrow,
                color=look[0],
                clip_on=False,
                zorder=6,
            )
    axes.set_xlim(low, high)


def _draw_bars(axes: Axes, frame: pd.DataFrame, look: tuple[str, str], *, height: float, name: str, label: str) -> None:
    """Draw one architecture's bars with their intervals and floors."""
    colour, marker = look
    low, high, floor = (f"{PREFIX[name]}{end}" for end in ("low", "high", "floor"))
    value = COLUMN[name]
    measured = _finite(frame, value)
    if not len(measured):
        return
    bars = error_bars(measured[value].tolist(), measured[low].tolist(), measured[high].tolist())
    size = 4.5 if height > NARROW else 3
    axes.barh(measured["y"], measured[value], height * 0.8, color=colour, alpha=0.3, lw=0)
    axes.errorbar(
        measured[value], measured["y"], xerr=bars, fmt=marker, ms=size, color=colour, elinewidth=1, capsize=size / 3,
        label=label,
    )  # fmt: skip
    floors = _finite(measured, floor)
    if not len(floors):
        return
    axes.vlines(
        floors[floor], floors["y"] - height * 0.46, floors["y"] + height * 0.46, color="black", lw=size / 2.2, zorder=4,
        label=MARKS[1],
    )  # fmt: skip


def _finite(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    return frame[frame[name].map(math.isfinite).astype(bool)]  # an empty one, too


def _draw_networks(axes: Axes, frame: pd.DataFrame, look: tuple[str, str], *, height: float) -> None:
    """Draw r of the networks alone, of the methods that draw random numbers."""
    networks_alone = _finite(frame, "network")
    if not len(networks_alone):
        return
    ends = error_bars(*(networks_alone[f"network{end}"].tolist() for end in ("", "_low", "_high")))
    axes.errorbar(
        networks_alone["network"], networks_alone["y"] + height * 0.27, xerr=ends, fmt="D", mfc="white", color=look[0],
        ms=4 if height > NARROW else 2.5, mew=0.9, elinewidth=0.7, zorder=5, label=MARKS[0],
    )  # fmt: skip


def _write_value(axes: Axes, row: Any, look: tuple[str, str], *, name: str, single: bool, inches: float) -> None:
    """Write a bar's number beside the axes of one architecture, or the reason for a missing bar into the axes."""
    value = getattr(row, COLUMN[name])
    has_bar = math.isfinite(value)
    if has_bar and not single:
        return
    if has_bar:
        label = with_interval(value, *(getattr(row, f"{PREFIX[name]}{end}") for end in ("low", "high")))
    elif row.status == "failed":
        label = cut_to(f"failed: {row.reason}", inches - width_of("0.00 [0.00, 0.00]") - 0.2)
    else:
        label = "undefined" if math.isnan(value) else format_number(value)
    axes.annotate(
        label, (1 if has_bar else 0, row.y), xytext=(5, 0), xycoords=("axes fraction", "data"),
        textcoords="offset points", va="center", fontsize=SMALL,
        color="black" if has_bar else BAD if single else look[0], annotation_clip=False,
    )  # fmt: skip


def _scale(axes: Axes, frame: pd.DataFrame, name: str) -> tuple[float, float]:
    """Choose a linear or symmetric logarithmic axis; return its ends, which hold the bars but stay near values."""
    import numpy as np  # noqa: PLC0415 - as above

    value = COLUMN[name]
    values = [value, f"{PREFIX[name]}floor"] + (["network"] if name == "SNR" else [])
    ends = [f"{PREFIX[name]}low", f"{PREFIX[name]}high"] + (["network_low", "network_high"] if name == "SNR" else [])
    finite = frame[values + ends].astype(float).replace([np.inf, -np.inf], np.nan)
    if not finite[values].notna().any(axis=None):
        return 0.0, 1.0
    lowest, largest = min(0.0, float(np.nanmin(finite[values]))), max(0.0, float(np.nanmax(finite[values])))
    positive = finite[value][finite[value] > 0]
    usual = float(np.quantile(positive, 0.25, method="lower")) if len(positive) else 0.0
    if len(positive) and positive.max() > SKEWED * usual:  # on a linear axis the small ones would be pressed onto zero
        step = 10.0 ** math.floor(math.log10(max(usual, largest / 1e4)))
        axes.set_xscale("symlog", linthresh=step, linscale=0.6)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_xlabel(f"logarithmic beyond {step:g}", fontsize=SMALL)
        powers = (step * 10.0**power for power in range(8))
        axes.set_xticks([0.0, *(tick for tick in powers if tick <= 13 * largest)])
        axes.minorticks_off()
        low, high = max(float(np.nanmin(finite)), -10 * step), min(float(np.nanmax(finite)), 10 * largest)
        return min(1.5 * low, -0.1 * step), 1.3 * high
    span = max(largest - lowest, 1e-3)
    low, high = (
        max(float(np.nanmin(finite)), lowest - 0.4 * span),
        min(float(np.nanmax(finite)), lowest + BEYOND * span),
    )
    return min(low, 0.0) - 0.04 * span, high + 0.04 * span
