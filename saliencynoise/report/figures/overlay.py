"""Marginal maps laid over their picture, which show the regions that the networks agree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.averages import CLIP, average_of, colour_limit, unit_maps
from saliencynoise.display.figures.canvas import draw_bar, draw_failure, draw_key, draw_picture
from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.room import OWN, Room, root_of
from saliencynoise.display.figures.style import LINE, NORMAL, SMALL, WIDEST, inches_of, wrapped
from saliencynoise.display.figures.translucent import draw_overlay, translucent
from saliencynoise.display.numbers import percent
from saliencynoise.engine.study_cells import signed_cells
from saliencynoise.engine.study_maps import group_of
from saliencynoise.interfaces import UsageError
from saliencynoise.records.cell import Cell
from saliencynoise.records.numbers import FALSE_DISCOVERY_RATE
from saliencynoise.report.figures import texts
from saliencynoise.report.figures.choice import choose, of_layout
from saliencynoise.report.figures.tiles import check_images, keys_of, member_maps, packed, pictures_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import xarray as xr
    from jaxtyping import Bool, Float, UInt8
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from saliencynoise.engine.study import Study

TITLE = "Marginal maps over the picture"
CAPTION = (
    "Marginal maps over the picture in greys. Red is positive, blue negative; the opacity shows |value|, so zeros show "
    f"the picture. Coarse maps are smoothed for display. Each map has its own colour bar, to the {CLIP}th percentile "
    "of |value|: compare places, not strengths, between methods. Below: the share of significant values, at "
    f"{FALSE_DISCOVERY_RATE:.0%} false discoveries."
)
UNTESTED_NOTE = (
    "Which pixels are significant is not known, since no members' maps were kept (--keep-maps all keeps them)."
)

TILE, LARGEST, BAR, GAP, EDGE = 0.9, 1.5, 0.48, 0.08, 0.05
"""Inches: of a tile at least and at most, of a colour bar, between tiles and at the sides."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Overlay:
    """A marginal map over its picture.

    Attributes:
        keys: data set, architecture, method, image and its class.
        picture: `[C, H, W]`, C of 1 or 3.
        values: `[h, w]`, the study's marginal map, channels summed, scaled to unit norm over channels and pixels; None
            of a failed cell.
        significant_pixels: `[h, w]`, the pixels with at least one significant channel; None where no members' maps
            were kept.
        share: of significant values among all pixels of all channels; NaN where that is not known.
        reason: why the cell failed; empty if it did not.
    """

    keys: Mapping[str, str]
    picture: UInt8[np.ndarray, "C H W"]
    values: Float[np.ndarray, "h w"] | None
    significant_pixels: Bool[np.ndarray, "h w"] | None = None
    share: float = float("nan")
    reason: str = ""

    @property
    def limit(self) -> float:
        """|value| at which the map's colours end; 0 if the map has no finite value other than 0."""
        return 0.0 if self.values is None else colour_limit([self.values])


def captioned(study: Study) -> CaptionedFigure | None:
    """Return the figure of the picture and the cells that `choose` returns, with its texts; None without pictures."""
    pictures = of_layout(study, "picture")
    if pictures is None or study.result.dataset.image_shape is None:
        return None
    study = pictures
    choice = choose(study)
    overlays = data(study, images=[choice.image], methods=choice.methods, architectures=choice.architectures)
    tested = any(overlay.significant_pixels is not None for overlay in overlays)
    aggregator = f"Aggregator: {study.result.settings.aggregator}, of raw maps; channels are summed."
    return CaptionedFigure(
        name="overlay",
        title=TITLE,
        caption=CAPTION,
        alt=alt(overlays),
        notes=[f"{choice.words} {aggregator}", *([] if tested else [UNTESTED_NOTE]), texts.basis(study)],
        figure=draw(overlays),
        data=table(overlays),
        arrays=arrays(overlays),
        pictorial=True,
    )


def alt(overlays: Sequence[Overlay]) -> str:
    """Return the alternative text of overlays."""
    tested = [overlay for overlay in overlays if overlay.significant_pixels is not None]
    shares = "; ".join(f"{overlay.keys['method']} {percent(overlay.share)}" for overlay in tested)
    return (
        f"The marginal map of each method over a picture{texts.of_class(overlays[0].keys['class'])}."
        + (f" Share of significant pixels: {shares}." if tested else "")
        + texts.failed_maps((overlay.keys, overlay.reason) for overlay in overlays)
    )


