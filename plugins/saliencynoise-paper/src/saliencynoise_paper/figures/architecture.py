"""Figure of the SNR against variations of an architecture or its training, one panel per axis of variation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from saliencynoise.display.figures.style import SMALL, blank, error_bars, legend_below, small_multiples, styles
from saliencynoise.engine.study_cells import names_of, signed_cells, snr_of
from saliencynoise.interfaces import UsageError
from saliencynoise.records.numbers import number
from saliencynoise.report.figures import texts

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saliencynoise.engine.study import Study

Axis = Literal["depth", "width", "residual", "normalisation", "epochs"]
SCALES: tuple[Axis, ...] = ("depth", "width", "epochs")
"""The axes whose values are numbers, drawn and fitted on a logarithmic scale."""

TITLE = "SNR against the architecture and its training"
CAPTION = (
    "Each panel varies one property and keeps the others. Points: r = c / (1 - c), with c the mean cosine between two "
    "members' maps; pure noise has 0. Bars: 95% intervals for new members and new images. Below each value: the "
    "members' median test accuracy, with a star if a member was flagged."
)

TITLES = {
    "depth": "depth",
    "width": "width",
    "residual": "residual connections",
    "normalisation": "normalisation",
    "epochs": "epochs of training",
}
COLUMNS = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class Variation:
    """One network, or one way to train it, among others that differ from it in one respect.

    Attributes:
        axis: the property that varies.
        value: its value: a number above 0 for "depth", "width" and "epochs"; else a name.
        study: the study that measured the ensemble.
        architecture: its display name there.
    """

    axis: Axis
    value: float | str
    study: Study
    architecture: str


def data(variations: Sequence[Variation], *, methods: Sequence[str] | None = None) -> pd.DataFrame:
    """Return a row per axis, value and method: r with its interval, and the members' median accuracy.

    `place` is the position on the axis: the number itself, or the index of a name in the given order.

    Args:
        variations: variations of one or more axes, no value of an axis twice.
        methods: display names; None for all.

    Raises:
        UsageError: no variations, a value twice or not above 0, or no such architecture or method.
    """
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    check(variations)
    rows: list[dict[str, Any]] = []
    for axis in dict.fromkeys(variation.axis for variation in variations):
        for index, variation in enumerate(ordered(variations, axis)):
            keys = {
                "axis": axis,
                "value": str(variation.value),
                "place": float(variation.value) if axis in SCALES else float(index),
            }
            for cell in signed_cells(variation.study, architectures=[variation.architecture], methods=methods):
                accuracy = number(cell.accuracy.median)
                about = {"accuracy": accuracy, "flagged": len(cell.flagged_members)}
                rows.append({**keys, **names_of(cell), **about, **snr_of(cell.figures)})
    return pd.DataFrame(rows)


def alt(frame: pd.DataFrame) -> str:
    """Return the alternative text of the figure of a table."""
    panels = ", ".join(TITLES[axis] for axis in frame["axis"].unique())
    named = frame.assign(method=[f"{row.method}, {row.axis} {row.value}" for row in frame.itertuples()])
    return f"Points of r against {panels}. {texts.extremes(named, 'r', of='r', interval=('low', 'high'))}"


def draw(frame: pd.DataFrame) -> Figure:
    """Draw a table, a panel for each axis of variation, a colour and marker for each method.

    Vertical: r, on a logarithmic scale; on a symmetric one, linear within 0.1 of zero, where an r is not above zero.
    Bars: its interval. Methods are drawn beside each other, so that their bars can be distinguished. Below each value:
    the members' median accuracy, since networks that differ in it are compared with caution. Failed cells are named.
    """
    axes_names = list(frame["axis"].unique())
    looks = styles(frame["method"].unique())
    columns = min(COLUMNS, len(axes_names))
    height = 3.5 * -(-len(axes_names) // columns) + 0.3 + 0.2 * -(-len(looks) // 3)
    drawn = blank(max(5.0, 0.6 + 3.8 * columns), height)
    panels = small_multiples(drawn, len(axes_names), columns=columns, sharey=True)
    for panel, axis in zip(panels, axes_names, strict=True):
        _draw_axis(panel, frame[frame["axis"] == axis], looks, scaled=axis in SCALES)
        panel.set_title(TITLES[axis], fontsize=10)
    _scale(panels[0], frame)
    for panel in panels[::columns]:
        panel.set_ylabel("r, corrected SNR")
        panel.tick_params(axis="y", which="both", labelsize=SMALL)
    legend_below(drawn, panels, columns=3)
    return drawn


def check(variations: Sequence[Variation]) -> None:
    """Refuse variations that cannot be drawn.

    Raises:
        UsageError: no variations, an unknown axis, a value twice or not above 0.
    """
    if not variations:
        raise UsageError("no variations; give at least one study with the value that was varied")
    pairs = set()
    for variation in variations:
        if variation.axis not in get_args(Axis):
            raise UsageError(f"unknown axis '{variation.axis}': choose one of {', '.join(get_args(Axis))}")
        if variation.axis in SCALES and not (isinstance(variation.value, int | float) and variation.value > 0):
            raise UsageError(f"{variation.axis} {variation.value!r}: give a number above 0")
        if (variation.axis, variation.value) in pairs:
            raise UsageError(f"{variation.axis} {variation.value!r} is given twice; give each value once")
        pairs.add((variation.axis, variation.value))


def ordered(variations: Sequence[Variation], axis: str) -> list[Variation]:
    """Return the variations of an axis, in the order of their values if these are numbers."""
    matches = [variation for variation in variations if variation.axis == axis]
    return sorted(matches, key=lambda variation: float(variation.value)) if axis in SCALES else matches


def _draw_axis(axes: Axes, data: pd.DataFrame, looks: dict[str, tuple[str, str]], *, scaled: bool) -> None:
    values = data.drop_duplicates("place").sort_values("place")
    if scaled:
        axes.set_xscale("log", base=2)
    step = min(0.35 * _step(values["place"].tolist(), scaled=scaled), 0.08 * len(looks))
    axes.margins(x=0.12)
    for index, (method, (colour, marker)) in enumerate(looks.items()):
        rows = data[(data["method"] == method) & data["r"].notna()].sort_values("place")
        shift = step * ((index + 0.5) / len(looks) - 0.5)
        x = rows["place"] * 2**shift if scaled else rows["place"] + shift
        bars = error_bars(rows["r"].tolist(), rows["low"].tolist(), rows["high"].tolist()) if len(rows) else None
        axes.errorbar(
            x, rows["r"], yerr=bars, color=colour, marker=marker, ms=5, lw=1.2 if scaled else 0,
            elinewidth=0.8, capsize=2, label=method,
        )  # fmt: skip
    axes.set_xticks(values["place"].tolist(), [_tick(row) for row in values.itertuples()], fontsize=SMALL)
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    failed = data[data["status"] != "ok"]
    if len(failed):
        failures = "failed: " + ", ".join(f"{row.method} at {row.value}" for row in failed.itertuples())
        axes.set_xlabel(failures, fontsize=SMALL, wrap=True)


def _step(values: Sequence[float], *, scaled: bool) -> float:
    """Return the smallest distance between values, in doublings on a scale; 1 for a single value."""
    positions = [math.log2(value) for value in values] if scaled else list(values)
    return min((after - before for before, after in itertools.pairwise(positions)), default=1.0)


def _tick(row: Any) -> str:
    """Return a value with the median accuracy of its members below; a star where some of them may have failed."""
    value = f"{row.place:g}" if row.axis in SCALES else row.value
    return value if math.isnan(row.accuracy) else f"{value}\n{row.accuracy:.1%}{'*' if row.flagged else ''}"


def _scale(axes: Axes, data: pd.DataFrame) -> None:
    """Choose the shared vertical scale. It ends near the values, since bars may reach minus 1/E or infinity."""
    values = data["r"][data["r"].abs() < math.inf]
    if not len(values):
        return
    if (values > 0).all():
        axes.set_yscale("log", subs=[2, 5])
        lowest = data["low"][data["low"] > 0].min()
        bottom = max(values.min() / 4, 0.0 if math.isnan(lowest) else lowest) / 1.3
    else:
        axes.set_yscale("symlog", linthresh=0.1, linscale=0.5)
        bottom = min(data["low"].min(), values.min()) - 0.05
    highest = data["high"][data["high"] < math.inf].max()
    top = min(math.inf if math.isnan(highest) else highest, values.max() * 4) if values.max() > 0 else 0.1
    axes.set_ylim(bottom, top * 1.3)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if (values > 0).all() else "")
