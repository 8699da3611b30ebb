"""Maps of several kinds of networks beside their pictures: the first figure of an analysis's page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.canvas import draw_map, draw_picture, grid, room_for
from saliencynoise.display.figures.captioned import CaptionedFigure, MissingFigure
from saliencynoise.display.figures.style import SMALL, diverging, shortened
from saliencynoise.display.visible import printable
from saliencynoise.engine.study import Study
from saliencynoise.engine.study_maps import VALUE, group_of
from saliencynoise.interfaces import SaliencyNoiseError, UsageError, one_line
from saliencynoise.statistics.draws import own_draws
from saliencynoise.statistics.signs import ONE_SIGNED

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float, UInt8
    from matplotlib.figure import Figure

    from saliencynoise.records.cell import Cell

IMAGES = 2
"""The number of images of a figure."""

MOST_LINES = 12
"""The largest number of lines of a figure; of more methods, the first ones are drawn."""

NAME = "maps"


@dataclass(frozen=True, kw_only=True, eq=False)
class MapLine:
    """A line of the figure: a method's maps of one image.

    Attributes:
        image: name of the image, with its class.
        picture: `[C, H, W]`.
        method: name of the method, and of the architecture where there are several.
        maps: `[h, w]` by column, channels summed; None where there is none.
        one_signed: whether no map of the method can be negative, so that its colours have no blue.
    """

    image: str
    picture: UInt8[np.ndarray, "C H W"]
    method: str
    maps: Mapping[str, Float[np.ndarray, "h w"] | None]
    one_signed: bool


def of_unit_norm(study: Study, cell: Cell, image: int) -> Float[np.ndarray, "E c h w"]:
    """Return the members' maps of an image, averaged over draws, each divided by its norm; a map of zeros stays so.

    Raises:
        UsageError: if the study kept none, or they are no pictures.
    """
    import numpy as np  # noqa: PLC0415 - kept off the import path of the command line

    group = group_of(study.maps, cell)
    if "maps" not in group or VALUE in group["maps"].dims:
        raise UsageError(f"{study.folder} kept no members' maps")
    maps = group["maps"].isel(image=image)
    if "draw" in maps.dims:
        maps = maps.isel(draw=own_draws(maps.sizes["draw"])).mean("draw", skipna=False)
    values = maps.to_numpy().astype(np.float64)
    norms = np.sqrt((values**2).sum((1, 2, 3), keepdims=True))
    unit: np.ndarray = np.divide(values, norms, out=np.zeros_like(values), where=norms > 0)
    return unit


def picture_of(study: Study, image: int) -> UInt8[np.ndarray, "C H W"]:
    """Return an attributed image of a study."""
    tree: Any = study.maps
    pixels: np.ndarray = tree["images"]["pixels"].isel(image=image).to_numpy()
    return pixels


def line_of(
    study: Study, cell: Cell, image: int, maps: Mapping[str, Float[np.ndarray, "c h w"] | None], *, several: bool
) -> MapLine:
    """Return a line of the figure.

    Args:
        study: it has the image.
        cell: it has the method and the architecture.
        image: its place among the images of the study.
        maps: by column.
        several: whether the study has several architectures.
    """
    record = study.result.images[image]
    label = study.result.class_of(record)
    return MapLine(
        image=record.name if label is None else f"class {label}",
        picture=picture_of(study, image),
        method=f"{cell.method}\n{cell.architecture}" if several else cell.method,
        maps={name: None if values is None else values.sum(0) for name, values in maps.items()},
        one_signed=cell.sign in ONE_SIGNED,
    )


def captioned(lines: Sequence[MapLine], *, title: str, caption: str) -> CaptionedFigure:
    """Return the figure of lines, one at least, with its texts."""
    columns = list(lines[0].maps)
    alt = f"Lines: {', '.join(dict.fromkeys(line.method for line in lines))}. Columns: picture, {', '.join(columns)}."
    return CaptionedFigure(
        name=NAME,
        title=title,
        caption=caption,
        alt=" ".join(alt.split()),
        figure=draw(lines),
        data=_tidy(lines),
        arrays=_arrays(lines),
        pictorial=True,
    )


def maps_or_reason(lines: Iterator[MapLine], *, title: str, caption: str) -> CaptionedFigure | MissingFigure:
    """Return the figure of lines; where their files are gone, or there are none, the reason."""
    try:
        found = list(lines)
    except (SaliencyNoiseError, OSError, KeyError) as error:
        return MissingFigure(name=NAME, title=title, reason=one_line(error))
    if not found:
        return MissingFigure(name=NAME, title=title, reason="no method has maps of all kinds of networks")
    return captioned(found, title=title, caption=caption)


def study_in(folder: Path) -> Study:
    """Return the study of an analysis, from its place in the folder of the analysis.

    Raises:
        UsageError: if there is none.
    """
    return Study.load(folder)


def draw(lines: Sequence[MapLine]) -> Figure:
    """Draw the lines: the picture of each image once, then the maps, each on its own colour scale."""
    columns = list(lines[0].maps)
    labels = [_label(line.method) for line in lines]
    canvas = grid(len(lines), 1 + len(columns), left=room_for(labels), right=0.1, top=0.55, between=0.1, bottom=0.1)
    for place, heading in enumerate(["picture", *columns]):
        canvas.heading(place, printable(heading))
    for index, (line, label) in enumerate(zip(lines, labels, strict=True)):
        first = index == 0 or lines[index - 1].image != line.image
        extent = line.picture.shape[1], line.picture.shape[2]
        if first:
            axes = canvas.place(index, 0)
            draw_picture(axes, line.picture)
            axes.set_xlabel(shortened(line.image, 24), fontsize=SMALL, labelpad=2)
        for place, values in enumerate(line.maps.values(), start=1):
            axes = canvas.place(index, place)
            if place == 1:
                width = canvas.figure.get_figwidth()
                box = axes.get_position()
                canvas.figure.text(
                    (canvas.left - 0.1) / width, (box.y0 + box.y1) / 2, label, ha="right", va="center", fontsize=SMALL
                )
            _draw_tile(axes, values, extent=extent, one_signed=line.one_signed)
    return canvas.figure


def _draw_tile(axes: Any, values: Any, *, extent: tuple[int, int], one_signed: bool) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - as above
    import numpy as np  # noqa: PLC0415 - as above

    if values is None:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "none", ha="center", va="center", fontsize=SMALL, transform=axes.transAxes)
        return
    limit = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0
    if one_signed and limit:
        height, width = extent
        palette = mpl.colormaps["viridis"]
        axes.imshow(values, cmap=palette, vmin=0, vmax=limit, interpolation="nearest", extent=(0, width, height, 0))
    else:
        draw_map(axes, values, extent=extent, limit=limit, palette=diverging())


def _label(method: str) -> str:
    """Return a label in lines that break before the parameters, and never inside a word."""
    return "\n".join(
        part if len(part) <= 24 or "(" not in part else part.replace("(", "\n(", 1) for part in method.split("\n")
    )


def _tidy(lines: Sequence[MapLine]) -> Any:
    import pandas as pd  # noqa: PLC0415 - as above

    return pd.DataFrame(
        [{"image": line.image, "method": line.method, "column": column} for line in lines for column in line.maps]
    )


def _arrays(lines: Sequence[MapLine]) -> bytes:
    """Return the drawn maps as the bytes of an .npz: "00/picture", "00/COLUMN" of line 0."""
    import io  # noqa: PLC0415 - as above

    import numpy as np  # noqa: PLC0415 - as above

    named: dict[str, Any] = {}
    for index, line in enumerate(lines):
        named[f"{index:02d}/picture"] = line.picture
        named |= {
            f"{index:02d}/{' '.join(name.split())}": values.astype(np.float32)
            for name, values in line.maps.items()
            if values is not None
        }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, lines=np.array([line.method for line in lines]), **named)
    return buffer.getvalue()
