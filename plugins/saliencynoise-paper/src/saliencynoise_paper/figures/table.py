"""The table panel's figure: measured against published cells, the table, the fit of definitions, and the order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.style import COLOURS, GREY, MARKERS, blank
from saliencynoise.display.numbers import format_number
from saliencynoise_paper.figures.table_grids import draw_orderings, draw_table, rows_of
from saliencynoise_paper.statistics.paper_table import PUBLISHED
from saliencynoise_paper.statistics.variants import Variant
from saliencynoise_paper.table_records import SHARED_DRAWS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saliencynoise_paper.table_records import BestDefinition, DefinitionFit, TableFacts

TITLE = "The table of SNRs, measured beside the published one"
CAPTION = (
    "The published table is that of Woerl, Disselhoff and Wand (CVPR 2023). a: measured against published cells by "
    "the definition that fits best, a marker for each method, with 95% intervals; hollow: draws that all networks "
    "share. b: the same in numbers. c: the fit of each definition. d: which published orders of methods are found."
)

PALE = "#E6E6E6"
BEST = "#0072B2"
"""Colour of the definition that fits best, and of those not shown to fit worse."""


def alt(facts: TableFacts) -> str:
    """Return the alternative text of a panel's facts."""
    best = facts.best.log_error
    fit = "No definition is above 0 in every cell." if best is None else f"The best definition is {best.words}."
    return f"Four panels: measured against published SNRs, the table, the fit of definitions, and the order. {fit}"


def draw(data: pd.DataFrame, facts: TableFacts) -> Figure:
    """Return the figure of a panel's data and facts."""
    names = [column.name for column in facts.columns]
    fewer = sum(column.fewer is not None for column in facts.columns)
    width = max(5.2, 0.95 * (len(names) + fewer) + 1.2)  # inches
    figure = blank(10.0 + width, 12.0)
    axes = figure.subplots(2, 2, width_ratios=(5.2, width), gridspec_kw={"hspace": 0.06})
    best = facts.best.log_error
    if best is None:
        axes[0, 0].text(0.5, 0.5, "no definition is above 0 in every cell", ha="center")
        axes[0, 0].set_axis_off()
    else:
        _scatter(axes[0, 0], rows_of(data, best.variant), names, best)
        _shared(axes[0, 0], rows_of(data, best.variant, SHARED_DRAWS), names)
    draw_table(axes[0, 1], data, facts)
    _definitions(axes[1, 0], facts)
    draw_orderings(axes[1, 1], facts)
    for letter, axis in zip("abcd", axes.flatten(), strict=True):
        axis.set_title(f"{letter}  {axis.get_title(loc='left')}", loc="left", fontsize=12, fontweight="bold", pad=10)
    for _ in range(2):  # the layout is computed once and then kept, since each further drawing would change it a little
        figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def _scatter(axis: Axes, rows: pd.DataFrame, names: Sequence[str], best: BestDefinition) -> None:
    """Draw measured against published, a marker per method, a colour per column."""
    colours = {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(names)}
    markers = dict(zip(PUBLISHED, MARKERS, strict=True))
    low, high = _span([*rows["published"], *rows["value"]])
    axis.fill_between([low, high], [low / 2, high / 2], [low * 2, high * 2], color=PALE, alpha=0.6, lw=0)
    axis.plot([low, high], [low, high], "-", color=GREY, lw=1.2)
    cells: list[Any] = list(rows.itertuples())
    for index, cell in enumerate(cells):
        colour = colours[f"{cell.dataset} {cell.architecture}"]
        x = cell.published * 1.015 ** (index % 3 - 1)  # cells of one value would hide each other's bars
        if math.isfinite(cell.low) and math.isfinite(cell.high):
            axis.plot([x, x], [max(cell.low, low / 9), cell.high], "-", color=colour, lw=1, alpha=0.45)
        axis.plot(x, cell.value, markers[cell.method], color=colour, ms=9, mec="white", mew=0.8, zorder=3)
    axis.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
    floors = [floor for floor in rows["floor"] if low < floor < high]
    if floors:
        axis.axhspan(min(floors) / 1.008, max(floors) * 1.008, color=GREY, lw=0, alpha=0.7)
        axis.annotate("pure noise", (high, max(floors)), (-4, 4), textcoords="offset points", ha="right", size=9)
    _plain_ticks((axis.xaxis, axis.yaxis), (1, 2, 5))
    axis.grid(alpha=0.25)
    axis.set_xlabel("published SNR (line: equal; band: within a factor of 2)")
    axis.set_ylabel(f"measured: {best.words}")
    axis.set_title("measured against published", loc="left")
    _legends(axis, colours, markers)


