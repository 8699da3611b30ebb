"""The similarity of maps to those of uninformed networks: points with intervals, a panel per cell of a sanity run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.style import COLOURS, GREY, blank, error_bars, small_multiples, two_lines
from saliencynoise.display.numbers import format_number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saliencynoise.records.sanity import SanityRow, SignalAgreement

TITLE = "Similarity of the maps to those of uninformed networks"
CAPTION = (
    "Points: cosine between the mean map of trained networks and that of the other networks, corrected for noise. "
    "Bars: 95% intervals. Above 0.71 most of the signal is the same. A line without a point: these networks show "
    "no agreement."
)


@dataclass(frozen=True, kw_only=True)
class CosinePoint:
    """A value with its interval. It is from 0 to 1 up to noise, and NaN if it is undefined."""

    label: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class CosinePanel:
    """The points of one architecture and method."""

    title: str
    points: Sequence[CosinePoint]
    axis: str


def captioned(rows: Sequence[SanityRow]) -> CaptionedFigure:
    """Return the figure of the rows of a `sanity.json` that could be computed, one at least, with its texts."""
    panels = data(rows)
    return CaptionedFigure(
        name="sanity", title=TITLE, caption=CAPTION, alt=alt(panels), figure=draw(panels), data=table(panels)
    )


def alt(panels: Sequence[CosinePanel]) -> str:
    """Return the alternative text of panels."""
    points = [(point.value, point.label, panel.title) for panel in panels for point in panel.points]
    known = [point for point in points if not math.isnan(point[0])]
    if not known:
        return "A panel for each architecture and method; no cosine could be computed."
    value, label, title = max(known)
    return (
        "A panel for each architecture and method, a point with its interval for each kind of uninformed network. The "
        f"largest cosine is {format_number(value)} ({label}; {title})."
    )


def data(rows: Sequence[SanityRow]) -> list[CosinePanel]:
    """Return the cosines of each row of a `sanity.json`."""
    return [
        CosinePanel(
            title=_title(row) + (f", {row.view}" if row.view != "signed" else ""),
            axis="cosine with trained networks",
            points=[
                _point("untrained", row.contrasts.untrained.agreement),
                _point("permuted", row.contrasts.permuted.agreement),
            ],
        )
        for row in rows
    ]


def table(panels: Sequence[CosinePanel]) -> pd.DataFrame:
    """Return a row per point: the panel, the label, the value and its interval."""
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    return pd.DataFrame([{"panel": panel.title, **vars(point)} for panel in panels for point in panel.points])


def draw(panels: Sequence[CosinePanel]) -> Figure:
    """Draw the panels, one at least.

    >>> point = CosinePoint(label="untrained", value=0.5, low=0.4, high=0.6)
    >>> len(draw([CosinePanel(title="gradient, net", points=[point], axis="cosine")]).axes)
    1
    """
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    most = max(len(panel.points) for panel in panels)
    figure = blank(3.6 * max(columns, 1.4), rows * (1.0 + 0.35 * most))
    for axis, panel in zip(small_multiples(figure, len(panels), columns=columns), panels, strict=True):
        _draw_panel(axis, panel)
    return figure


def _draw_panel(axis: Axes, panel: CosinePanel) -> None:
    points = panel.points[::-1]  # from the top
    places = range(len(points))
    values = [point.value for point in points]
    bars = error_bars(values, [point.low for point in points], [point.high for point in points])
    axis.errorbar(values, places, xerr=bars, fmt="o", color=COLOURS[2], capsize=3)
    axis.axvline(0, color=GREY, lw=0.8)
    axis.set_yticks(places, [point.label for point in points], parse_math=False)
    ends = [end for point in points for end in (point.value, point.low, point.high) if math.isfinite(end)]
    axis.set_xlim(min([-0.05, *ends]), max([1.05, *ends]))
    axis.set_ylim(-0.5, len(points) - 0.5)
    axis.set_xlabel(panel.axis)
    axis.set_title(two_lines(panel.title, longest=30), fontsize=10, parse_math=False)
    axis.grid(axis="x", alpha=0.3)


def _title(row: SanityRow) -> str:
    return f"{row.method}, {row.architecture}"


def _point(label: str, agreement: SignalAgreement) -> CosinePoint:
    interval = agreement.interval
    low, high = (math.nan, math.nan) if interval is None else (interval.low, interval.high)
    return CosinePoint(label=label, value=agreement.value, low=low, high=high)
