"""One picture explained: for each method single members' maps, their mean, noise and significance, and the overlay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from saliencynoise.display.figures.averages import MEAN, NOISE, SIGNIFICANT, AverageMap, average_of, colour_limit
from saliencynoise.display.figures.canvas import (
    KEY,
    LOOKS,
    Grid,
    draw_bar,
    draw_failure,
    draw_map,
    draw_picture,
    draw_significant,
    grid,
    key,
    room_for,
    write_on,
)
from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.style import SMALL, shortened, two_lines
from saliencynoise.display.figures.translucent import LOOKS as OVERLAY_LOOKS
from saliencynoise.display.figures.translucent import draw_overlay
from saliencynoise.display.numbers import percent
from saliencynoise.explanation.table import facts
from saliencynoise.records.numbers import FALSE_DISCOVERY_RATE

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool, Float, UInt8
    from matplotlib.figure import Figure

    from saliencynoise.explanation.explanation import Explanation

TITLE = "Maps of the picture"
CAPTION = (
    "Single members' maps at norm 1, their mean, their standard deviation (noise) and the mean's significant pixels, "
    f"at {FALSE_DISCOVERY_RATE:.0%} false discoveries, on one colour scale in each row. Red: for the class, blue: "
    "against it, in the method's own sense. Hatched: not significant. Right: the marginal map over the picture on its "
    "own scale, with significant pixels outlined."
)

OVERLAY = "overlay"

BELOW = 0.12
"""Inches between rows."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ExplanationRow:
    """The maps of one picture by one method.

    Attributes:
        method: its label.
        picture: `[C, H, W]`, C of 1 or 3.
        maps: `[E, c, h, w]`, all members' raw signed maps, of a stochastic method averaged over draws; a layer's at its
            own resolution. None of a method that failed.
        marginal: `[c, h, w]`, the map laid over the picture; None for the mean of the unit-norm maps.
        significant: `[c, h, w]`, which values of the mean are; None to test them here.
        no_marginal: why there is no marginal map, so that nothing is laid over the picture; empty if there is.
        lines: text below the method's name, as "reliability 0.91 (0.85 to 0.95)"; plain text.
        reason: why the method failed; empty if it did not.
    """

    method: str
    picture: UInt8[np.ndarray, "C H W"]
    maps: Float[np.ndarray, "E c h w"] | None
    marginal: Float[np.ndarray, "c h w"] | None = None
    significant: Bool[np.ndarray, "c h w"] | None = None
    no_marginal: str = ""
    lines: Sequence[str] = ()
    reason: str = ""

    @cached_property
    def average(self) -> AverageMap | None:
        """The averages of the maps: mean, noise, significant pixels and their share."""
        return None if self.maps is None else average_of(self.maps, significant=self.significant)

    @property
    def tested(self) -> bool:
        """Whether the significance of pixels is known."""
        return self.average is not None and self.average.share == self.average.share


def captioned(explanation: Explanation) -> CaptionedFigure:
    """Return the figure of an explanation, with its texts."""
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    rows = data(explanation)
    return CaptionedFigure(
        name=explanation.file.slug,
        title=TITLE,
        caption=CAPTION,
        alt=alt(rows),
        notes=notes(explanation),
        figure=draw(rows),
        data=pd.DataFrame(facts(explanation)),
        pictorial=True,
    )


def notes(explanation: Explanation) -> list[str]:
    """Return sentences on the explained scalar, the marginal map and the picture as the networks see it."""
    changes = f": {'; '.join(explanation.notes)}" if explanation.notes else ""
    members, width = len(explanation.members), explanation.picture.shape[2]
    return [
        f"Explained: the {explanation.scalar.in_words}.",
        f"Marginal map: {explanation.aggregator} of all {members} members.",
        f"The networks see the picture {width} pixels wide{changes}.",
    ]


def alt(rows: Sequence[ExplanationRow]) -> str:
    """Return the alternative text of rows."""
    shares = [f"{row.method} {percent(row.average.share)}" for row in rows if row.average is not None and row.tested]
    failures = [f"{row.method} failed: {row.reason}." for row in rows if row.reason]
    content = (
        "the picture, maps of single members, their mean, its noise, its significant pixels, the marginal map over it"
    )
    sentences = [f"For each method: {content}.", *([f"Significant pixels: {'; '.join(shares)}."] if shares else [])]
    return " ".join([*sentences, *failures])


def data(explanation: Explanation) -> list[ExplanationRow]:
    """Return the rows of an explanation, one for each method, with its reliability as text."""
    return [
        ExplanationRow(
            method=method.method,
            picture=explanation.picture,
            maps=None if method.reason else method.maps,
            marginal=method.marginal,
            significant=method.significant,
            no_marginal=method.no_marginal,
            lines=[] if method.reason else [f"reliability {texts.reliability}"],
            reason=method.reason,
        )
        for method, texts in zip(explanation.methods, facts(explanation), strict=True)
    ]


