"""A matplotlib figure that draws its texts literally, since names come from plugins, users and paths."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import LogFormatter, NullFormatter, ScalarFormatter

from saliencynoise.display.figures.saving import drawn, write_figure
from saliencynoise.display.figures.widths import Width, width_in
from saliencynoise.display.visible import printable
from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.artist import Artist

NUMBERS = (LogFormatter, ScalarFormatter, NullFormatter)
"""The formatters that write numbers along an axis. They hold no user's text; on logarithmic axes they need formulas."""


class PlainFigure(Figure):
    """A figure in which "$" is a dollar sign: the name "a$b$c" is no formula, and "$x" is no error.

    Only the numbers that matplotlib itself writes along logarithmic axes are set as formulas. Control characters, with
    which an SVG would be unreadable, are drawn as unknown ones. Characters that the font lacks give no warning.

    Attributes:
        at_width: draws this figure again at a width in inches; None where that is not known.
    """

    at_width: Callable[[float], Figure] | None = None

    def save(self, path: str | Path, *, width: Width | None = None) -> Path:
        """Write the figure as PNG (300 dots an inch), SVG or PDF, and return the path.

        At another width than its own the figure is laid out again, so that its letters keep their size of 7 points or
        more. Then changes that were made to it by hand are lost; name the width by `figsize` when it is plotted.

        Args:
            path: of the file, which ends in .png, .svg or .pdf.
            width: inches, or "column" (3.25), "text" (5.5) or "page" (6.75); None for the width that it has.

        Raises:
            UsageError: naming the value that cannot be used, and the fix.
        """
        figure: Figure = self
        if width is not None and (inches := width_in(width)) != self.get_figwidth():
            if self.at_width is None:
                raise UsageError("this figure cannot be laid out again; save it without width")
            figure = self.at_width(inches)
        return write_figure(figure, path)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """Show the figure in a notebook, once: pyplot would show it again at the end of the cell."""
        if "matplotlib.pyplot" in sys.modules:
            from matplotlib import pyplot as plt  # noqa: PLC0415 - it is imported

            plt.close(self)
        width, height = self.get_size_inches()
        size = {"width": round(96 * width), "height": round(96 * height)}
        return {"image/png": drawn(self, "png"), "text/plain": repr(self)}, {"image/png": size}

    def draw(self, renderer: Any) -> None:
        """Draw all texts as they are."""
        for text in _texts(self):
            text.set_parse_math(False)
            if (clean := printable(text.get_text())) != text.get_text():
                text.set_text(clean)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r".*Glyph .* missing from")
            super().draw(renderer)


def _texts(artist: Artist) -> Iterator[Text]:
    """Yield all texts below an artist but numbers along axes."""
    for child in _children(artist):
        if isinstance(child, Text):
            yield child
        else:
            yield from _texts(child)


def _children(artist: Artist) -> list[Artist]:
    if not isinstance(artist, Axis):
        return artist.get_children()
    major = [] if isinstance(artist.get_major_formatter(), NUMBERS) else artist.get_major_ticks()
    minor = [] if isinstance(artist.get_minor_formatter(), NUMBERS) else artist.get_minor_ticks()
    return [artist.label, *major, *minor]
