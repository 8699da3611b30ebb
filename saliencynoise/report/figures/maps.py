"""Maps side by side: a picture, single members' maps, their mean, their noise and the mean's significant pixels."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.averages import (
    MEAN,
    MEAN_AT_UNIT_NORM,
    NOISE,
    SIGNIFICANT,
    average_of,
    colour_limit,
)
from saliencynoise.display.figures.canvas import draw_bar, draw_map, draw_picture, draw_significant
from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.chosen import chosen
from saliencynoise.display.figures.room import OWN, Room
from saliencynoise.display.figures.tile_rows import PICTURE, TileBlock, TileLine, draw_rows, fitting
from saliencynoise.display.numbers import percent
from saliencynoise.engine.study_cells import signed_cells
from saliencynoise.records.numbers import FALSE_DISCOVERY_RATE
from saliencynoise.report.figures import texts
from saliencynoise.report.figures.choice import choose, of_layout
from saliencynoise.report.figures.tiles import (
    AVERAGES,
    TileRow,
    arrays,
    check_images,
    facts,
    keys_of,
    member_maps,
    pictures_of,
)

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saliencynoise.engine.study import Study


TITLE = "Maps of single networks and their mean"
CAPTION = (
    "Maps of the first members, and averages over all members. Every map is divided by its norm before averaging. Each "
    "row has one colour scale: red is positive, blue negative, white zero; its noise (SD, purple) has another. The "
    "mean is pale where members disagree; its norm, written below it, is 1 if all agree."
)
SIGNIFICANCE_NOTE = (
    "Significant pixels exceed noise in a moderated t-test over members, at "
    f"{FALSE_DISCOVERY_RATE:.0%} false discoveries."
)


def captioned(study: Study) -> CaptionedFigure | None:
    """Return the figure of the picture and the cells that `choose` returns, with its texts; None without such maps."""
    pictures = of_layout(study, "picture")
    if pictures is None:
        return None
    study = pictures
    choice = choose(study)
    rows = data(study, images=[choice.image], methods=choice.methods, architectures=choice.architectures)
    return CaptionedFigure(
        name="maps",
        title=TITLE,
        caption=CAPTION,
        alt=alt(rows),
        notes=[f"{choice.words} {SIGNIFICANCE_NOTE} {noise_norm(rows)}", texts.basis(study)],
        figure=draw(rows),
        data=facts(rows),
        arrays=arrays(rows),
        pictorial=True,
    )


def noise_norm(rows: Sequence[TileRow]) -> str:
    """Return a sentence on the norm that the mean of pure noise has."""
    counts = sorted({row.members for row in rows})
    members, norms = (" or ".join(names) for names in ([f"{e}" for e in counts], [f"{e**-0.5:.2f}" for e in counts]))
    return f"If the maps of all E = {members} members were noise alone, the norm of their mean would be 1/√E = {norms}."


def alt(rows: Sequence[TileRow]) -> str:
    """Return the alternative text of rows of maps."""
    columns = list(dict.fromkeys(column for row in rows for column in row.tiles if column not in AVERAGES))
    averages = [column for column in AVERAGES if any(column in row.tiles for row in rows)]
    norms = [f"{row.keys['method']} " + ("failed" if row.reason else _norm_and_share(row)) for row in rows]
    measures = "Norm of the mean and share of significant pixels" if SIGNIFICANT in averages else "Norm of the mean"
    return (
        f"A grid of saliency maps of pictures{_classes(rows)}, a row for each method and picture: {len(columns)} "
        f"single members, {', '.join(averages)}. {measures}: {'; '.join(norms)}."
        f"{texts.failed_maps((row.keys, row.reason) for row in rows)}"
    )


def _norm_and_share(row: TileRow) -> str:
    return f"{row.norm:.2f}" + (f", {percent(row.share)}" if row.significant_pixels is not None else "")


def _classes(rows: Sequence[TileRow]) -> str:
    names = list(dict.fromkeys(row.keys["class"] for row in rows))
    return texts.of_class(names[0]) if len(names) == 1 else f" of the classes {texts.listed(names)}"


def data(
    study: Study,
    *,
    images: Sequence[int] = (0,),
    methods: Sequence[str] | None = None,
    architectures: Sequence[str] | None = None,
    singles: int = 4,
    averages: Sequence[str] = AVERAGES,
) -> list[TileRow]:
    """Read the rows of a gallery: architecture by architecture, image by image, method by method.

    Args:
        study: run with `keep_maps="all"`.
        images: places among the study's images, from 0.
        methods: labels; None for all.
        architectures: labels; None for all.
        singles: how many members are shown alone, the first ones; all if there are fewer.
        averages: the columns after them, some of `AVERAGES`.

    Raises:
        UsageError: no members' maps were kept, or there is no such image, method or architecture.
    """
    cells = signed_cells(study, architectures=architectures, methods=methods)
    check_images(study, images)
    tree: Any = study.maps  # opened once: that costs more than reading
    pictures = pictures_of(tree, images) if study.result.dataset.image_shape is not None else {}
    names = dict.fromkeys(cell.architecture for cell in cells)
    rows = []
    for name, image in ((name, image) for name in names for image in images):
        for cell in cells:
            if cell.architecture != name:
                continue
            common: dict[str, Any] = {"keys": keys_of(study, cell, image), "members": cell.members}
            common["picture"] = pictures.get(image)
            if cell.status != "ok":
                rows.append(TileRow(**common, tiles={}, norm=float("nan"), reason=str(cell.reason)))
                continue
            maps = member_maps(study, tree, cell, image=image)
            rows.append(TileRow(**common, **_tiles(maps, singles, averages)))
    return rows


def _tiles(maps: Float[np.ndarray, "E c h w"], singles: int, averages: Sequence[str]) -> dict[str, Any]:
    """Return the fields of a row that are computed from its maps."""
    average = average_of(maps)
    averages_by_name = {
        MEAN: average.mean.sum(0),
        MEAN_AT_UNIT_NORM: average.at_unit_norm,
        NOISE: average.noise,
        SIGNIFICANT: average.mean_where_significant,
    }
    tiles = {f"member {e}": average.unit[e].sum(0) for e in range(min(singles, len(average.unit)))}
    tiles |= {name: averages_by_name[name] for name in averages}
    tested = (
        {"significant_pixels": average.significant_pixels, "share": average.share} if SIGNIFICANT in averages else {}
    )
    return {"tiles": tiles, "norm": average.norm, **tested}


MEMBERS = "members"
"""The choice of all columns of single members."""

CHOICES = (PICTURE, MEMBERS, *AVERAGES)
"""The columns to choose from."""


def draw(rows: Sequence[TileRow], *, columns: Sequence[str] | None = None, room: Room = OWN) -> Figure:
    """Draw rows of maps: the picture once, the single members and the row's averages.

    Each row has one colour scale, symmetric about zero, from `TileRow.scale`; values beyond it have the colours of its
    ends. The noise, a standard deviation, is never negative and has a scale of its own. A layer's coarse map is drawn
    over the picture's extent, each value a rectangle: nothing is interpolated. A map of zeros is hatched and labelled,
    NaN is grey, pixels that are not significant are hatched on light grey, and a failed cell shows its reason. The
    mean's norm is written below it, where that of a single map is 1. The share of significant values is written below
    the significant pixels.

    Args:
        rows: from `data`.
        columns: some of `CHOICES`, or single members as "member 0"; None for as many as are readable.
        room: where they are drawn.

    Raises:
        UsageError: there is no such column, the columns do not fit into the width, or another number of axes is given.
    """
    shown = _columns(rows, columns, room)
    several = {name for name in ("dataset", "architecture") if len({row.keys[name] for row in rows}) > 1}
    blocks = []
    for _, group in groupby(rows, key=lambda row: tuple(row.keys[name] for name in (*sorted(several), "image"))):
        block = list(group)
        picture = block[0].picture
        blocks.append(
            TileBlock(
                title=_block_title(block[0], several),
                picture=None if picture is None else partial(draw_picture, picture=picture),
                lines=[_line(row, shown) for row in block],
            )
        )
    return draw_rows(blocks, shown, {column: _title(column, rows) for column in shown}, room=room)


def _columns(rows: Sequence[TileRow], columns: Sequence[str] | None, room: Room) -> list[str]:
    """Return the columns that are asked for, or those that are readable."""
    held = list(dict.fromkeys(column for row in rows for column in row.tiles)) or [MEAN]
    singles = [column for column in held if column not in AVERAGES]
    averages = [column for column in (MEAN, MEAN_AT_UNIT_NORM, SIGNIFICANT, NOISE) if column in held]
    pictures = [PICTURE] if any(row.picture is not None for row in rows) else []
    if columns is None:
        fewer = [[*pictures, *singles[:count], *averages] for count in range(len(singles), -1, -1)]
        fewer.append([column for column in fewer[-1] if column != MEAN_AT_UNIT_NORM])
        fewer.append([column for column in fewer[-1] if column != NOISE])
        return list(fitting(fewer, _bars(averages), room))
    available = [*pictures, MEMBERS, *singles, *averages]
    return [
        one for column in chosen(columns, available) for one in (singles if column == MEMBERS else [column])
    ]  # fmt: skip


def _bars(columns: Sequence[str]) -> list[str]:
    """Return the columns beside which a colour bar stands: the last one of each scale."""
    signed = [column for column in columns if column not in {NOISE, PICTURE}]
    return [*signed[-1:], *([NOISE] if NOISE in columns else [])]


def _block_title(row: TileRow, several: set[str]) -> str:
    """Return the title above the rows of a picture: the class that is explained."""
    names = [row.keys[name] for name in sorted(several)]
    return ", ".join([*([f"class '{row.keys['class']}'"] if row.keys["class"] else []), *names])


def _line(row: TileRow, columns: Sequence[str]) -> TileLine:
    if row.reason:
        return TileLine(words=[row.keys["method"]], reason=row.reason)
    noise = colour_limit([row.tiles[NOISE]]) if NOISE in row.tiles else 0.0
    bars = {
        column: partial(draw_bar, limit=noise, signed=False) if column == NOISE else partial(draw_bar, limit=row.scale)
        for column in _bars(columns)
    }
    return TileLine(
        words=[row.keys["method"]],
        tiles={column: partial(_draw_tile, row=row, column=column) for column in columns if column in row.tiles},
        notes={MEAN: f"norm {row.norm:.2f}"}
        | ({SIGNIFICANT: percent(row.share)} if row.significant_pixels is not None else {}),
        bars=bars,
    )


def _draw_tile(axes: Axes, row: TileRow, column: str) -> None:
    values = row.tiles[column]
    height, width = values.shape if row.picture is None else row.picture.shape[1:]
    extent = (int(height), int(width))
    if column == SIGNIFICANT and row.significant_pixels is not None and row.norm > 0:
        draw_significant(axes, values, row.significant_pixels, extent=extent, limit=row.scale)
    elif column == NOISE:
        draw_map(axes, values, extent=extent, limit=colour_limit([values]), signed=False)
    else:
        draw_map(axes, values, extent=extent, limit=row.scale)


def _title(column: str, rows: Sequence[TileRow]) -> str:
    counts = {row.members for row in rows}
    every = f"{counts.pop()}" if len(counts) == 1 else "all"
    return {
        MEAN: f"mean of {every}",
        MEAN_AT_UNIT_NORM: "mean, norm 1",
        NOISE: f"SD over {every}",
        SIGNIFICANT: f"significant, {FALSE_DISCOVERY_RATE:.0%} FDR",
    }.get(column, column)
