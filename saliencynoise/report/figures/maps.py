"""Maps side by side: a picture, the maps of single members, and their mean, on one colour scale a row."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from saliencynoise.report.figures.style import MISSING, SMALL, WIDEST, blank, diverging, two_lines
from saliencynoise.report.figures.tiles import MEAN, MEAN_AT_UNIT_NORM, Row, rows_of

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saliencynoise.bench.study import Study

BAR, TOP, BELOW, GAP = 0.85, 0.5, 0.24, 0.08
"""Inches: right of a row, above all rows, below each one (for the norm), between tiles."""

LETTER = 0.085
"""Inches of a letter beside a row, on average."""

LARGEST = 1.3
"""Inches of a tile."""


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
    """Draw rows of maps: the picture, the single members, the mean, and the mean at the norm of a single map.

    Each row has one colour scale, symmetric about zero, from `Row.scale`; values beyond it have the colours of its
    ends. A layer's coarse map is drawn over the picture's extent, each value a rectangle: nothing is interpolated. A
    map of zeros is hatched and called so, NaN is grey, a failed cell says why. Below the mean stands its norm, where
    that of a single map is 1.
    """
    columns = list(dict.fromkeys(column for row in rows for column in row.tiles)) or [MEAN]
    count, labels = 1 + len(columns), _labels(rows)
    left = 0.35 + LETTER * max(len(line) for label in labels for line in label.split("\n"))
    tile = min(LARGEST, (WIDEST - left - BAR) / count - GAP)
    width, height = left + count * (tile + GAP) + BAR, TOP + len(rows) * (tile + BELOW)
    drawn = blank(width, height, constrained=False)

    def place(line: int, column: int, *, across: int = 1) -> Axes:
        x, y = left + column * (tile + GAP), height - TOP - line * (tile + BELOW) - tile
        wide = across * (tile + GAP) - GAP
        axes = drawn.add_axes((x / width, y / height, wide / width, tile / height))
        axes.set_xticks([])
        axes.set_yticks([])
        return axes

    for line, (row, label) in enumerate(zip(rows, labels, strict=True)):
        own = [place(line, 0)]
        _draw_picture(own[0], row.picture)
        own[0].set_ylabel(label, fontsize=SMALL + 1, rotation=0, ha="right", va="center", labelpad=6)
        if row.reason:
            own.append(place(line, 1, across=len(columns)))
            _draw_failure(own[1], row.reason)
            continue
        for at, column in enumerate(columns):
            own.append(place(line, at + 1))
            _draw_map(own[-1], row.tiles[column], extent=row.picture.shape[1:], limit=row.scale)
            if column == MEAN:
                own[-1].set_xlabel(f"norm {row.norm:.2f}", fontsize=SMALL, labelpad=2)
        _draw_bar(drawn, own[-1], row.scale)
    for at, title in enumerate(["picture", *(_title(column, rows) for column in columns)]):
        x = left + at * (tile + GAP) + tile / 2
        drawn.text(x / width, 1 - (TOP - 0.06) / height, title, ha="center", va="bottom", fontsize=SMALL + 1)
    return drawn


def _title(column: str, rows: Sequence[Row]) -> str:
    counts = {row.members for row in rows}
    mean = f"mean of {counts.pop()}" if len(counts) == 1 else "mean of all"
    return {MEAN: mean, MEAN_AT_UNIT_NORM: f"{mean},\nat unit norm"}.get(column, column)


def _labels(rows: Sequence[Row]) -> list[str]:
    """Return what stands beside each row: the keys in which the rows differ, an image by its class."""
    keys = [key for key in ("method", "dataset", "architecture") if len({row.keys[key] for row in rows}) > 1]
    several = len({(row.keys["dataset"], row.keys["image"]) for row in rows}) > 1
    return [
        "\n".join(
            [two_lines(row.keys[key]) for key in keys]
            + ([textwrap.shorten(row.keys["class"], 22, placeholder="…")] if several else [])
        )
        for row in rows
    ]


def _draw_picture(axes: Axes, picture: np.ndarray) -> None:
    if len(picture) == 1:
        axes.imshow(picture[0], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    else:
        axes.imshow(picture.transpose(1, 2, 0), interpolation="nearest")


def _draw_map(axes: Axes, values: Float[np.ndarray, "h w"], *, extent: tuple[int, int], limit: float) -> None:
    """Draw a map in -limit to limit; all zeros hatched, NaN grey, both with a word."""
    import numpy as np  # noqa: PLC0415 - kept off the import path of the command line
    from matplotlib.patches import Rectangle  # noqa: PLC0415 - as above

    height, width = extent
    axes.imshow(
        np.ma.masked_invalid(values),
        cmap=diverging(),
        vmin=-(limit or 1.0),
        vmax=limit or 1.0,
        interpolation="nearest",
        extent=(0, width, height, 0),
    )
    word = "all NaN" if not np.isfinite(values).any() else "all zero" if not np.nan_to_num(values).any() else ""
    if word:
        if word == "all zero":
            axes.add_patch(Rectangle((0, 0), width, height, fill=False, hatch="////", edgecolor=MISSING, linewidth=0))
        paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        axes.text(width / 2, height / 2, word, ha="center", va="center", fontsize=SMALL, bbox=paper)


def _draw_failure(axes: Axes, reason: str) -> None:
    axes.set_facecolor("#F4F4F4")
    words = textwrap.fill(f"failed: {reason}", 90, max_lines=5, placeholder=" …")
    axes.text(0.5, 0.5, words, ha="center", va="center", fontsize=SMALL, transform=axes.transAxes)


def _draw_bar(drawn: Figure, last: Axes, limit: float) -> None:
    """Draw a row's colour scale to the right of its last map; none where there is nothing to scale."""
    from matplotlib.cm import ScalarMappable  # noqa: PLC0415 - as above
    from matplotlib.colors import Normalize  # noqa: PLC0415 - as above

    if not limit:
        return
    box, inch = last.get_position(), 1 / drawn.get_figwidth()
    axes = drawn.add_axes((box.x1 + 0.12 * inch, box.y0 + 0.05 * box.height, 0.1 * inch, 0.9 * box.height))
    colours = ScalarMappable(Normalize(-limit, limit), diverging())
    bar = drawn.colorbar(colours, cax=axes, ticks=[-limit, 0, limit], extend="both")
    bar.ax.set_yticklabels([f"{-limit:.2g}", "0", f"{limit:.2g}"], fontsize=SMALL)
