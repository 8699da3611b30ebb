"""Maps side by side: a picture, single members' maps, their mean, their noise and the mean's significant pixels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.averages import MEAN, MEAN_AT_UNIT_NORM, NOISE, SIGNIFICANT, average_of
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
from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.style import SMALL, shortened, two_lines
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
    "row has one colour scale, symmetric about zero: red is positive, blue negative, white zero, grey NaN. The mean is "
    "pale where members disagree, and its norm is written below it; the norm is 1 if all members agree."
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
    chosen = choose(study)
    rows = data(study, images=[chosen.image], methods=chosen.methods, architectures=chosen.architectures)
    return CaptionedFigure(
        name="maps",
        title=TITLE,
        caption=CAPTION,
        alt=alt(rows),
        notes=[f"{chosen.words} {SIGNIFICANCE_NOTE} {noise_norm(rows)}", texts.basis(study)],
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


def draw(rows: Sequence[TileRow]) -> Figure:
    """Draw rows of maps: the picture, the single members and the row's averages.

    Each row has one colour scale, symmetric about zero, from `TileRow.scale`; values beyond it have the colours of its
    ends. The noise, a standard deviation, is on that scale too, so that it can be compared with the mean beside it. A
    layer's coarse map is drawn over the picture's extent, each value a rectangle: nothing is interpolated. A map of
    zeros is hatched and labelled, NaN is grey, pixels that are not significant are hatched on light grey, and a failed
    cell shows its reason. The mean's norm is written below it, where that of a single map is 1. The share of
    significant values is written below the significant pixels.
    """
    columns = list(dict.fromkeys(column for row in rows for column in row.tiles)) or [MEAN]
    labels = _labels(rows)
    tested = SIGNIFICANT in columns
    before = 1 if any(row.picture is not None for row in rows) else 0
    canvas = grid(len(rows), before + len(columns), left=room_for(labels), bottom=KEY if tested else 0.0, between=BELOW)
    for line, (row, label) in enumerate(zip(rows, labels, strict=True)):
        drawn = []
        if row.picture is not None:
            drawn.append(canvas.place(line, 0))
            draw_picture(drawn[0], row.picture)
        if row.reason:
            drawn.append(canvas.place(line, before, across=len(columns)))
            draw_failure(drawn[-1], row.reason)
        for index, column in enumerate([] if row.reason else columns):
            drawn.append(canvas.place(line, index + before))
            _draw_tile(drawn[-1], row, column)
        drawn[0].set_ylabel(label, fontsize=SMALL + 1, rotation=0, ha="right", va="center", labelpad=6)
        if not row.reason:
            draw_bar(canvas.figure, drawn[-1], row.scale)
    for index, title in enumerate(["picture"][:before] + [_title(column, rows) for column in columns]):
        canvas.heading(index, title)
    if tested:
        key(canvas.figure, LOOKS)
    return canvas.figure


def _draw_tile(axes: Axes, row: TileRow, column: str) -> None:
    values = row.tiles[column]
    height, width = values.shape if row.picture is None else row.picture.shape[1:]
    extent = (int(height), int(width))
    if column == SIGNIFICANT and row.significant_pixels is not None and row.norm > 0:
        draw_significant(axes, values, row.significant_pixels, extent=extent, limit=row.scale)
        axes.set_xlabel(f"{percent(row.share)} of values", fontsize=SMALL, labelpad=2)
    else:
        draw_map(axes, values, extent=extent, limit=row.scale)
    if column == MEAN:
        axes.set_xlabel(f"norm {row.norm:.2f}", fontsize=SMALL, labelpad=2)


def _title(column: str, rows: Sequence[TileRow]) -> str:
    counts = {row.members for row in rows}
    every = f"{counts.pop()}" if len(counts) == 1 else "all"
    return {
        MEAN: f"mean of {every}",
        MEAN_AT_UNIT_NORM: f"mean of {every},\nat unit norm",
        NOISE: f"noise: SD\nover {every}",
        SIGNIFICANT: f"significant\nat {FALSE_DISCOVERY_RATE:.0%} FDR",
    }.get(column, column)


def _labels(rows: Sequence[TileRow]) -> list[str]:
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
