"""One picture explained: for each method single members' maps, their mean, noise and significance, and the overlay."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from saliencynoise.display.figures.averages import (
    MEAN,
    NOISE,
    SIGNIFICANT,
    AverageMap,
    average_of,
    colour_limit,
    unit_maps,
)
from saliencynoise.display.figures.canvas import draw_bar, draw_map, draw_picture, draw_significant, write_on
from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.chosen import chosen
from saliencynoise.display.figures.room import OWN, Room
from saliencynoise.display.figures.tile_rows import PICTURE, Draw, TileBlock, TileLine, draw_rows, fitting
from saliencynoise.display.figures.translucent import draw_overlay, translucent
from saliencynoise.display.numbers import percent
from saliencynoise.explanation.table import facts
from saliencynoise.records.numbers import FALSE_DISCOVERY_RATE

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool, Float, UInt8
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saliencynoise.explanation.explanation import Explanation

TITLE = "Maps of the picture"
CAPTION = (
    "Single members' maps at norm 1, their mean and its significant pixels, at "
    f"{FALSE_DISCOVERY_RATE:.0%} false discoveries, on one colour scale in each row. Red: for the class, blue: against "
    "it, in the method's own sense. Hatched: not significant. Purple: standard deviation over members. Right: the "
    "marginal map over the picture, smoothed, on its own scale."
)

MEMBERS, OVERLAY = "members", "overlay"
COLUMNS = (PICTURE, MEMBERS, MEAN, SIGNIFICANT, NOISE, OVERLAY)
"""The columns to choose from."""

SINGLES = 4
"""How many members are shown alone, at most."""


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
        figure=draw(rows, title=title_of(explanation), columns=explanation.columns),
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


def checked(columns: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Return the columns that are asked for; a text may name several, with commas. None stays None.

    >>> checked("picture,mean")
    ('picture', 'mean')

    Raises:
        UsageError: there is no such column.
    """
    if columns is None:
        return None
    names = [name.strip() for name in columns.split(",")] if isinstance(columns, str) else [*columns]
    singles = [name for name in names if re.fullmatch(r"member \d+", name)]
    return tuple(chosen(names, [*COLUMNS, *singles]))


def title_of(explanation: Explanation) -> str:
    """Return the title: the class that is explained, its mean probability, and another scalar than its logit."""
    target = explanation.target
    probability = percent(float(explanation.probabilities.mean(0)[target]))
    scalar = explanation.scalar
    plain = not scalar.function and scalar.score == "logit"
    of = "" if plain else f"; explained: the {scalar.in_words}"
    return f"class '{explanation.classes[target]}', probability {probability}{of}"


def draw(
    rows: Sequence[ExplanationRow], *, title: str = "", columns: Sequence[str] | None = None, room: Room = OWN
) -> Figure:
    """Draw the picture once, and for each method its maps, with the method's figures above them.

    The members' maps, their mean and its significant pixels share a row's colour scale; the standard deviation and the
    marginal map over the picture have their own. Maps of zeros, NaN and failures are drawn as in a gallery.

    Args:
        rows: at least one.
        title: above the picture: the class and its probability.
        columns: some of `COLUMNS`, or single members as "member 0"; None for as many as are readable.
        room: where it is drawn.

    Raises:
        UsageError: there is no such column, the columns do not fit into the width, or another number of axes is given.

    Example:
        >>> import numpy as np
        >>> maps = np.random.default_rng(0).normal(size=(8, 1, 16, 16)) + 1
        >>> picture = np.zeros((3, 16, 16), dtype=np.uint8)
        >>> drawn = draw([ExplanationRow(method="gradient", picture=picture, maps=maps)])
        >>> drawn.savefig("explanation.png")                                            # doctest: +SKIP
    """
    counts = {len(row.maps) for row in rows if row.maps is not None}
    members = max(counts, default=0)
    shown = _columns(checked(columns), members, room)
    block = TileBlock(
        title=title, picture=partial(draw_picture, picture=rows[0].picture), lines=[_line(row, shown) for row in rows]
    )
    every = str(counts.pop()) if len(counts) == 1 else "all"
    titles = {
        MEAN: f"mean of {every}",
        NOISE: f"SD over {every}",
        SIGNIFICANT: f"significant, {FALSE_DISCOVERY_RATE:.0%} FDR",
        OVERLAY: "marginal map over picture",
    }
    return draw_rows([block], shown, titles, room=room)


