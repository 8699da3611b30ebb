"""The figures of a study's report, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from saliencynoise.analyses.frontier import figure as frontier
from saliencynoise.display.figures.captioned import CaptionedFigure, MissingFigure
from saliencynoise.interfaces import one_line
from saliencynoise.report.figures import bars, classes, components, curve, maps, members, overlay, ssim, texts, values
from saliencynoise.report.figures.readable import readable
from saliencynoise.store.atomic import DamagedFileError

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study


def _frontier(study: Study) -> CaptionedFigure | None:
    """Return the figure of the frontier that a study is a run of; None if it belongs to none."""
    document = frontier.frontier_of(study)
    if document is None:
        return None
    return replace(frontier.captioned(document), notes=[f"The study of this report: {texts.basis(study)}"])


FIGURES: dict[str, tuple[str, Callable[[Study], CaptionedFigure | None]]] = {
    "maps": (maps.TITLE, maps.captioned),
    "overlay": (overlay.TITLE, overlay.captioned),
    "values": (values.TITLE, values.captioned),
    "bars": (bars.TITLE, bars.captioned),
    "curve": (curve.TITLE, curve.captioned),
    "classes": (classes.TITLE, classes.captioned),
    "ssim": (ssim.TITLE, ssim.captioned),
    "members": (members.TITLE, members.captioned),
    "components": (components.TITLE, components.captioned),
    "frontier": (frontier.TITLE, _frontier),
}
"""The title and the function of each figure, in the order of the page; the function returns None for no figure."""

CHOOSING = {"maps", "values", "overlay", "frontier"}
"""Figures that draw few cells, however large the study is."""


def figures_of(study: Study) -> Iterator[CaptionedFigure | MissingFigure]:
    """Yield the figures of a study's report. A figure that cannot be drawn is replaced by the reason.

    The figures of a large study draw the cells that `readable` returns.

    Raises:
        DamagedFileError: if a file is not the one that the result lists.
    """
    drawn, _ = readable(study)
    for name, (title, make) in FIGURES.items():
        try:
            captioned = make(study if name in CHOOSING else drawn)
        except DamagedFileError:
            raise
        except Exception as error:  # noqa: BLE001 - names that no font holds, a missing file: the rest is still shown
            yield MissingFigure(name=name, title=title, reason=one_line(error))
            continue
        if captioned is not None:
            yield captioned
