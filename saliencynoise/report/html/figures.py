"""The figures of a study as a page holds them: images in which no script runs, and their data to download."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from saliencynoise.display.figures.captioned import MissingFigure
from saliencynoise.display.page.figures import PageFigure, page_figure
from saliencynoise.display.page.made import Made
from saliencynoise.interfaces import one_line
from saliencynoise.report.figures.study_figures import figures_of

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study


def page_figures(study: Study, made: Made | None = None) -> Iterator[PageFigure | MissingFigure]:
    """Yield the figures of a study. A figure that cannot be drawn is replaced by the reason."""
    for figure in figures_of(study):
        if isinstance(figure, MissingFigure):
            yield figure
            continue
        try:
            yield page_figure(figure, made)
        except (ValueError, RuntimeError) as error:  # a name that no font or no file can hold
            yield MissingFigure(name=figure.name, title=figure.title, reason=one_line(error))
