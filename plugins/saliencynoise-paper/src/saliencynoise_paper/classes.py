"""The panel `classes`: the SNR of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.engine.study_cells import failures
from saliencynoise.report.figures import classes
from saliencynoise_paper.caption import provenance

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study


def classes_panel(
    studies: Sequence[Study], *, methods: Sequence[str] | None = None, architectures: Sequence[str] | None = None
) -> CaptionedFigure:
    """Return the panel, a block of axes for each study, an axes for each method.

    Args:
        studies: one or more, each with the classes of its own data set.
        methods: display names; None for all.
        architectures: display names; None for all.

    Raises:
        UsageError: a study has no such method or architecture.
    """
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    frames = [classes.data(study, methods=methods, architectures=architectures) for study in studies]
    frame = pd.concat(frames, ignore_index=True)
    return CaptionedFigure(
        name="classes",
        title=classes.TITLE,
        caption=classes.CAPTION,
        alt=classes.alt(frame),
        notes=[*failures(frame), provenance(studies)],
        figure=classes.draw(*frames),
        data=frame,
    )
