"""Maps side by side: a picture, single members' maps, their mean, their noise and the mean's significant pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from saliencynoise.display.figures.averages import MEAN, MEAN_AT_UNIT_NORM, NOISE, SIGNIFICANT
from saliencynoise.display.figures.canvas import (
    BELOW,
    KEY,
    LOOKS,
    draw_bar,
    draw_failure,
    draw_map,
    draw_picture,
    draw_significant,
    grid,
    key,
    room_for,
)
from saliencynoise.display.figures.style import SMALL, shortened, two_lines
from saliencynoise.display.numbers import percent
from saliencynoise.records.numbers import FALSE_DISCOVERY_RATE
from saliencynoise.report.figures.tiles import Row, rows_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saliencynoise.engine.study import Study


def figure(
    study: Study,
    *,
    images: Sequence[int] = (0,),
    methods: Sequence[str] | None = None,
    architectures: Sequence[str] | None = None,
    singles: int = 4,
) -> Figure:
    """Draw a gallery of a study's maps, a row for each architecture, image and method; see `gallery`.

    Arguments and errors as of `rows_of`.

    Example:
        >>> from saliencynoise import Study
        >>> study = Study.load("runs/a")                                            # doctest: +SKIP
        >>> figure(study, images=[0, 1], methods=["gradient"]).savefig("maps.png")  # doctest: +SKIP
    """
    return gallery(rows_of(study, images=images, methods=methods, architectures=architectures, singles=singles))


def gallery(rows: Sequence[Row]) -> Figure:
    """Draw rows of maps: the picture, the single members and the row's averages.

    Each row has one colour scale, symmetric about zero, from `Row.scale`; values beyond it have the colours of its
    ends. The noise, a standard deviation, is on that scale too, so that it can be compared with the mean beside it. A
    layer's coarse map is drawn over the picture's extent, each value a rectangle: nothing is interpolated. A map of
    zeros is hatched and labelled, NaN is grey, pixels that are not significant are hatched on light grey, and a failed
    cell shows its reason. The mean's norm is written below it, where that of a single map is 1. The share of
    significant values is written below the significant pixels.
    """
    columns = list(dict.fromkeys(column for row in rows for column in row.tiles)) or [MEAN]
    labels = _labels(rows)
    tested = SIGNIFICANT in columns
    made = grid(len(rows), 1 + len(columns), left=room_for(labels), bottom=KEY if tested else 0.0, between=BELOW)
    for line, (row, label) in enumerate(zip(rows, labels, strict=True)):
        first = made.place(line, 0)
        draw_picture(first, row.picture)
        first.set_ylabel(label, fontsize=SMALL + 1, rotation=0, ha="right", va="center", labelpad=6)
        if row.reason:
            draw_failure(made.place(line, 1, across=len(columns)), row.reason)
            continue
        for index, column in enumerate(columns):
            last = made.place(line, index + 1)
            _draw_tile(last, row, column)
        draw_bar(made.figure, last, row.scale)
    for index, title in enumerate(["picture", *(_title(column, rows) for column in columns)]):
        made.heading(index, title)
    if tested:
        key(made.figure, LOOKS)
    return made.figure


def _draw_tile(axes: Axes, row: Row, column: str) -> None:
    values, extent = row.tiles[column], (row.picture.shape[1], row.picture.shape[2])
    if column == SIGNIFICANT and row.survives is not None and row.norm > 0:
        draw_significant(axes, values, row.survives, extent=extent, limit=row.scale)
        axes.set_xlabel(f"{percent(row.share)} of values", fontsize=SMALL, labelpad=2)
    else:
        draw_map(axes, values, extent=extent, limit=row.scale)
    if column == MEAN:
        axes.set_xlabel(f"norm {row.norm:.2f}", fontsize=SMALL, labelpad=2)


def _title(column: str, rows: Sequence[Row]) -> str:
    counts = {row.members for row in rows}
    every = f"{counts.pop()}" if len(counts) == 1 else "all"
    return {
        MEAN: f"mean of {every}",
        MEAN_AT_UNIT_NORM: f"mean of {every},\nat unit norm",
        NOISE: f"noise: SD\nover {every}",
        SIGNIFICANT: f"significant\nat {FALSE_DISCOVERY_RATE:.0%} FDR",
    }.get(column, column)


def _labels(rows: Sequence[Row]) -> list[str]:
    """Return the label beside each row: the keys in which the rows differ, with the class for an image."""
    keys = [name for name in ("method", "dataset", "architecture") if len({row.keys[name] for row in rows}) > 1]
    several = len({(row.keys["dataset"], row.keys["image"]) for row in rows}) > 1
    return [
        "\n".join(
            [shortened(line, 30) for name in keys for line in two_lines(row.keys[name]).split("\n")]
            + ([shortened(row.keys["class"], 22)] if several else [])
        )
        for row in rows
    ]
