"""The panel `gradients`: input gradients of single networks beside their mean over all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from saliencynoise.display.figures.averages import MEAN, MEAN_AT_UNIT_NORM
from saliencynoise.report.figures.tiles import rows_of
from saliencynoise_paper.gallery import gallery_panel, one_architecture

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study
    from saliencynoise_paper.panel import Panel

METHOD = "gradient"


def gradients_panel(
    studies: Sequence[Study], *, architecture: str | None = None, images: int = 6, singles: int = 4
) -> Panel:
    """Return the panel, a row an image: picture, gradients of single members, their mean over all members.

    Args:
        studies: run with the method "gradient" and `keep_maps="all"`.
        architecture: its label; None for each study's first.
        images: how many of each study, the first ones; all if there are fewer.
        singles: how many members are shown alone.

    Raises:
        UsageError: no members' maps were kept, or there is no such method or architecture.
    """
    rows = [
        row
        for study in studies
        for row in rows_of(
            study,
            images=range(min(images, len(study.result["images"]))),
            methods=[METHOD],
            architectures=[one_architecture(study, [METHOD], architecture)],
            singles=singles,
            averages=(MEAN, MEAN_AT_UNIT_NORM),
        )
    ]
    names = " and ".join(dict.fromkeys(f"{row.keys['architecture']} on {row.keys['dataset']}" for row in rows))
    return gallery_panel(
        "gradients",
        rows,
        studies,
        what=f"**Input gradients of single networks beside their mean.** Each row is a test image ({names}): the "
        "picture, the gradient of the explained class's logit in single members, and its mean over all members.",
        colours="Red: the logit rises where the picture becomes brighter; blue: it falls",
    )
