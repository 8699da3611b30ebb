"""The panel `maps`: the maps of every method in single networks beside their mean over all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from saliencynoise.display.figures.averages import MEAN, MEAN_AT_UNIT_NORM
from saliencynoise.report.figures import maps
from saliencynoise_paper.gallery import gallery_panel, one_architecture

if TYPE_CHECKING:
    from saliencynoise.display.figures.captioned import CaptionedFigure
    from saliencynoise.engine.study import Study

TITLE = "Saliency maps of single networks and their mean"
COLOURS = "Red and blue: positive and negative in the method's own sense."


def maps_panel(
    studies: Sequence[Study],
    *,
    architecture: str | None = None,
    methods: Sequence[str] | None = None,
    images: Sequence[int] = (0,),
    singles: int = 4,
) -> CaptionedFigure:
    """Return the panel, one row per image and method: picture, maps of single members, their mean over all members.

    Args:
        studies: run with `keep_maps="all"`.
        architecture: display name of the architecture; None for each study's first.
        methods: display names; None for all.
        images: indices of images in each study, from 0.
        singles: number of members with maps of their own.

    Raises:
        UsageError: no members' maps were kept, or there is no such image, method or architecture.
    """
    rows = [
        row
        for study in studies
        for row in maps.data(
            study,
            images=images,
            methods=methods,
            architectures=[one_architecture(study, methods, architecture)],
            singles=singles,
            averages=(MEAN, MEAN_AT_UNIT_NORM),
        )
    ]
    return gallery_panel("maps", rows, studies, title=TITLE, colours=COLOURS)
