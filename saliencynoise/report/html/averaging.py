"""The part of a report in which the reader averages maps: members' maps of some pictures, small enough for a page.

A member's map is its unit-norm map, channels summed, in steps of 1/127 of its own largest value (int8, -128 for NaN).
The page averages these in the browser. What needs the raw maps or a test is computed here for every number of networks:
significant pixels, their share, the norm of the average, and the reliability.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.averages import average_of, colour_limit
from saliencynoise.display.figures.style import diverging, sequential
from saliencynoise.display.numbers import counted, percent, with_interval
from saliencynoise.display.page.page import data_uri, shown
from saliencynoise.engine.study import interval_of
from saliencynoise.engine.study_cells import signed_cells
from saliencynoise.interfaces import UsageError, one_line
from saliencynoise.report.figures.choice import choose, of_layout, spread_images
from saliencynoise.report.figures.tiles import member_maps, pictures_of
from saliencynoise.report.html.names import CellNames
from saliencynoise.report.html.words import measured_cells
from saliencynoise.report.nested import nested_of
from saliencynoise.statistics.curve import averaging_curve

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float, UInt8
    from matplotlib.colors import Colormap

    from saliencynoise.engine.study import Study
    from saliencynoise.records.cell import Cell

BUDGET = 1_500_000
"""Bytes of maps and bit masks, before base64 makes a third more of them."""

PICTURES = 5
"""The largest number of pictures."""

STEPS = 127
"""Steps of a member's map on each side of zero."""


@dataclass(frozen=True, kw_only=True)
class Averaging:
    """The part of a page in which maps are averaged.

    Attributes:
        members: how many can be averaged.
        rows: the names of the cells, in the order of `data["rows"]`.
        pictures: the texts of the choice of pictures.
        data: what the page's script reads, as JSON can hold it.
        notes: sentences on the data.
    """

    members: int
    rows: Sequence[str]
    pictures: Sequence[str]
    data: Mapping[str, Any]
    notes: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Extent:
    """What fits a page: the number of members, which cells by their places, and the number of pictures."""

    members: int
    cells: Sequence[int]
    images: int


def averaging_of(study: Study) -> Averaging | str | None:
    """Return the part of a page for a study; the reason if it cannot be made; None where no map is a picture."""
    pictures = of_layout(study, "picture")
    if pictures is None:
        return None
    try:
        return _averaging(pictures)
    except (UsageError, ValueError) as error:
        return one_line(error)


