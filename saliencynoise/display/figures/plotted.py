"""A figure for a caller in Python: it knows how to be drawn at another width, and pyplot knows it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.room import Room, room_of
from saliencynoise.display.figures.widths import Size

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plotted(draw: Callable[[Room], Figure], *, ax: Any = None, figsize: Size | None = None) -> Figure:
    """Draw a figure where a caller wants it.

    A figure of its own can be saved at another width (`PlainFigure.save`). Where pyplot is in use, `plt.show()` shows
    it.

    Args:
        draw: draws into a room.
        ax: axes, several of them, a SubFigure or a figure; None for a figure of its own.
        figsize: a width, or a width and a height in inches; None for the usual width.

    Raises:
        UsageError: ax or figsize cannot be used, or the figure has another number of panels.
    """
    from saliencynoise.display.figures.plain import PlainFigure  # noqa: PLC0415 - matplotlib, a second to import

    room = room_of(ax, figsize)
    figure = draw(room)
    if ax is None and isinstance(figure, PlainFigure):
        figure.at_width = lambda width: draw(replace(room, width=width, height=None))
        if "matplotlib.pyplot" in sys.modules:
            _manage(figure)
    return figure


def _manage(figure: Figure) -> None:
    """Let pyplot manage a figure, so that `plt.show()` and `figure.show()` show it."""
    from matplotlib import pyplot as plt  # noqa: PLC0415 - it is imported, or this is not called

    size = figure.get_size_inches()
    plt.figure(FigureClass=lambda *_, **__: figure)  # type: ignore[arg-type]  # what makes a figure is enough
    figure.set_size_inches(*size)
