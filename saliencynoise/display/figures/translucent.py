"""A map laid over its picture: the picture in pale greys, colours that grow opaque with |value|, outlines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.canvas import draw_map, hatched, word_of, write_on
from saliencynoise.display.figures.style import SMALL, diverging, shortened

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Bool, Float, UInt8
    from matplotlib.axes import Axes
    from matplotlib.collections import LineCollection
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

DARKEST, LIGHTEST = 0.35, 0.95
"""Greys of black and white in the picture: a black outline shows on the first, and neither hides a colour."""

GROUND = str((DARKEST + LIGHTEST) / 2)
"""Colour behind the colour bar."""

CROSSED = "xxxxxx"
"""Colour of NaN, since a grey would look like the picture."""

LOOKS: dict[str, dict[str, Any]] = {
    "zero: the picture alone": {"facecolor": GROUND, "edgecolor": "none"},
    "significant": {"facecolor": GROUND, "edgecolor": "black", "linewidth": 1.0},
    "NaN": {"facecolor": "white", "edgecolor": "black", "hatch": CROSSED, "linewidth": 0},
}
"""The entries of the key of overlays."""


def translucent() -> Colormap:
    """Return `diverging` with opacity growing from 0 at zero to 1 at both ends; NaN is transparent."""
    import numpy as np  # noqa: PLC0415 - kept off the import path of the command line
    from matplotlib.colors import ListedColormap  # noqa: PLC0415 - as above

    levels = np.linspace(-1, 1, 257)
    # small values take their colour from further out: the palette's own are near white, and would look like the picture
    colours = diverging()((np.sign(levels) * np.abs(levels) ** 0.5 + 1) / 2)
    colours[:, 3] = np.abs(levels) ** 0.6
    return ListedColormap(colours).with_extremes(bad=(0, 0, 0, 0), under=colours[0], over=colours[-1])


def draw_overlay(
    axes: Axes,
    picture: UInt8[np.ndarray, "C H W"],
    values: Float[np.ndarray, "h w"],
    *,
    limit: float,
    significant_pixels: Bool[np.ndarray, "h w"] | None = None,
    masked: bool = False,
    interpolation: str = "nearest",
) -> None:
    """Draw a map over its picture in greys, with black outlines of the significant pixels.

    Args:
        axes: a tile.
        picture: of 1 or 3 channels.
        values: signed, coarse as it is; zeros show the picture, NaN is crossed.
        limit: |value| at which the colours end; 0 if there is nothing to scale.
        significant_pixels: the pixels to outline; None for no outline.
        masked: colour these pixels only.
        interpolation: "nearest" or "bilinear".
    """
    import numpy as np  # noqa: PLC0415 - as above

    extent = (picture.shape[1], picture.shape[2])
    axes.imshow(greyed(picture), cmap="gray", vmin=0, vmax=1, extent=(0, extent[1], extent[0], 0))
    shown = (
        np.where(significant_pixels | np.isnan(values), values, 0.0)
        if masked and significant_pixels is not None
        else values
    )
    if not word_of(values):
        draw_map(axes, shown, extent=extent, limit=limit, palette=translucent(), interpolation=interpolation)
    axes.add_patch(hatched(~np.isfinite(values), extent=extent, hatch=CROSSED, stripe="black", ground="white"))
    if word_of(values):
        write_on(axes, word_of(values))
    if significant_pixels is not None:
        # a pale frame, so that where a significant region ends at the picture's edge its outline is seen to go on
        axes.spines[:].set_color("#C8C8C8")
        axes.add_collection(outline(significant_pixels, extent=extent))


def greyed(picture: UInt8[np.ndarray, "C H W"]) -> Float[np.ndarray, "H W"]:
    """Return a picture's luma (Rec. 601) between `DARKEST` and `LIGHTEST`.

    >>> import numpy as np
    >>> greyed(np.array([0, 255], dtype=np.uint8).reshape(1, 1, 2)).tolist()
    [[0.35, 0.95]]
    """
    import numpy as np  # noqa: PLC0415 - as above

    weights = np.array([0.299, 0.587, 0.114]) if len(picture) == 3 else np.full(len(picture), 1 / len(picture))
    luma: Float[np.ndarray, "H W"] = np.tensordot(weights, picture / 255.0, axes=1)
    return DARKEST + (LIGHTEST - DARKEST) * luma


def outline(cells: Bool[np.ndarray, "h w"], *, extent: tuple[int, int]) -> LineCollection:
    """Return the edges between cells that are True and others, the map's own edge included.

    Args:
        cells: of a map, coarse as it is.
        extent: H and W of the picture.
    """
    import numpy as np  # noqa: PLC0415 - as above
    from matplotlib.collections import LineCollection  # noqa: PLC0415 - as above

    inside = np.pad(cells, 1).astype(np.int8)
    y, x = np.nonzero(np.diff(inside, axis=1)[1:-1])
    upright = np.stack([np.stack([x, y], 1), np.stack([x, y + 1], 1)], 1)
    y, x = np.nonzero(np.diff(inside, axis=0)[:, 1:-1])
    level = np.stack([np.stack([x, y], 1), np.stack([x + 1, y], 1)], 1)
    step = np.array([extent[1] / cells.shape[1], extent[0] / cells.shape[0]])
    # as pixels also in an SVG, as the hatches
    thick = 0.9 * min(1.0, max(0.2, 20 / max(cells.shape)))  # points; of fine maps less, or lines are all one sees
    return LineCollection(
        list(np.concatenate([upright, level]) * step),
        colors="black",
        linewidths=thick,
        capstyle="projecting",
        clip_on=False,
        zorder=3,  # above the frame
        rasterized=True,
    )


def draw_opacity_bar(figure: Figure, box: tuple[float, float, float, float], *, labels: tuple[str, str, str]) -> None:
    """Draw the colours on the picture's middle grey, with labels at the lower end, at zero and at the upper end.

    Args:
        figure: to draw into.
        box: left, bottom, width, height, in inches.
        labels: of the ticks.
    """
    from matplotlib.cm import ScalarMappable  # noqa: PLC0415 - as above
    from matplotlib.colors import Normalize  # noqa: PLC0415 - as above

    width, height = figure.get_size_inches()
    axes = figure.add_axes((box[0] / width, box[1] / height, box[2] / width, box[3] / height))
    axes.set_facecolor(GROUND)
    flat = box[2] > box[3]
    bar = figure.colorbar(
        ScalarMappable(Normalize(-1, 1), translucent()),
        cax=axes,
        ticks=[-1, 0, 1],
        orientation="horizontal" if flat else "vertical",
    )
    bar.set_ticklabels([shortened(label, 40) for label in labels], fontsize=SMALL)
