"""The common parts of figures of maps: a grid of square tiles, and functions that draw a picture or map into one.

Values without a number never have a colour of the palette. NaN is a flat grey, a map of zeros is hatched and
labelled, and a pixel that is not significant is hatched on light grey, while a zero is white. `key` explains
this below a figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.style import MISSING, SMALL, WIDEST, blank, diverging, sequential, shortened, wrapped

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool, Float, UInt8
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure, FigureBase
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

BAR, TOP, BELOW, GAP = 0.85, 0.5, 0.24, 0.08
"""Inches: right of a row, above all rows, below each one (for the norm), between tiles."""

LETTER = 0.085
"""Inches of a letter beside a row, on average."""

LARGEST = 1.3
"""Inches of a tile."""

KEY = 0.34
"""Inches below all rows, for the key of greys and hatches."""

PALE, STRIPE = "#EDEDED", "#BDBDBD"
"""Colours of pixels that are not significant: the ground and the hatch on it."""

ZERO, NOT_SIGNIFICANT = "////", "\\\\\\\\\\"
"""Hatches."""

SHOWN, INSIGNIFICANT, NAN, CROSSED = "map", "not significant", "NaN", "NaN, over the picture"
"""Labels of what is drawn, by which the key knows that it is there."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A figure of square tiles in lines and columns, and the room about them, in inches.

    Attributes:
        figure: what is drawn into.
        tile: the side of a tile.
        left: of the first column.
        top: above the first line.
        pitch: from one line to the next.
    """

    figure: Figure
    tile: float
    left: float
    top: float
    pitch: float

    def place(self, line: int, column: int, *, across: int = 1) -> Axes:
        """Return the axes of a tile, or of some side by side, without ticks."""
        width, height = self.figure.get_size_inches()
        x, y = self.left + column * (self.tile + GAP), height - self.top - line * self.pitch - self.tile
        wide = across * (self.tile + GAP) - GAP
        axes = self.figure.add_axes((x / width, y / height, wide / width, self.tile / height))
        axes.set_xticks([])
        axes.set_yticks([])
        return axes

    def heading(self, column: int, title: str) -> None:
        """Write a column's title above it."""
        width, height = self.figure.get_size_inches()
        x = self.left + column * (self.tile + GAP) + self.tile / 2
        y = 1 - (self.top - 0.06) / height
        self.figure.text(x / width, y, title, ha="center", va="bottom", fontsize=SMALL + 1)


def grid(
    lines: int,
    columns: int,
    *,
    left: float,
    right: float = BAR,
    top: float = TOP,
    between: float = BELOW,
    bottom: float = 0.0,
) -> Grid:
    """Return an empty grid whose tiles are as large as the page and `LARGEST` allow.

    Args:
        lines: of tiles.
        columns: of tiles.
        left: inches before the first column.
        right: inches after the last.
        top: inches above the first line.
        between: inches below each line.
        bottom: inches below all.
    """
    tile = min(LARGEST, (WIDEST - left - right) / columns - GAP)
    pitch = tile + between
    figure = blank(left + columns * (tile + GAP) + right, top + lines * pitch + bottom, constrained=False)
    return Grid(figure=figure, tile=tile, left=left, top=top, pitch=pitch)


def room_for(labels: list[str]) -> float:
    """Return the inches that labels take beside the first column."""
    return 0.35 + LETTER * max(len(line) for label in labels for line in label.split("\n"))


