"""The critical-difference diagram: methods on an axis of SNR, and bars that join those which no test separates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from saliencynoise.analyses.comparison.ranking import Ranking
from saliencynoise.analyses.result import files_of
from saliencynoise.display.figures.captioned import CaptionedFigure, MissingFigure
from saliencynoise.display.figures.style import COLOURS, GREY, SMALL, blank
from saliencynoise.display.numbers import format_number
from saliencynoise.display.visible import printable

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "critical_difference"
TITLE = "Methods in order of their SNR"
CAPTION = (
    "The axis shows the corrected SNR of one map; the least noisy method is on the right. A bar joins methods "
    "between which no test shows a difference; its dots are these methods. Tests hold together for all pairs "
    "(Bonferroni)."
)
FILES = files_of(NAME)

STEP = 0.24
"""Inches from one label, or one bar, to the next."""


def figure_of(rankings: Sequence[Ranking]) -> CaptionedFigure | MissingFigure:
    """Return the diagram of the architectures, with its texts; the reason where no method has an SNR above 0."""
    drawable = [ranking for ranking in rankings if any(_is_placed(ranking, method) for method in ranking.methods)]
    if not drawable:
        return MissingFigure(name=NAME, title=TITLE, reason="no method has an SNR above 0")
    left_out = [method for ranking in drawable for method in ranking.methods if not _is_placed(ranking, method)]
    best = "; ".join(f"{ranking.methods[0]} on {ranking.architecture}" for ranking in drawable)
    return CaptionedFigure(
        name=NAME,
        title=TITLE,
        caption=CAPTION,
        alt=f"An axis of SNR for each architecture. The least noisy: {best}.",
        notes=[f"Not placed, as their SNR is not a positive number: {', '.join(left_out)}."] if left_out else [],
        figure=draw(drawable),
        data=data(rankings),
    )


def data(rankings: Sequence[Ranking]) -> pd.DataFrame:
    """Return a row per method: its architecture, place, SNR with interval, and the numbers of its groups."""
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    rows = []
    for ranking in rankings:
        for place, method in enumerate(ranking.methods, start=1):
            interval = ranking.snr[method].interval
            groups = [str(number) for number, group in enumerate(ranking.groups, start=1) if method in group]
            rows.append(
                {"architecture": ranking.architecture, "place": place, "method": method}
                | {
                    "snr": ranking.snr[method].value,
                    "low": interval and interval.low,
                    "high": interval and interval.high,
                }
                | {"groups": " ".join(groups)}
            )
    return pd.DataFrame(rows)


def draw(rankings: Sequence[Ranking]) -> Figure:
    """Draw the diagrams, one below the other."""
    heights = [0.9 + STEP * (math.ceil(len(ranking.methods) / 2) + len(ranking.groups)) for ranking in rankings]
    figure = blank(7.2, sum(heights))
    grid = figure.add_gridspec(len(rankings), 1, height_ratios=heights)
    for place, ranking in enumerate(rankings):
        axes = figure.add_subplot(grid[place])
        _draw(axes, ranking, heading=len(rankings) > 1)
    return figure


def _draw(axes: Axes, ranking: Ranking, *, heading: bool) -> None:
    methods = [method for method in ranking.methods if _is_placed(ranking, method)]
    at = {method: ranking.snr[method].value for method in methods}
    groups = [[method for method in group if method in at] for group in ranking.groups]
    groups = [group for group in groups if len(group) > 1]
    half = math.ceil(len(methods) / 2)
    depth = len(groups) + half + 1
    axes.set_xscale("log")
    low, high = min(at.values()), max(at.values())
    axes.set_xlim(low / 1.3, high * 1.3)
    axes.set_ylim(depth, 0)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.xaxis.set_minor_formatter(lambda value, _: f"{value:g}" if high / low < 30 and f"{value:e}"[0] in "25" else "")
    axes.tick_params(which="both", labelsize=SMALL)
    axes.set_xlabel("SNR of one map" + (f", {ranking.architecture}" if heading else ""), fontsize=9)
    axes.set_yticks([])
    for side in ("left", "right", "bottom"):
        axes.spines[side].set_visible(False)
    for number, group in enumerate(groups, start=1):
        ends = [at[method] for method in group]
        axes.plot([min(ends), max(ends)], [number - 0.4] * 2, color=COLOURS[2], lw=3, solid_capstyle="round")
        axes.plot(ends, [number - 0.4] * len(ends), "o", color="white", mec=COLOURS[2], ms=4.5)
    for place, method in enumerate(methods):  # the least noisy half is labelled on the right
        right = place < half
        row = len(groups) + 0.5 + (place if right else len(methods) - 1 - place)
        edge = high * 1.3 if right else low / 1.3
        axes.plot([at[method], at[method], edge], [0, row, row], color=GREY, lw=0.8, zorder=0)
        label = printable(f" {method}  {format_number(at[method])} ")
        axes.text(edge, row, label, ha="left" if right else "right", va="center", fontsize=SMALL, parse_math=False)


def _is_placed(ranking: Ranking, method: str) -> bool:
    value = ranking.snr[method].value
    return 0 < value < math.inf