def draw(rows: Sequence[ExplanationRow], *, singles: int = 3) -> Figure:
    """Draw rows, one for each method.

    Columns: the picture, single members' maps at unit norm, their mean over all members, their standard deviation over
    members, the mean where it is significant (at 5% false discoveries), and the marginal map over the picture. One
    colour scale a row, symmetric about zero, but for the overlay, whose opacity ends at the 99.5th percentile of its
    own |value|. Beside each row its method, its `lines`, and the share of significant values. Maps of zeros, NaN and
    failures are drawn as in a gallery.

    Args:
        rows: at least one.
        singles: how many members are shown alone, the first ones; all if there are fewer.

    Example:
        >>> import numpy as np
        >>> maps = np.random.default_rng(0).normal(size=(8, 1, 16, 16)) + 1
        >>> picture = np.zeros((3, 16, 16), dtype=np.uint8)
        >>> drawn = draw([ExplanationRow(method="gradient", picture=picture, maps=maps)])
        >>> drawn.savefig("explanation.png")                                            # doctest: +SKIP
    """
    counts = {len(row.maps) for row in rows if row.maps is not None}
    singles = min(singles, max(counts, default=0))
    columns = [*(f"member {e}" for e in range(singles)), MEAN, NOISE, SIGNIFICANT, OVERLAY]
    labels = ["\n".join(_words(row)) for row in rows]
    canvas = grid(len(rows), 1 + len(columns), left=room_for(labels), between=BELOW, bottom=KEY)
    for line, (row, label) in enumerate(zip(rows, labels, strict=True)):
        first = canvas.place(line, 0)
        draw_picture(first, row.picture)
        first.set_ylabel(label, fontsize=SMALL, rotation=0, ha="right", va="center", labelpad=6)
        if row.average is None:
            draw_failure(canvas.place(line, 1, across=len(columns)), row.reason)
        else:
            _draw_row(canvas, line, row, row.average, columns)
    every = str(counts.pop()) if len(counts) == 1 else "all"
    titles = {
        MEAN: f"mean of {every}",
        NOISE: f"noise: SD\nover {every}",
        SIGNIFICANT: f"significant\nat {FALSE_DISCOVERY_RATE:.0%} FDR",
    }
    titles[OVERLAY] = "marginal map\nover picture"
    for index, column in enumerate(["picture", *columns]):
        canvas.heading(index, titles.get(column, column))
    over = {f"{name}, over the picture": OVERLAY_LOOKS[name] for name in ("significant", "NaN")}
    key(canvas.figure, LOOKS | over)
    return canvas.figure


def _words(row: ExplanationRow) -> list[str]:
    """Return the text beside a row."""
    lines = [shortened(part, 30) for part in two_lines(row.method).split("\n")]
    lines += [shortened(part, 34) for part in row.lines]
    if row.average is not None and row.tested:
        lines.append(f"{percent(row.average.share)} of values significant")
    if row.no_marginal:
        lines.append("no marginal map: it failed")
    return lines


def _draw_row(canvas: Grid, line: int, row: ExplanationRow, average: AverageMap, columns: Sequence[str]) -> None:
    extent = (row.picture.shape[1], row.picture.shape[2])
    mean = average.mean.sum(0)
    tiles = {f"member {e}": unit.sum(0) for e, unit in enumerate(average.unit)}
    tiles |= {MEAN: mean, NOISE: average.noise, SIGNIFICANT: average.mean_where_significant}
    limit = colour_limit([tiles[name] for name in columns if name in tiles])
    significant_pixels = average.significant_pixels
    for index, column in enumerate(columns, 1):
        axes = canvas.place(line, index)
        if column == OVERLAY and row.no_marginal:
            axes.set_axis_off()
            write_on(axes, "failed")
        elif column == OVERLAY:
            laid = mean if row.marginal is None else row.marginal.sum(0)
            draw_overlay(axes, row.picture, laid, limit=colour_limit([laid]), significant_pixels=significant_pixels)
        elif column in (NOISE, SIGNIFICANT) and len(average.unit) < 2:
            axes.set_axis_off()
            write_on(axes, "needs two\nmembers")
        elif column == SIGNIFICANT and average.norm > 0:
            draw_significant(axes, tiles[column], significant_pixels, extent=extent, limit=limit)
        elif column in tiles:
            draw_map(axes, tiles[column], extent=extent, limit=limit)
        else:  # a method of fewer members than another
            axes.set_axis_off()
    draw_bar(canvas.figure, axes, limit)
