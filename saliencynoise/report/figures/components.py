"""The components of a map's energy: signal, differences between networks, and differences between draws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.analyses.variance import figure as seed_figure
from saliencynoise.analyses.variance.run import RESULT, load_variance
from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.room import OWN, Room, root_of
from saliencynoise.display.figures.style import (
    BAD,
    NORMAL,
    SMALL,
    cut_to,
    legend_height,
    width_of,
)
from saliencynoise.engine.study_cells import names_of, signed_cells
from saliencynoise.report.figures import texts

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

    from saliencynoise.engine.study import Study
    from saliencynoise.records.cell import Cell, CellFigures
    from saliencynoise.records.variance import VarianceRecord, VarianceRow

TITLE = "Components of a map's energy"
CAPTION = (
    "Shares of the energy of one network's map: the signal that all networks share, which is c, the mean cosine "
    "between two members' maps, and the differences between networks. Stochastic methods also have differences "
    "between draws, and differences that network and draw determine together. Line: 95% interval of the signal. A "
    "share below 0 is sampling error."
)
SEEDS_NOTE = (
    "Below: the shares of the noise by the seeds of the training. First order: the share that goes away when networks "
    "have this seed in common and no other. Total: the share that another value of this seed alone brings in."
)

PARTS = {
    "signal": ("signal that networks share", "#0072B2", ""),
    "network": ("differences between networks", "#E69F00", ""),
    "draw": ("differences between draws", "#CC79A7", "//"),
    "residual": ("differences by network and draw together", "#BBBBBB", ".."),
}
"""The name, colour and hatching of each share."""

LINE = 0.24
"""Inches of a bar."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Components:
    """The shares of a map's energy, and the shares of the noise by the training's seeds.

    Attributes:
        shares: a row per architecture and method; see `shares_of`.
        seeds: of a `saliencynoise variance` run; None where no such run is known.
    """

    shares: pd.DataFrame
    seeds: pd.DataFrame | None


def captioned(study: Study) -> CaptionedFigure:
    """Return the figure of all methods and architectures, with its texts."""
    components = data(study)
    return CaptionedFigure(
        name="components",
        title=TITLE,
        caption=CAPTION,
        alt=alt(components),
        notes=[*([] if components.seeds is None else [SEEDS_NOTE]), texts.basis(study)],
        figure=draw(components),
        data=components.shares,
    )


def alt(components: Components) -> str:
    """Return the alternative text of a figure."""
    extremes = texts.extremes(components.shares, "signal", of="share of signal", interval=("low", "high"))
    return f"Stacked bars of the shares of a map's energy. {extremes}{texts.failed(components.shares)}"


def data(
    study: Study,
    *,
    methods: Sequence[str] | None = None,
    architectures: Sequence[str] | None = None,
    folder: str | Path | None = None,
) -> Components:
    """Return the components of a map's energy and, if known, the parts of the noise by the training's seeds.

    They are known for a study of a `saliencynoise variance` run, or from the run that `folder` names; see
    `saliencynoise.analyses.variance.figure.draw_seeds`.

    Args:
        study: with its cells.
        methods: labels; None for all.
        architectures: labels; None for all.
        folder: of a `saliencynoise variance` run; None for that which the study belongs to, if any.

    Raises:
        UsageError: the study has no such method or architecture; the folder holds no `variance.json`.
    """
    record = variance_of(study, folder)
    shares = shares_of(study, record, methods=methods, architectures=architectures)
    return Components(shares=shares, seeds=None if record is None else seed_figure.data(record))


def variance_of(study: Study, folder: str | Path | None = None) -> VarianceRecord | None:
    """Return the result of the `saliencynoise variance` run in a folder, or of the run that a study belongs to.

    Raises:
        UsageError: the folder that is named holds none.
    """
    if folder is not None:
        return load_variance(folder)
    if not (study.folder.parent / RESULT).is_file():
        return None
    record = load_variance(study.folder.parent)
    runs = {Path(members.run).name for members in record.architectures}
    return record if study.folder.resolve().name in runs else None


