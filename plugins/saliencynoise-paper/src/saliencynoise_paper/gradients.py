"""The panel `gradients`: input gradients of single networks beside their mean over all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from saliencynoise.display.figures.averages import MEAN, MEAN_AT_UNIT_NORM
from saliencynoise.report.figures import maps
from saliencynoise_paper.gallery import gallery_panel, one_architecture

if TYPE_CHECKING:
    from saliencynoise.display.figures.captioned import CaptionedFigure
    from saliencynoise.engine.study import Study

METHOD = "gradient"
TITLE = "Input gradients of single networks and their mean"
COLOURS = "Red: the logit rises where the picture becomes brighter; blue: it falls."


def gradients_panel(
    studies: Sequence[Study], *, architecture: str | None = None, images: int = 6, singles: int = 4
) -> CaptionedFigure:
    """Return the panel, one row per image: picture, gradients of single members, their mean over all members.

    Args:
        studies: run with the method "gradient" and `keep_maps="all"`.
        architecture: display name of the architecture; None for each study's first.
        images: number of images of each study, the first ones; all if there are fewer.
        singles: number of members with maps of their own.

    Raises:
        UsageError: no members' maps were kept, or there is no such method or architecture.
    """
    rows = [
        row
        for study in studies
        for row in maps.data(
            study,
            images=range(min(images, len(study.result.images))),
            methods=[METHOD],
            architectures=[one_architecture(study, [METHOD], architecture)],
            singles=singles,
            averages=(MEAN, MEAN_AT_UNIT_NORM),
        )
    ]
    return gallery_panel("gradients", rows, studies, title=TITLE, colours=COLOURS)