def _shared(axis: Axes, rows: pd.DataFrame, names: Sequence[str]) -> None:
    """Draw the cells in draws that all networks share, hollow."""
    markers = dict(zip(PUBLISHED, MARKERS, strict=True))
    cells: list[Any] = list(rows.itertuples())
    for cell in cells:
        colour = COLOURS[names.index(f"{cell.dataset} {cell.architecture}") % len(COLOURS)]
        axis.plot(cell.published, cell.value, markers[cell.method], color=colour, ms=8, mfc="none", mew=1.2)


def _legends(axis: Axes, colours: Mapping[str, str], markers: Mapping[str, str]) -> None:
    """Draw the legends of columns and methods beside the axis, where they hide no data."""
    from matplotlib.lines import Line2D  # noqa: PLC0415 - as above

    lines = [Line2D([], [], color=colour, lw=4, label=name) for name, colour in colours.items()]
    dots = [Line2D([], [], color=GREY, marker=mark, ls="none", ms=8, label=row) for row, mark in markers.items()]
    gap = Line2D([], [], ls="none", label=" ")
    axis.legend(
        handles=[*lines, gap, *dots], loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=9,
        handlelength=1.2, borderaxespad=0,
    )  # fmt: skip


def _span(values: Sequence[float]) -> tuple[float, float]:
    positive = [value for value in values if 0 < value < math.inf]
    return min(positive, default=0.1) / 1.45, max(positive, default=1.0) * 1.45


def _plain_ticks(axes: Iterable[Any], bases: Sequence[float]) -> None:
    """Write plain numbers at a logarithmic axis."""
    from matplotlib.ticker import FixedLocator, NullLocator  # noqa: PLC0415 - as above

    for axis in axes:
        axis.set_major_locator(FixedLocator([base * 10.0**power for power in range(-4, 4) for base in bases]))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(lambda value, _: f"{value:g}")


def _definitions(axis: Axes, facts: TableFacts) -> None:
    """Draw each variant's error as a factor, best first, with its rank correlation."""
    fits = [fit for fit in facts.fits() if math.isfinite(fit.log_error.value)]
    fits.sort(key=lambda fit: fit.log_error.value)
    best = facts.best.log_error
    not_worse = {best.words, *(best.not_distinguished or [])} if best else set()
    axis.set_yticks(range(len(fits)), [_label(fit) for fit in fits], fontsize=9)
    for y, (fit, tick) in enumerate(zip(fits, axis.get_yticklabels(), strict=True)):
        colour = GREY if not fit.candidate else BEST if fit.words in not_worse else "black"
        _error(axis, fit, y, colour)
        rank = format_number(fit.rank_correlation.value)
        rank_text = axis.annotate(rank, (1.015, y), xycoords=("axes fraction", "data"), va="center", size=9)
        for text in (tick, rank_text):
            text.set_color(colour)
            text.set_fontweight("bold" if best is not None and fit.words == best.words else "normal")
    ends = [2**fit.log_error.value for fit in fits]
    axis.set(xscale="log", ylim=(len(fits) - 0.4, -0.6), xlim=(0.98, max([2.0, *ends]) * 1.25))
    _plain_ticks([axis.xaxis], (1, 1.5, 2, 3, 5, 7))
    axis.grid(axis="x", alpha=0.25)
    axis.annotate("rank corr.", (1.015, 1.005), xycoords="axes fraction", va="bottom", size=9)
    axis.set_xlabel(
        "off by a factor of (● as it is, ◇ with the best common factor taken out)\n"
        "blue: the best, and those not shown to fit worse; grey: corrected, no candidates"
    )
    axis.set_title("which definition fits best", loc="left")


def _error(axis: Axes, fit: DefinitionFit, y: float, colour: str) -> None:
    ends = fit.log_error.interval
    if ends is not None:
        span = [2**ends.low, min(2**ends.high, 64.0)]
        axis.plot(span, [y, y], "-", color=colour, lw=1.6, alpha=0.7, solid_capstyle="butt")
    axis.plot(2**fit.log_error.value, y, "o", color=colour, ms=6.5)
    axis.plot(2**fit.spread.value, y, "D", color=colour, mfc="white", ms=4.5)


def _label(fit: DefinitionFit) -> str:
    variant = Variant(fit.view, fit.definition, fit.norm)
    return f"{variant.definition}, {variant.view}, " + ("corrected" if variant.corrected else variant.norm)