def draw_picture(axes: Axes, picture: UInt8[np.ndarray, "C H W"]) -> None:
    """Draw a picture, of one channel in grey."""
    if len(picture) == 1:
        axes.imshow(picture[0], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    else:
        axes.imshow(picture.transpose(1, 2, 0), interpolation="nearest")


def draw_map(
    axes: Axes,
    values: Float[np.ndarray, "h w"],
    *,
    extent: tuple[int, int],
    limit: float,
    palette: Colormap | None = None,
    interpolation: str = "nearest",
    signed: bool = True,
) -> None:
    """Draw a map in -limit to limit over a picture's extent; all zeros hatched, NaN grey, both with a word.

    Args:
        axes: a tile.
        values: the map, coarse as it is.
        extent: H and W of the picture.
        limit: where the colours end; 0 if there is nothing to scale.
        palette: instead of `diverging`.
        interpolation: "nearest" (each value a rectangle) or "bilinear".
        signed: whether values may be negative; else the colours are `sequential`, from 0.
    """
    import numpy as np  # noqa: PLC0415 - kept off the import path of the command line

    _show(axes, values, extent, limit, palette=palette, interpolation=interpolation, signed=signed)
    word = word_of(values)
    if word == "all zero":
        axes.add_patch(hatched(np.ones((1, 1), dtype=bool), extent=extent, hatch=ZERO, stripe=MISSING))
    if word:
        write_on(axes, word)


def word_of(values: Float[np.ndarray, "h w"]) -> str:
    """Return the word for a map without colours; empty for any other map."""
    import numpy as np  # noqa: PLC0415 - as above

    if not np.isfinite(values).any():
        return "all NaN"
    return "" if np.nan_to_num(values).any() else "all zero"


def draw_significant(
    axes: Axes,
    values: Float[np.ndarray, "h w"],
    significant_pixels: Bool[np.ndarray, "h w"],
    *,
    extent: tuple[int, int],
    limit: float,
) -> None:
    """Draw a map where it is significant, and hatch the other pixels on light grey; a word marks a map without any.

    Arguments as of `draw_map`; `significant_pixels` says which pixels are significant.
    """
    import numpy as np  # noqa: PLC0415 - as above

    _show(axes, values, extent, limit)
    insignificant = ~significant_pixels & np.isfinite(values)
    if insignificant.any():
        patch = hatched(insignificant, extent=extent, hatch=NOT_SIGNIFICANT, ground=PALE, stripe=STRIPE)
        patch.set_label(INSIGNIFICANT)
        axes.add_patch(patch)
    if not significant_pixels.any():
        write_on(axes, "none" if insignificant.any() else "all NaN")


def draw_failure(axes: Axes, reason: str, *, inches: float) -> None:
    """Write the reason of a failure into a tile, in lines of at most `inches`."""
    axes.set_facecolor("#F4F4F4")
    message = wrapped(f"failed: {shortened(reason, 600)}", inches - 0.08, lines=4)
    axes.text(0.5, 0.5, message, ha="center", va="center", fontsize=SMALL, transform=axes.transAxes)


def write_on(axes: Axes, word: str) -> None:
    """Write a word on a tile, on a white background."""
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
    axes.text(0.5, 0.5, word, ha="center", va="center", fontsize=SMALL, bbox=paper, transform=axes.transAxes)


def draw_bar(axes: Axes, limit: float, *, signed: bool = True, palette: Colormap | None = None) -> None:
    """Draw a colour bar from -limit, or from 0, to limit, with numbers at both ends and at zero.

    Args:
        axes: of the bar, upright.
        limit: the end of the colours; nothing is drawn if it is 0.
        signed: whether values may be negative.
        palette: instead of `diverging` or `sequential`.
    """
    from matplotlib.cm import ScalarMappable  # noqa: PLC0415 - as above
    from matplotlib.colors import Normalize  # noqa: PLC0415 - as above

    if not limit:
        axes.set_axis_off()
        return
    ticks = [-limit, 0.0, limit] if signed else [0.0, limit]
    colours = ScalarMappable(Normalize(ticks[0], limit), palette or (diverging() if signed else sequential()))
    bar = axes.figure.colorbar(colours, cax=axes)
    bar.set_ticks(ticks, labels=[f"{tick:.2g}".replace("-", "\N{MINUS SIGN}") for tick in ticks])
    axes.tick_params(labelsize=SMALL, length=2, pad=1.5)
    bar.outline.set_linewidth(0.4)


def hatched(
    cells: Bool[np.ndarray, "h w"],
    *,
    extent: tuple[int, int],
    hatch: str,
    stripe: str,
    ground: str = "none",
) -> PathPatch:
    """Return the cells of a map that are True, hatched as one area.

    Args:
        cells: of a map, coarse as it is.
        extent: H and W of the picture.
        hatch: its pattern.
        stripe: the hatch's colour.
        ground: the colour under it.
    """
    from matplotlib.patches import PathPatch  # noqa: PLC0415 - as above

    # as pixels also in an SVG: of a large map these are tens of thousands of rectangles
    return PathPatch(
        _rectangles(cells, extent), facecolor=ground, edgecolor=stripe, hatch=hatch, linewidth=0, rasterized=True
    )  # fmt: skip


def draw_key(figure: FigureBase) -> None:
    """Draw the key of greys and hatches below a figure, of those that are in it."""
    from matplotlib.patches import Patch  # noqa: PLC0415 - as above

    panels: Any = figure
    drawn = {artist.get_label() for axes in panels.axes for artist in (*axes.images, *axes.patches)}
    handles = [Patch(label=name, **look) for name, look in LOOKS.items() if name in drawn]
    if handles:
        figure.legend(
            handles=handles, loc="lower center", ncols=len(handles), frameon=False, fontsize=SMALL, handlelength=2.2,
            borderaxespad=0.1,
        )  # fmt: skip


LOOKS: dict[str, dict[str, Any]] = {
    INSIGNIFICANT: {"facecolor": PALE, "edgecolor": STRIPE, "hatch": NOT_SIGNIFICANT, "linewidth": 0},
    NAN: {"facecolor": MISSING, "edgecolor": "none"},
    CROSSED: {"facecolor": "white", "edgecolor": "black", "hatch": "xxxxxx", "linewidth": 0},
}
"""The entries of the key, by the label of what is drawn so."""


def _show(
    axes: Axes,
    values: Float[np.ndarray, "h w"],
    extent: tuple[int, int],
    limit: float,
    *,
    palette: Colormap | None = None,
    interpolation: str = "nearest",
    signed: bool = True,
) -> None:
    import numpy as np  # noqa: PLC0415 - as above

    height, width = extent
    image = axes.imshow(
        np.ma.masked_invalid(values),
        cmap=palette or (diverging() if signed else sequential()),
        vmin=-(limit or 1.0) if signed else 0.0,
        vmax=limit or 1.0,
        interpolation=interpolation,
        extent=(0, width, height, 0),
    )
    image.set_label(NAN if not np.isfinite(values).all() else SHOWN)


def _rectangles(cells: Bool[np.ndarray, "h w"], extent: tuple[int, int]) -> Path:
    """Return one rectangle for each run of True cells in a line."""
    import numpy as np  # noqa: PLC0415 - as above
    from matplotlib.path import Path  # noqa: PLC0415 - as above

    step = np.array([extent[1] / cells.shape[1], extent[0] / cells.shape[0]])
    change = np.diff(np.pad(cells.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    (y, start), (_, end) = np.nonzero(change == 1), np.nonzero(change == -1)
    corners = [(start, y), (end, y), (end, y + 1), (start, y + 1), (start, y)]
    vertices = np.stack([np.stack(corner, 1) for corner in corners], 1).reshape(-1, 2) * step
    codes = np.tile([Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY], len(y))
    return Path(vertices, codes if len(codes) else None)