def fitting(pixels: Sequence[int], *, members: int, images: int) -> Extent:
    """Return what fits `BUDGET`: as many members as the largest map allows, then cells, then pictures.

    Args:
        pixels: of one map of each cell.
        members: of the study.
        images: wanted.

    Raises:
        UsageError: not even two members of any cell fit.

    >>> fitting([256] * 8, members=8, images=5)
    Extent(members=8, cells=[0, 1, 2, 3, 4, 5, 6, 7], images=5)
    >>> fitting([224 * 224, 49], members=64, images=5)
    Extent(members=26, cells=[0, 1], images=1)
    """
    small = [count for count in pixels if _bytes(count, 2) <= BUDGET]
    if not small:
        raise UsageError(f"the maps have {min(pixels):,} values each, too many for a page")
    most = max(e for e in range(2, members + 1) if _bytes(max(small), e) <= BUDGET)
    cells, used = [], 0
    for place, count in enumerate(pixels):
        size = _bytes(count, most)
        if used + size <= BUDGET:
            cells.append(place)
            used += size
    return Extent(members=most, cells=cells, images=min(images, max(1, BUDGET // used)))


def quantised(tiles: Float[np.ndarray, "E h w"]) -> tuple[np.ndarray, list[float]]:
    """Return maps as int8 with the size of a step of each member, from which value = int8 * step; -128 is NaN.

    >>> import numpy as np
    >>> values, steps = quantised(np.array([[[-1.27, 0.5]], [[np.nan, 0.0]]]))
    >>> values.tolist(), [round(step, 3) for step in steps]
    ([[[-127, 50]], [[-128, 0]]], [0.01, 0.0])
    """
    import numpy as np  # noqa: PLC0415 - kept off the import path of the command line

    finite = np.isfinite(tiles)
    largest = np.where(finite, np.abs(tiles), 0.0).reshape(len(tiles), -1).max(1)
    steps = largest / STEPS
    scaled = np.where(finite, tiles, 0.0) / np.where(steps > 0, steps, 1.0)[:, None, None]
    return np.where(finite, np.rint(scaled), -128).astype(np.int8), steps.tolist()


def _bytes(pixels: int, members: int) -> int:
    return members * pixels + (members - 1) * -(-pixels // 8)


def _averaging(study: Study) -> Averaging:
    chosen = choose(study)
    stored = {(maps.architecture, maps.method): maps for maps in study.result.maps}
    cells = [
        cell
        for cell in signed_cells(study, architectures=chosen.architectures, methods=chosen.methods)
        if cell.status == "ok" and (cell.architecture, cell.method) in stored
    ]
    tree = study.maps  # says how to keep maps, if none were kept
    if not cells:
        raise UsageError("no maps of single members were kept; run the same command again with --keep-maps all")
    available = [cell.members for cell in cells]
    pixels = [stored[cell.architecture, cell.method].shape for cell in cells]
    extent = fitting(
        [shape[-1] * shape[-2] for shape in pixels],
        members=min(available),
        images=min(PICTURES, len(study.result.images)),
    )
    kept = [cells[place] for place in extent.cells]
    first = cells[0]
    images = spread_images(study, architecture=first.architecture, method=first.method, count=extent.images)
    drawn = pictures_of(tree, images) if study.result.dataset.image_shape is not None else {}
    described = {(cell.architecture, cell.method): cell for cell in measured_cells(study.result)}
    rows = []
    for cell in kept:
        maps = [_maps(member_maps(study, tree, cell, image=image)[: extent.members], cell) for image in images]
        rows.append(
            {"reliability": _reliability(described.get((cell.architecture, cell.method)), extent), "images": maps}
        )
    names = CellNames(study.result)
    return Averaging(
        members=extent.members,
        rows=[names.subject(cell) for cell in kept],
        pictures=[_picture_words(study, image) for image in images],
        data={
            "palettes": {"signed": _palette(diverging()), "positive": _palette(sequential())},
            "pictures": [_picture(drawn[image]) if image in drawn else "" for image in images],
            "rows": rows,
        },
        notes=[_rounding(rows), *_left_out(study, cells, extent)],
    )


def _maps(maps: Float[np.ndarray, "E c h w"], cell: Cell) -> dict[str, Any]:
    """Return the maps of a cell on a picture, and what is known of their averages of 1, 2 ... E members."""
    import numpy as np  # noqa: PLC0415 - as above

    averages = [average_of(maps[:count]) for count in range(1, len(maps) + 1)]
    tiles = averages[-1].unit.sum(1)
    values, steps = quantised(tiles)
    masks = np.stack([average.significant_pixels.ravel() for average in averages[1:]])
    return {
        "size": tiles.shape[1:],
        "palette": "positive" if cell.sign == "nonnegative" else "signed",
        "limit": colour_limit(list(tiles)),
        "steps": steps,
        "maps": _text(values.tobytes()),
        "significant": _text(np.packbits(masks, axis=1).tobytes()),
        "shares": ["no test of one network", *(f"{percent(average.share)} significant" for average in averages[1:])],
        "norms": [average.norm for average in averages],
    }


def _reliability(cell: Cell | None, extent: Extent) -> list[tuple[float, str] | None]:
    """Return the reliability of an average of 1, 2 ... members as a number and a text; None where it is not known.

    Of members that share starts it is known for one network alone.
    """
    if cell is None:
        return [None] * extent.members
    snr = cell.known_figures.estimates.snr_averaged
    counts: list[int] = list(range(1, extent.members + 1))
    points = averaging_curve(snr.value, interval_of(snr.interval), counts=counts)
    known = {1} if nested_of(cell) is not None else set(counts)
    centred = " (of each map minus its own mean)" if cell.view == "centred" else ""
    found: list[tuple[float, str] | None] = []
    for point in points:
        ends = (None, None) if point.interval is None else (point.interval.low, point.interval.high)
        text = with_interval(point.reliability, *ends) + centred
        found.append((point.reliability, text) if point.members in known and text[0] != "-" else None)
    return found


def _rounding(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a sentence on the error of the stored maps, as a share of the end of their colour scale."""
    errors = [
        sum(maps["steps"]) / len(maps["steps"]) / 2 / maps["limit"]
        for row in rows
        for maps in row["images"]
        if maps["limit"] > 0
    ]
    worst = f"{100 * max(errors, default=0.0):.2g}%"
    return (
        f"The page stores each map in {2 * STEPS + 1} steps: the average of all differs by at most {worst} of the end "
        "of its colour scale. Significant pixels and numbers are those of the full maps."
    )


def _left_out(study: Study, cells: Sequence[Cell], extent: Extent) -> list[str]:
    """Return sentences on members, methods and pictures that are not in the page."""
    signed = [cell for cell in signed_cells(study) if cell.status == "ok"]
    parts = []
    if extent.members < min(cell.members for cell in cells):
        parts.append(f"the first {extent.members} of {min(cell.members for cell in cells)} members")
    if len(extent.cells) < len(signed):
        parts.append(f"{len(extent.cells)} of {counted(len(signed), 'row')} of the table in the signed view")
    if extent.images < len(study.result.images):
        parts.append(
            f"{extent.images} of {counted(len(study.result.images), 'picture')}, from the smallest to the largest SNR "
            "of the first method"
        )
    return [f"Shown here: {'; '.join(parts)}."] if parts else []


def _picture_words(study: Study, image: int) -> str:
    record = study.result.images[image]
    label = study.result.class_of(record)
    return shown(record.name if label is None else f"{label} ({record.name})")


def _picture(pixels: UInt8[np.ndarray, "C H W"]) -> str:
    from PIL import Image  # noqa: PLC0415 - where pages are made

    picture = Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return data_uri(buffer.getvalue(), "image/png")


def _palette(colours: Colormap) -> str:
    """Return 256 colours and that of NaN, red, green and blue, as text."""
    import numpy as np  # noqa: PLC0415 - as above

    values: Any = np.ma.masked_invalid(np.array([*((np.arange(256) + 0.5) / 256), np.nan]))
    return _text(colours(values, bytes=True)[:, :3].tobytes())


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