def shares_of(
    study: Study,
    record: VarianceRecord | None,
    *,
    methods: Sequence[str] | None = None,
    architectures: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return a row per architecture and method: the shares of a single map's energy, which sum to one.

    `signal` is c, the mean cosine of two members' maps, with its interval `low` to `high`; `network` is the rest.
    A stochastic method also has `draw` and `residual`, the part that only network and draw together determine; they
    are NaN for other methods. Shares are unbiased, so small ones may be negative. In a variance run, whose members
    share seeds, the shares are those of members that share none.

    Arguments and errors as of `data`; `record` is the result of a variance run, or None.
    """
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    known = {} if record is None else {(row.architecture, row.method): row for row in record.done}
    cells = signed_cells(study, architectures=architectures, methods=methods)
    return pd.DataFrame([_row(cell, known.get((cell.architecture, cell.method))) for cell in cells])


def _row(cell: Cell, apart: VarianceRow | None) -> dict[str, Any]:
    row = names_of(cell) | dict.fromkeys((*PARTS, "low", "high"), math.nan)
    if cell.figures is None:
        return row
    row["images"] = cell.figures.images
    return row | (_shares(cell.figures) if apart is None else _shares_apart(apart))


def _shares(figures: CellFigures) -> dict[str, float]:
    """Return the shares of a study's cell, with the interval of the signal."""
    cosine = figures.estimates.cosine
    ends = {} if cosine.interval is None else {"low": cosine.interval.low, "high": cosine.interval.high}
    return (figures.energy or {"signal": cosine.value, "network": 1 - cosine.value}) | ends


def _shares_apart(row: VarianceRow) -> dict[str, float]:
    """Return the shares of members that share no seed, from a row of a variance run."""
    energy = row.energy
    if energy is None:
        return {"signal": 1 - row.noise, "network": row.noise}
    interval = energy.signal.interval
    ends = {} if interval is None else {"low": interval.low, "high": interval.high}
    return {name: getattr(energy, name).value for name in PARTS} | ends


def draw(components: Components, *, room: Room = OWN) -> Figure:
    """Draw shares as stacked bars; below them the shares by seeds, if they are known and no axes are given."""
    frame, seeds = components.shares, components.seeds
    names = [name for name, _, _ in _parts(frame).values()]
    tall = 0.55 + LINE * (len(frame) + frame["architecture"].nunique()) + legend_height(names, room.across)
    if seeds is None or room.given:
        drawn = room.begin(tall)
        _draw_shares(drawn, frame, room)
        return root_of(drawn)
    heights = [tall, seed_figure.seed_height(seeds)]
    drawn = room.begin(sum(heights))
    parts: Any = drawn.subfigures(2, 1, height_ratios=heights)
    above, below = parts
    _draw_shares(above, frame, room)
    seed_figure.draw_seeds(below, seeds)
    return root_of(drawn)


def _parts(frame: pd.DataFrame) -> dict[str, tuple[str, str, str]]:
    """Return the shares that any method of a table has."""
    return {name: look for name, look in PARTS.items() if frame[name].notna().any()}


def _draw_shares(figure: FigureBase, frame: pd.DataFrame, room: Room) -> None:
    """Draw a table's shares: a bar per method, the largest signal first, under the name of each architecture.

    Line: the 95% interval of the signal. A share below zero, which is sampling error, has no length.
    """
    (axes,) = room.panels(figure, 1, columns=1, names="shares of all methods")
    beside = min(2.4, 0.4 * room.across)
    axes.tick_params(labelsize=SMALL)
    labels: list[tuple[float, str]] = []
    y = 0.0
    for architecture, shares in frame.groupby("architecture", sort=False):
        if frame["architecture"].nunique() > 1:
            heading = axes.annotate(
                cut_to(str(architecture), room.across - beside - 0.3, bold=True), (0, y), xytext=(2, 0),
                textcoords="offset points", va="center", fontsize=SMALL, fontweight="bold",
            )  # fmt: skip
            heading.set_in_layout(False)
            y += 1
        for row in shares.sort_values("signal", ascending=False, kind="stable").to_dict("records"):
            labels.append((y, cut_to(str(row["method"]), beside)))
            _draw_bar(axes, y, row, across=room.across - beside - 0.3)
            y += 1
    axes.set_yticks([position for position, _ in labels], [label for _, label in labels], fontsize=SMALL)
    axes.set_ylim(y - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlabel("share of one map's energy", fontsize=NORMAL)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    room.legend(figure, [axes], columns=2)


def _draw_bar(axes: Axes, y: float, row: Mapping[Any, Any], *, across: float) -> None:
    if row["status"] != "ok" or math.isnan(row["signal"]):
        message = f"failed: {row['reason']}" if row["status"] != "ok" else "undefined: all maps are zero"
        offset: dict[str, Any] = {"xytext": (4, 0), "textcoords": "offset points", "va": "center"}
        written: Any = axes.annotate(cut_to(message, across - 0.1), (0, y), **offset, fontsize=SMALL, color=BAD)
        written.set_in_layout(False)  # a long reason would take the bars' room
        return
    left, whole = 0.0, sum(max(row[name], 0.0) for name in PARTS if not math.isnan(row[name]))
    for name, (label, colour, hatch) in PARTS.items():
        if math.isnan(row[name]):
            continue
        share = max(row[name], 0.0) / whole
        axes.barh(y, share, 0.78, left, color=colour, hatch=hatch, edgecolor="white", lw=0, label=label)
        if share * across > width_of(f"{row[name]:.0%}") + 0.08:
            axes.text(
                left + share / 2, y, f"{row[name]:.0%}", ha="center", va="center", fontsize=SMALL,
                color="white" if name == "signal" else "black", bbox={"facecolor": colour, "lw": 0, "pad": 0.8},
            )  # fmt: skip
        left += share
    if row["low"] < row["high"]:  # not where either is NaN
        axes.plot([max(row["low"], 0.0), min(row["high"], 1.0)], [y + 0.3] * 2, color="black", lw=1.2)
