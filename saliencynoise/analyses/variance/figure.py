"""The parts of the noise by the training's seeds: the picture of `saliencynoise variance`."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.analyses.maps_picture import IMAGES, MOST_LINES, MapLine, line_of, maps_or_reason, of_unit_norm
from saliencynoise.analyses.result import files_of
from saliencynoise.display.figures.captioned import CaptionedFigure, MissingFigure
from saliencynoise.display.figures.style import (
    GREY,
    LONGEST,
    SMALL,
    blank,
    error_bars,
    label_lowest,
    legend_below,
    shortened,
    small_multiples,
    two_lines,
)
from saliencynoise.engine.study import Study
from saliencynoise.engine.study_cells import failures
from saliencynoise.records.variance import FailedVarianceRow, VarianceRecord, VarianceRow

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure, FigureBase

    from saliencynoise.records.common import ValueWithInterval
    from saliencynoise.records.study import MemberResult

TITLE = "Shares of the noise by the seeds of the training"
CAPTION = (
    "First order: the share of a map's noise that goes away when networks have this seed in common and no other. "
    "Total: the share that another value of this seed alone brings in. Bars: 95% intervals over blocks of seeds; an "
    "arrow marks an interval that ends beyond the axis."
)

MAPS_TITLE = "Maps of networks that share some of their seeds"
MAPS_CAPTION = (
    "First map: one network. Others: networks that share the named random numbers with it and no other; the mean "
    "over all networks, each map at norm 1. Each map has its own colour scale: red above zero, blue below; from "
    "violet to yellow where a method has no negative values."
)
NAME = "variance"
FILES = files_of("maps", NAME)
"""The files of the figures."""
COLUMNS = 4
LOOKS = {
    "first order": ("o", "#0072B2", -0.16),
    "total": ("s", "#D55E00", 0.16),
    "again, same seeds": ("D", "#000000", 0.0),
}
"""Marker, colour and offset of each figure."""

NAMES = {
    "init": "initialisation",
    "order": "order of images",
    "augment": "augmentation",
    "dropout": "dropout",
    "rest": "all others",
    "again": "trained again",
}
"""Labels of the streams of randomness and of the hardware's nondeterminism."""

RANGE = (-0.25, 1.25)
"""Ends of the axis; an arrow marks an interval that goes on."""


def captioned(record: VarianceRecord) -> CaptionedFigure:
    """Return the figure of a result of `saliencynoise variance`, with its texts."""
    frame = data(record)
    return CaptionedFigure(name=NAME, title=TITLE, caption=CAPTION, alt=alt(frame), figure=draw(record), data=frame)


def alt(frame: pd.DataFrame) -> str:
    """Return the alternative text of the figure of a table."""
    first = frame[frame["figure"] == "first order"].dropna(subset=["share"])
    largest = next(iter(first.sort_values("share", ascending=False, kind="stable").to_dict("records")), None)
    if largest is None:
        return "A panel for each architecture and method; no share could be computed."
    return (
        "A panel for each architecture and method, a line for each kind of seed. The largest first-order share is "
        f"{largest['share']:.0%}, of {NAMES.get(largest['stream'], largest['stream'])} "
        f"({shortened(str(largest['method']), LONGEST)} on {shortened(str(largest['architecture']), LONGEST)})."
    )


def figures_of(record: VarianceRecord, folder: Path) -> list[CaptionedFigure | MissingFigure]:
    """Return the figures of a run: the maps of networks that share seeds, and the shares of the noise."""
    maps = maps_or_reason(map_lines(record, folder), title=MAPS_TITLE, caption=MAPS_CAPTION)
    if not drawable(record):
        return [maps, MissingFigure(name=NAME, title=TITLE, reason="no share of the noise could be computed")]
    return [maps, captioned(record)]


