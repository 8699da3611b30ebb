"""A matplotlib figure that draws its texts literally, since names come from plugins, users and paths."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import LogFormatter, NullFormatter, ScalarFormatter

from saliencynoise.display.visible import printable

if TYPE_CHECKING:
    from matplotlib.artist import Artist

NUMBERS = (LogFormatter, ScalarFormatter, NullFormatter)
"""The formatters that write numbers along an axis. They hold no user's text; on logarithmic axes they need formulas."""


class PlainFigure(Figure):
    """A figure in which "$" is a dollar sign: the name "a$b$c" is no formula, and "$x" is no error.

    Only the numbers that matplotlib itself writes along logarithmic axes are set as formulas. Control characters, with
    which an SVG would be unreadable, are drawn as unknown ones. Characters that the font lacks give no warning.
    """

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
