"""Figures of a page: images that run no script, and their data to download."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.display.figures.captioned import CaptionedFigure, MissingFigure
from saliencynoise.display.figures.saving import drawn
from saliencynoise.display.page.made import Made
from saliencynoise.display.page.page import data_uri, shown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SMALL = 300_000
"""Bytes below which lines are kept as lines; above, the smaller of SVG and PNG is taken."""


@dataclass(frozen=True, kw_only=True)
class Download:
    """A file in the page: its name, its address and a description."""

    name: str
    address: str
    words: str


@dataclass(frozen=True, kw_only=True)
class PageFigure:
    """A figure as an image that a page holds.

    Attributes:
        captioned: the figure with its texts.
        kind: of the image, "svg" or "png".
        address: of the image.
        width: of the image in CSS pixels.
        height: of the image in CSS pixels.
        download: its data.
    """

    captioned: CaptionedFigure
    kind: str
    address: str
    width: int
    height: int
    download: Download


def page_figure(captioned: CaptionedFigure, made: Made | None = None) -> PageFigure:
    """Return a figure of a page, with its data to download; `made` gives the last columns of the data."""
    content, kind = _encoded(captioned.figure)
    width, height = captioned.figure.get_size_inches()
    return PageFigure(
        captioned=captioned,
        kind=kind,
        address=data_uri(content, {"svg": "image/svg+xml", "png": "image/png"}[kind]),
        width=round(96 * width),
        height=round(96 * height),
        download=_data(captioned, made),
    )


def shown_figure(figure: CaptionedFigure | MissingFigure, made: Made | None = None) -> PageFigure | MissingFigure:
    """Return a figure of a page; the reason of a figure that is missing stays."""
    return figure if isinstance(figure, MissingFigure) else page_figure(figure, made)


def figure_of(figure: PageFigure | MissingFigure) -> CaptionedFigure | MissingFigure:
    """Return a figure without its image, to write it to files."""
    return figure if isinstance(figure, MissingFigure) else figure.captioned


def csv(data: pd.DataFrame, name: str, words: str, made: Made | None = None) -> Download:
    """Return a table to download, from which every number can be read back; `made` gives its last columns."""
    if made is not None:
        data = data.assign(**made.columns)
    content = data.to_csv(index=False).encode("utf-8", errors="backslashreplace")
    return Download(name=name, address=data_uri(content, "text/csv"), words=words)


def _data(captioned: CaptionedFigure, made: Made | None) -> Download:
    if captioned.arrays is not None:
        address = data_uri(captioned.arrays, "application/octet-stream")
        return Download(name=f"{captioned.name}.npz", address=address, words="arrays (NPZ)")
    return csv(captioned.data, f"{captioned.name}.csv", "data (CSV)", made)


def _encoded(figure: Figure) -> tuple[bytes, str]:
    lines = shown(drawn(figure, "svg").decode("utf-8")).encode("utf-8")
    if len(lines) <= SMALL:
        return lines, "svg"
    dots = drawn(figure, "png")
    return (lines, "svg") if len(lines) <= len(dots) else (dots, "png")