def data(
    study: Study,
    *,
    images: Sequence[int] = (0,),
    methods: Sequence[str] | None = None,
    architectures: Sequence[str] | None = None,
) -> list[Overlay]:
    """Read the overlays of a study: architecture by architecture, image by image, method by method.

    Args:
        study: run with `keep_maps="all"`, or with "mean", which leaves it without significant pixels.
        images: places among the study's images, from 0.
        methods: labels; None for all.
        architectures: labels; None for all.

    Raises:
        UsageError: no maps were kept, or there is no such image, method or architecture.
    """
    cells = signed_cells(study, architectures=architectures, methods=methods)
    check_images(study, images)
    tree = study.maps
    pictures = pictures_of(tree, images)
    names = dict.fromkeys(cell.architecture for cell in cells)
    return [
        _overlay(study, tree, cell, image, pictures[image])
        for name in names
        for image in images
        for cell in cells
        if cell.architecture == name
    ]


def draw(
    overlays: Sequence[Overlay], *, masked: bool = False, interpolation: str = "smooth", room: Room = OWN
) -> Figure:
    """Draw marginal maps over their pictures, with the picture itself first in each block.

    The picture is in greys; the colour says the sign, its opacity |value|, so that zeros show the picture. Each map's
    colours end at its own limit, the 99.5th percentile of its |value|, because methods have different units. Coarse
    maps are smoothed for display.

    Args:
        overlays: from `data`.
        masked: colour significant pixels only.
        interpolation: "smooth", or "nearest" to draw each value as a rectangle.
        room: where they are drawn; given axes are taken in the order picture, methods, next picture.

    Raises:
        UsageError: the interpolation is none of these, pixels are to be masked whose significance is not known, or
            another number of axes is given.
    """
    if masked and any(overlay.values is not None and overlay.significant_pixels is None for overlay in overlays):
        raise UsageError("which pixels are significant is not known: run the same bench again with --keep-maps all")
    blocks = _blocks(overlays)
    titles = [_title(block[0], blocks) for block in blocks]
    options: Any = {"masked": masked, "interpolation": interpolation}
    if room.given:
        room.check(sum(1 + len(block) for block in blocks), "the picture and each method")
        places = iter(room.given)
        for block, title in zip(blocks, titles, strict=True):
            for overlay in [None, *block]:
                axes = next(places)
                inches = inches_of(axes.figure) * axes.get_position().width
                _draw_tile(axes, block[0], overlay, title=title, inches=inches, **options)
        return root_of(room.given[0].figure)
    longest = 1 + max(len(block) for block in blocks)
    across = room.across
    if room.width == WIDEST and room.part is None:
        across = min(across, _width(longest, LARGEST))
    fit = max(1, min(longest, int((across - 2 * EDGE) / (TILE + BAR))))
    columns = -(-longest // -(-longest // fit))  # 9 tiles are 5 and 4, not 6 and 3
    tile = (across - 2 * EDGE) / columns - GAP - BAR
    heading = LINE * max(1 + _heading(overlay, tile).count("\n") for overlay in overlays) + 0.06
    pitch = heading + tile + LINE + 0.06
    lines = [-(-(1 + len(block)) // columns) for block in blocks]
    height = 0.28 + sum(lines) * pitch + 0.22 * len(blocks)
    figure = room.begin(height, width=across, constrained=False)
    down = room.down or height
    y = 0.03
    for block, title, count in zip(blocks, titles, lines, strict=True):
        words = wrapped(title, across - 2 * EDGE, size=NORMAL, lines=1)
        figure.text(EDGE / across, 1 - y / down, words, ha="left", va="top", fontsize=NORMAL)
        y += 0.22
        for index, overlay in enumerate([None, *block]):
            top = y + index // columns * pitch + heading
            left = EDGE + index % columns * (tile + GAP + BAR)
            axes = figure.add_axes((left / across, 1 - (top + tile) / down, tile / across, tile / down))
            _draw_tile(axes, block[0], overlay, title="picture", inches=tile, **options)
        y += count * pitch
    draw_key(figure)
    return root_of(figure)


def _width(columns: int, tile: float) -> float:
    return 2 * EDGE + columns * (tile + GAP + BAR)


def _heading(overlay: Overlay, inches: float) -> str:
    return wrapped(overlay.keys["method"], inches + 2 * EDGE, lines=3)


def table(overlays: Sequence[Overlay]) -> pd.DataFrame:
    """Return a row for each map: its keys, its limit, its share of significant values, the reason of a failure."""
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    return pd.DataFrame(
        [
            {**overlay.keys, "limit": overlay.limit, "significant": overlay.share, "reason": overlay.reason}
            for overlay in overlays
        ]
    )


def arrays(overlays: Sequence[Overlay]) -> bytes:
    """Return the drawn maps as the bytes of a compressed .npz, float32, for people to download.

    Of map 0: "00/picture" (uint8), "00/marginal", "00/significant_pixels" (bool, where known). "rows" holds a
    JSON text for each map, with the columns of `table`.
    """
    named: dict[str, np.ndarray] = {}
    for index, overlay in enumerate(overlays):
        arrays_of_map = {
            "picture": overlay.picture,
            "marginal": overlay.values,
            "significant_pixels": overlay.significant_pixels,
        }
        named |= {f"{index:02d}/{name}": values for name, values in arrays_of_map.items() if values is not None}
    return packed(named, table(overlays))


def _overlay(
    study: Study, tree: xr.DataTree, cell: Cell, image: int, picture: UInt8[np.ndarray, "C H W"]
) -> Overlay:  # fmt: skip
    common: dict[str, Any] = {"keys": keys_of(study, cell, image), "picture": picture}
    if cell.status != "ok":
        return Overlay(**common, values=None, reason=str(cell.reason))
    group = group_of(tree, cell)
    values = unit_maps(group["marginal"].isel(image=image).to_numpy()[None])[0].sum(0)
    if "maps" not in group:
        return Overlay(**common, values=values)
    average = average_of(member_maps(study, tree, cell, image=image))
    return Overlay(**common, values=values, significant_pixels=average.significant_pixels, share=average.share)


def _blocks(overlays: Sequence[Overlay]) -> list[list[Overlay]]:
    blocks: dict[tuple[str, ...], list[Overlay]] = {}
    for overlay in overlays:
        blocks.setdefault(tuple(overlay.keys[name] for name in ("dataset", "architecture", "image")), []).append(
            overlay
        )
    return list(blocks.values())


def _title(overlay: Overlay, blocks: Sequence[Sequence[Overlay]]) -> str:
    """Return the title of a block: the class that is explained, and the architecture if there are several."""
    several = len({block[0].keys["architecture"] for block in blocks}) > 1
    names = [f"class '{overlay.keys['class']}'"] if overlay.keys["class"] else [overlay.keys["image"]]
    return ", ".join([*names, *([overlay.keys["architecture"]] if several else [])])


def _draw_tile(
    axes: Axes,
    first: Overlay,
    overlay: Overlay | None,
    *,
    title: str,
    inches: float,
    masked: bool,
    interpolation: str,
) -> None:
    """Draw the picture, or a map over it with its colour bar."""
    axes.set_xticks([])
    axes.set_yticks([])
    if overlay is None:
        draw_picture(axes, first.picture)
        axes.set_title(wrapped(title, inches + BAR - 0.05), fontsize=SMALL, pad=3)
        return
    axes.set_title(_heading(overlay, inches), fontsize=SMALL, pad=3)
    if overlay.values is None:
        draw_failure(axes, overlay.reason, inches=inches)
        return
    significant, limit = overlay.significant_pixels, overlay.limit
    shown = significant if masked else None
    draw_overlay(
        axes,
        overlay.picture,
        overlay.values,
        limit=limit,
        significant_pixels=shown,
        interpolation=interpolation,
    )
    if significant is not None and limit:
        axes.set_xlabel(f"{percent(overlay.share)} significant", fontsize=SMALL, labelpad=2)
    if limit:
        draw_bar(axes.inset_axes((1 + 0.05 / inches, 0.04, 0.07 / inches, 0.92)), limit, palette=translucent())
