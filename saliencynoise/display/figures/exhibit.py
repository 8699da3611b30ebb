"""A figure of a report with its texts and data, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, kw_only=True, eq=False)
class Exhibit:
    """One figure of a report.

    Attributes:
        name: of its files and its place in the page: "classes".
        title: its heading.
        caption: plain text: what is shown, by which definition, how intervals and floors are to be read.
        alt: alternative text: the kind of figure, and its message.
        figure: what is shown.
        data: what the figure shows, a row a point.
        arrays: the bytes of an .npz, offered for download in place of `data` where a table would be large.
        pictorial: whether it shows pictures or maps, whose colours must stay as they are on a dark page.
    """

    name: str
    title: str
    caption: str
    alt: str
    figure: Figure
    data: pd.DataFrame
    arrays: bytes | None = None
    pictorial: bool = False


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A figure that could not be drawn from a study, and the reason."""

    name: str
    title: str
    reason: str
