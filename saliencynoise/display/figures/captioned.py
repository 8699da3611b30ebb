"""A figure with its title, caption, alternative text and data, as pages, panels and notebooks show it.

The module of a figure has its `TITLE`, its `CAPTION` and four functions. `data` reads the shown values from a study or
a result. `draw` makes the figure of these data. `alt` is their alternative text. `captioned` puts all of these into one
`CaptionedFigure`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from saliencynoise.records.common import Record

MOST_WORDS = 60
"""The largest number of words in a caption; longer explanations are in the guide to the figures."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CaptionedFigure:
    """A figure with its texts and data.

    Attributes:
        name: its name in files and in the page: "classes".
        title: its heading, without a full stop.
        caption: plain text of at most `MOST_WORDS` words: the content and its definition.
        alt: alternative text: the kind of figure, and its message.
        notes: paragraphs on these data: members and images, intervals, failures. Panels of the paper use Markdown.
        figure: the drawing.
        data: a row for each point of the figure.
        facts: further results, as a record or as plain values for JSON; empty if there are none.
        arrays: the bytes of an .npz, offered for download in place of `data` where a table would be large.
        pictorial: whether it shows pictures or maps, whose colours must stay as they are on a dark page.
    """

    name: str
    title: str
    caption: str
    alt: str
    figure: Figure
    data: pd.DataFrame
    notes: Sequence[str] = ()
    facts: Mapping[str, Any] | Record = field(default_factory=dict)
    arrays: bytes | None = None
    pictorial: bool = False


@dataclass(frozen=True, kw_only=True)
class MissingFigure:
    """A figure that could not be drawn, and the reason."""

    name: str
    title: str
    reason: str
