"""Dreams side by side: a row a class, a column a kind of dream, what held-out members make of it beneath each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.report.figures.style import blank

if TYPE_CHECKING:
    from jaxtyping import UInt8
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from torch import Tensor

CELL = (1.55, 1.85)
"""Inches of a picture with its text."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Column:
    """One column.

    Attributes:
        title: what is shown; several lines may be.
        pictures: `[R, C, H, W]`, a picture a row, of one or three channels.
        texts: one beneath each picture.
    """

    title: str
    pictures: UInt8[Tensor, "R C H W"]
    texts: Sequence[str]


def draw_dreams(rows: Sequence[str], columns: Sequence[Column]) -> Figure:
    """Return the figure.

    Args:
        rows: the name of each row.
        columns: with as many pictures and texts as there are rows.

    >>> import torch
    >>> start = Column(title="start", pictures=torch.zeros(1, 3, 4, 4, dtype=torch.uint8), texts=["p 0.10"])
    >>> len(draw_dreams(["cat"], [start]).axes)
    1
    """
    figure = blank(CELL[0] * len(columns) + 0.5, CELL[1] * len(rows) + 0.5)
    axes = figure.subplots(len(rows), len(columns), squeeze=False)
    for place, column in enumerate(columns):
        axes[0, place].set_title(column.title, fontsize=7.5)
        for axis, picture, text in zip(axes[:, place], column.pictures, column.texts, strict=True):
            _draw(axis, picture)
            axis.set_xlabel(text, fontsize=6.5, labelpad=2)
    for axis, name in zip(axes[:, 0], rows, strict=True):
        axis.set_ylabel(name, fontsize=8)
    return figure


def _draw(axis: Axes, picture: Tensor) -> None:
    shown = picture[:1].expand(3, -1, -1) if len(picture) != 3 else picture  # what is not RGB is shown in grey
    axis.imshow(shown.permute(1, 2, 0).numpy(), interpolation="nearest")
    axis.set_xticks([])
    axis.set_yticks([])