def _columns(columns: Sequence[str] | None, members: int, room: Room) -> list[str]:
    """Return the columns that are asked for, or those that are readable."""
    singles = [f"member {index}" for index in range(members)]
    first = singles[:SINGLES]
    if columns is None:
        averages = [MEAN, SIGNIFICANT, NOISE, OVERLAY]
        fewer = [[PICTURE, *first[:count], *averages] for count in range(len(first), -1, -1)]
        fewer += [[PICTURE, MEAN, SIGNIFICANT, OVERLAY], [PICTURE, MEAN, SIGNIFICANT]]
        return list(fitting(fewer, [SIGNIFICANT, NOISE, OVERLAY], room))
    names = chosen(columns, [*COLUMNS, *singles])
    return [one for name in names for one in (first if name == MEMBERS else [name])]


def _words(row: ExplanationRow) -> list[str]:
    """Return the text above a row."""
    lines = [row.method, *row.lines]
    if row.average is not None and row.tested:
        lines.append(f"{percent(row.average.share)} of values significant")
    if row.no_marginal:
        lines.append("no marginal map: it failed")
    return lines


def _line(row: ExplanationRow, columns: Sequence[str]) -> TileLine:
    if row.average is None:
        return TileLine(words=_words(row), reason=row.reason)
    average = row.average
    extent = (row.picture.shape[1], row.picture.shape[2])
    maps = {f"member {e}": unit.sum(0) for e, unit in enumerate(average.unit)}
    maps |= {MEAN: average.mean.sum(0), SIGNIFICANT: average.mean_where_significant}
    limit = colour_limit([maps[name] for name in columns if name in maps])
    signed: list[str] = [name for name in columns if name in maps]
    tiles: dict[str, Draw] = {name: partial(draw_map, values=maps[name], extent=extent, limit=limit) for name in signed}
    bars: dict[str, Draw] = {name: partial(draw_bar, limit=limit) for name in signed[-1:]}
    if SIGNIFICANT in columns and average.norm > 0:
        pixels = average.significant_pixels
        tiles[SIGNIFICANT] = partial(
            draw_significant, values=maps[SIGNIFICANT], significant_pixels=pixels, extent=extent, limit=limit
        )
    if NOISE in columns:
        end = colour_limit([average.noise])
        tiles[NOISE] = partial(draw_map, values=average.noise, extent=extent, limit=end, signed=False)
        bars[NOISE] = partial(draw_bar, limit=end, signed=False)
    if len(average.unit) < 2:
        tiles |= {name: partial(_write, word="needs two\nmembers") for name in (NOISE, SIGNIFICANT) if name in columns}
        bars.pop(NOISE, None)
    if OVERLAY in columns:
        tiles[OVERLAY], bars[OVERLAY] = _overlay(row, average)
    return TileLine(words=_words(row), tiles=tiles, bars=bars)


def _overlay(row: ExplanationRow, average: AverageMap) -> tuple[Draw, Draw]:
    """Return what draws the marginal map over the picture, and its colour bar."""
    if row.no_marginal:
        return partial(_write, word="failed"), partial(draw_bar, limit=0.0)
    laid = average.mean if row.marginal is None else row.marginal
    values = unit_maps(laid[None])[0].sum(0)
    limit = colour_limit([values])
    over = partial(draw_overlay, picture=row.picture, values=values, limit=limit)
    return over, partial(draw_bar, limit=limit, palette=translucent())


def _write(axes: Axes, word: str) -> None:
    axes.set_axis_off()
    write_on(axes, word)
