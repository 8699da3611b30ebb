"""What a report shows of a study, in order: each figure with its title, its caption, and its data to download."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.interfaces import UsageError, one_line

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from saliencynoise.bench.study import Study


@dataclass(frozen=True, kw_only=True, eq=False)
class Exhibit:
    """One figure of a report.

    Attributes:
        name: of its files and its place in the page: "classes".
        title: its heading.
        caption: plain text: what is shown, by which definition, how intervals and floors are to be read.
        alt: plain text, for those who do not see it: what kind of figure, and what it tells.
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
    """A figure that could not be had from a study, and why."""

    name: str
    title: str
    reason: str


def exhibits_of(study: Study) -> Iterator[Exhibit | Missing]:
    """Yield what the report shows of a study; a figure that cannot be drawn says why, and stops no other."""
    for name, (title, build) in BUILDERS.items():
        try:
            yield build(study)
        except UsageError as error:
            yield Missing(name=name, title=title, reason=one_line(error))


def _maps(study: Study) -> Exhibit:
    from saliencynoise.report.map_exhibits import maps_exhibit  # noqa: PLC0415 - it imports this module

    return maps_exhibit(study, BUILDERS["maps"][0])


def _overlay(study: Study) -> Exhibit:
    from saliencynoise.report.map_exhibits import overlay_exhibit  # noqa: PLC0415 - as above

    return overlay_exhibit(study, BUILDERS["overlay"][0])


def _classes(study: Study) -> Exhibit:
    from saliencynoise.report.figures import classes  # noqa: PLC0415 - one figure's modules at a time

    found = classes.table(study)
    return Exhibit(
        name="classes",
        title=BUILDERS["classes"][0],
        caption="Points: r, the corrected SNR, of the images of a class; bars: its 95% interval.",
        alt="A panel for each method with the corrected SNR of each class.",
        figure=classes.figure_of([found]),
        data=found,
    )


BUILDERS: dict[str, tuple[str, Callable[[Study], Exhibit]]] = {
    "maps": ("Maps of single networks and their mean", _maps),
    "overlay": ("Marginal maps over the picture", _overlay),
    "classes": ("SNR of each class", _classes),
}
"""The title of each figure and what makes it, in the order of the page."""