def map_lines(record: VarianceRecord, folder: Path) -> Iterator[MapLine]:
    """Yield the lines of the figure of maps, of the first architecture: every method of each image.

    Raises:
        SaliencyNoiseError: if a study of the run is gone.
    """
    members = record.architectures[0]
    places = [path.parent for path in sorted(folder.glob("*/result.json"))]
    studies = (Study.load(place) for place in places)
    study = next((found for found in studies if found.result.architectures[0].label == members.architecture), None)
    if study is None:
        return
    chosen = _sharing(study.result.architectures[0].members, members.streams)
    cells = list({cell.method: cell for cell in study.done}.values())
    images = min(IMAGES, len(study.result.images))
    for image in range(images):
        for cell in cells[: MOST_LINES // images]:
            values = of_unit_norm(study, cell, image)
            maps = {name: values[member] for name, member in chosen.items()}
            yield line_of(study, cell, image, {**maps, f"mean of\nall {len(values)}": values.mean(0)}, several=False)


def _sharing(members: Sequence[MemberResult], streams: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return members by what they share with the first: nothing, one stream of randomness only, all of them."""
    first, found = members[0], {"one\nnetwork": 0}
    for index, member in enumerate(members[1:], start=1):
        shared = [
            name
            for name, parts in streams.items()
            if all(member.seeds.get(part) == first.seeds.get(part) for part in parts)
        ]
        if len(shared) == len(streams):
            found.setdefault("same seeds,\ntrained again", index)
        elif len(shared) == 1:
            found.setdefault(f"only the same\n{NAMES.get(shared[0], shared[0])}", index)
        elif not shared:
            found.setdefault("no seed\nin common", index)
    return found


def drawable(record: VarianceRecord) -> bool:
    """Return whether there is any row to draw."""
    return bool(record.done)


def data(record: VarianceRecord) -> pd.DataFrame:
    """Return a row per architecture, method, stream of randomness and figure, as shares of the noise.

    Args:
        record: of `variance.json`.

    Returns:
        `figure` is "first order", "total" or "again, same seeds", the last of stream "again"; `share` has the interval
        `low` to `high`. A row that failed has neither stream nor figure.
    """
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    rows: list[dict[str, Any]] = []
    for row in record.rows:
        names = {name: getattr(row, name) for name in ("architecture", "method", "status", "reason")}
        if isinstance(row, FailedVarianceRow):
            rows.append(names | {"stream": None, "figure": None} | dict.fromkeys(("share", "low", "high"), math.nan))
        else:
            rows += [names | share for share in _shares(row)]
    return pd.DataFrame(rows)


def _shares(row: VarianceRow) -> list[dict[str, Any]]:
    shares = [
        {"stream": part.stream, "figure": figure} | _with_ends(share)
        for part in row.streams
        for figure, share in (("first order", part.first), ("total", part.total))
    ]
    if row.replicate is not None:
        shares.append({"stream": "again", "figure": "again, same seeds"} | _with_ends(row.replicate))
    return shares


def _with_ends(share: ValueWithInterval) -> dict[str, Any]:
    low, high = (math.nan, math.nan) if share.interval is None else (share.interval.low, share.interval.high)
    return {"share": share.value, "low": low, "high": high}


def draw(record: VarianceRecord) -> Figure:
    """Draw a result of `saliencynoise variance`; see `draw_seeds`.

    Args:
        record: of `variance.json`, as `saliencynoise.analyses.variance.run.load_variance` reads it.

    Example:
        >>> from saliencynoise.analyses.variance.run import load_variance
        >>> draw(load_variance("runs/v")).savefig("variance.png")  # doctest: +SKIP
    """
    frame = data(record)
    columns = min(COLUMNS, len(frame.drop_duplicates(["architecture", "method"])))
    drawn = blank(1.8 + 2.5 * max(columns, 1.6), seed_height(frame))
    draw_seeds(drawn, frame)
    return drawn


def seed_height(frame: pd.DataFrame) -> float:
    """Return the inches that the panels of a table take."""
    rows = -(-len(frame.drop_duplicates(["architecture", "method"])) // COLUMNS)
    return float(rows * (0.75 + 0.28 * max(2, frame["stream"].nunique())) + 0.8)


def draw_seeds(figure: FigureBase, frame: pd.DataFrame) -> None:
    """Draw a table, a panel for each architecture and method, a line for each stream of randomness.

    First order: the share of the noise that goes away when networks share this stream's seed and no other; total: the
    share that another seed of this stream alone brings in. Bars are 95% intervals over blocks of seeds; an arrow marks
    one that goes on beyond the axis.
    """
    panels = list(frame.groupby(["architecture", "method"], sort=False))
    streams = [name for name in NAMES if (frame["stream"] == name).any()]
    streams += sorted(set(frame["stream"].dropna()) - set(streams))
    axes = small_multiples(figure, len(panels), columns=COLUMNS, sharex=True, sharey=True)
    several = frame["architecture"].nunique() > 1
    for panel, ((architecture, method), cell_frame) in zip(axes, panels, strict=True):
        title = two_lines(str(method), longest=24)
        panel.set_title(f"{shortened(str(architecture), 36)}\n{title}" if several else title, fontsize=9)
        _draw_panel(panel, cell_frame, streams)
    axes[0].set_yticks(range(len(streams)), [NAMES.get(name, name) for name in streams], fontsize=SMALL)
    axes[0].set_ylim(max(len(streams), 1) - 0.5, -0.5)
    axes[0].set_xlim(*RANGE)
    axes[0].xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    label_lowest(axes, "share of the noise", columns=COLUMNS)
    for name, (marker, colour, _) in LOOKS.items():
        axes[0].plot([], [], marker, color=colour, ms=5, label=name)
    legend_below(figure, axes[:1])


def _draw_panel(axes: Axes, frame: pd.DataFrame, streams: list[str]) -> None:
    axes.tick_params(labelsize=SMALL)
    axes.grid(axis="x", alpha=0.3)
    for bound in (0, 1):
        axes.axvline(bound, color=GREY, lw=0.8)
    if frame["status"].iloc[0] != "ok":
        message = textwrap.fill("\n".join(failures(frame)), 30, max_lines=8)
        axes.text(0.5, 0.5, message, ha="center", va="center", fontsize=SMALL, transform=axes.transAxes)
        return
    for name, (marker, colour, offset) in LOOKS.items():
        rows = frame[frame["figure"] == name]
        y = [streams.index(stream) + offset for stream in rows["stream"]]
        ends = [rows[end].clip(*RANGE).tolist() for end in ("share", "low", "high")]
        axes.errorbar(
            ends[0], y, xerr=error_bars(*ends), fmt=marker, color=colour, ms=5, elinewidth=1.2, capsize=2
        )  # fmt: skip
        for position, low, high in zip(y, rows["low"], rows["high"], strict=True):
            for edge, arrow, out in ((RANGE[0], "<", low < RANGE[0]), (RANGE[1], ">", high > RANGE[1])):
                if out:
                    axes.plot(edge, position, arrow, color=colour, ms=4, clip_on=False)
