"""Marginal maps laid over their picture, which show the regions that the networks agree on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.averages import CLIP, average_of, colour_limit, unit_maps
from saliencynoise.display.figures.canvas import Grid, draw_failure, draw_picture, grid, key, room_for
from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.figures.style import SMALL, shortened, two_lines
from saliencynoise.display.figures.translucent import LOOKS, draw_opacity_bar, draw_overlay
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
    f"the picture. Each map has its own limit, the {CLIP}th percentile of |value|: compare places, not strengths, "
    "between methods. Black outlines: pixels of the mean map that exceed noise, at "
    f"{FALSE_DISCOVERY_RATE:.0%} false discoveries. Crosses: NaN."
)
UNTESTED_NOTE = (
    "Which pixels are significant is not known, since no members' maps were kept (--keep-maps all keeps them)."
)

COLUMNS = 6
"""The largest number of tiles in a line; an image's further tiles are in the next line."""

HEADING, BELOW, FOOT = 0.36, 0.24, 0.95
"""Inches: above a tile, below it, and below all, for the colour bar and the key."""

INTERPOLATIONS = ("nearest", "bilinear")


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
    chosen = choose(study)
    overlays = data(study, images=[chosen.image], methods=chosen.methods, architectures=chosen.architectures)
    tested = any(overlay.significant_pixels is not None for overlay in overlays)
    aggregator = f"Aggregator: {study.result.settings.aggregator}, of raw maps; channels are summed."
    return CaptionedFigure(
        name="overlay",
        title=TITLE,
        caption=CAPTION,
        alt=alt(overlays),
        notes=[f"{chosen.words} {aggregator}", *([] if tested else [UNTESTED_NOTE]), texts.basis(study)],
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


def draw(overlays: Sequence[Overlay], *, masked: bool = False, interpolation: str = "nearest") -> Figure:
    """Draw marginal maps over their pictures, with the picture itself first in each block.

    The picture is in greys; the colour says the sign, its opacity |value|, so that zeros show the picture; black lines
    go round the significant pixels. Each map's colours end at its own limit, the 99.5th percentile of its |value|,
    because methods have different units. Coarse maps are drawn as they are, each value a rectangle.

    Args:
        overlays: from `data`.
        masked: colour significant pixels only.
        interpolation: "nearest", or "bilinear" to smooth the map for display.

    Raises:
        UsageError: the interpolation is none of these, or pixels are to be masked whose significance is not known.
    """
    if interpolation not in INTERPOLATIONS:
        raise UsageError(f"interpolation '{interpolation}' is not known: choose {' or '.join(INTERPOLATIONS)}")
    if masked and any(overlay.values is not None and overlay.significant_pixels is None for overlay in overlays):
        raise UsageError("which pixels are significant is not known: run the same bench again with --keep-maps all")
    blocks = _blocks(overlays)
    longest = 1 + max(len(block) for block in blocks)
    columns = -(-longest // -(-longest // COLUMNS))  # 9 tiles are 5 and 4, not 6 and 3
    labels = _labels(blocks)
    lines = [-(-(1 + len(block)) // columns) for block in blocks]
    canvas = grid(
        sum(lines),
        columns,
        left=room_for(labels) if any(labels) else 0.15,
        right=0.15,
        top=HEADING + 0.1,
        between=HEADING + BELOW,
        bottom=FOOT - HEADING,
    )
    for index, (block, label) in enumerate(zip(blocks, labels, strict=True)):
        _draw_block(canvas, sum(lines[:index]), columns, block, label, masked=masked, interpolation=interpolation)
    _draw_foot(canvas, interpolation)
    return canvas.figure


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


def _labels(blocks: Sequence[Sequence[Overlay]]) -> list[str]:
    """Return the label beside each block: the architecture and the image's class, if there are several."""
    firsts = [block[0].keys for block in blocks]
    architectures = len({keys["architecture"] for keys in firsts}) > 1
    images = len({keys["image"] for keys in firsts}) > 1
    return [
        "\n".join(
            ([shortened(line, 26) for line in two_lines(keys["architecture"]).split("\n")] if architectures else [])
            + ([shortened(keys["class"], 22)] if images else [])
        )
        for keys in firsts
    ]


def _draw_block(
    canvas: Grid, line: int, columns: int, block: Sequence[Overlay], label: str, *, masked: bool, interpolation: str
) -> None:  # fmt: skip
    first = canvas.place(line, 0)
    draw_picture(first, block[0].picture)
    first.set_title("picture", fontsize=SMALL)
    first.set_ylabel(label, fontsize=SMALL + 1, rotation=0, ha="right", va="center", labelpad=6)
    for index, overlay in enumerate(block, 1):
        axes = canvas.place(line + index // columns, index % columns)
        title = "\n".join(shortened(part, 22) for part in two_lines(overlay.keys["method"]).split("\n"))
        axes.set_title(title, fontsize=SMALL)
        _draw_tile(axes, overlay, masked=masked, interpolation=interpolation)


def _draw_tile(axes: Axes, overlay: Overlay, *, masked: bool, interpolation: str) -> None:
    if overlay.values is None:
        draw_failure(axes, overlay.reason, letters=20)
        return
    draw_overlay(
        axes,
        overlay.picture,
        overlay.values,
        limit=overlay.limit,
        significant_pixels=overlay.significant_pixels,
        masked=masked,
        interpolation=interpolation,
    )
    if overlay.significant_pixels is not None and overlay.limit:
        axes.set_xlabel(f"{percent(overlay.share)} significant", fontsize=SMALL, labelpad=2)


def _draw_foot(canvas: Grid, interpolation: str) -> None:
    width = canvas.figure.get_figwidth()
    across = min(3.2, width - 1.6)
    how = (
        "maps at their own resolution, each value a rectangle"
        if interpolation == "nearest"
        else "maps smoothed for display (bilinear)"
    )
    canvas.figure.text(0.5, 0.78 / canvas.figure.get_figheight(), how, ha="center", va="bottom", fontsize=SMALL)
    draw_opacity_bar(
        canvas.figure,
        ((width - across) / 2, 0.6, across, 0.12),
        labels=("− its limit", "0: the picture", "+ its limit"),
    )
    key(canvas.figure, LOOKS)
