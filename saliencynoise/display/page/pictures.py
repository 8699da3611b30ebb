"""Figures of a page: pictures that run no script, and their data to download."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.display.figures.exhibit import Exhibit
from saliencynoise.display.figures.saving import drawn
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
class Picture:
    """A figure in the page; `missing` is the reason if there is none."""

    name: str
    title: str
    caption: str = ""
    alt: str = ""
    kind: str = ""
    address: str = ""
    width: int = 0
    height: int = 0
    pictorial: bool = False
    download: Download | None = None
    missing: str = ""


def picture(exhibit: Exhibit) -> Picture:
    """Return a figure of a page, with its data to download."""
    content, kind = _encoded(exhibit.figure)
    width, height = exhibit.figure.get_size_inches()
    return Picture(
        name=exhibit.name,
        title=exhibit.title,
        caption=exhibit.caption,
        alt=exhibit.alt,
        kind=kind,
        address=data_uri(content, {"svg": "image/svg+xml", "png": "image/png"}[kind]),
        width=round(96 * width),
        height=round(96 * height),
        pictorial=exhibit.pictorial,
        download=_data(exhibit),
    )


def csv(data: pd.DataFrame, name: str, words: str) -> Download:
    """Return a table to download, from which every number can be read back as it was."""
    content = data.to_csv(index=False).encode("utf-8", errors="backslashreplace")
    return Download(name=name, address=data_uri(content, "text/csv"), words=words)


def _data(exhibit: Exhibit) -> Download:
    if exhibit.arrays is not None:
        address = data_uri(exhibit.arrays, "application/octet-stream")
        return Download(name=f"{exhibit.name}.npz", address=address, words="arrays (NPZ)")
    return csv(exhibit.data, f"{exhibit.name}.csv", "data (CSV)")


def _encoded(figure: Figure) -> tuple[bytes, str]:
    lines = shown(drawn(figure, "svg").decode("utf-8")).encode("utf-8")
    if len(lines) <= SMALL:
        return lines, "svg"
    dots = drawn(figure, "png")
    return (lines, "svg") if len(lines) <= len(dots) else (dots, "png")
