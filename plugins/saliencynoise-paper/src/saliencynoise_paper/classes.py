"""The panel `classes`: the SNR of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from saliencynoise.engine.study_cells import failures
from saliencynoise.report.figures.classes import figure_of, table
from saliencynoise_paper.caption import provenance
from saliencynoise_paper.panel import Panel

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study

CAPTION = (
    "**SNR per class.** Point: r = c/(1 − c) over the test images of a class (their number in brackets), c the mean "
    "cosine between two members' maps, each of unit norm; corrected, so that pure noise gives 0 (dashed). Bar: its 95% "
    "interval for other networks and other images; of a class of one image (hollow), for other networks only. Line and "
    "band: r of all images with its interval. The classes are in one order, by their mean rank over the panels, the "
    "largest r first. Each panel has its own axis, which ends near its points: an arrow marks a bar that goes on. Raw "
    "logits, signed maps; stochastic methods by maps from different draws."
)


def classes_panel(
    studies: Sequence[Study], *, methods: Sequence[str] | None = None, architectures: Sequence[str] | None = None
) -> Panel:
    """Return the panel, a block of axes for each study, an axes for each method.

    Args:
        studies: one or more, each with the classes of its own data set.
        methods: labels; None for all.
        architectures: labels; None for all.

    Raises:
        UsageError: a study has no such method or architecture.
    """
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    tables = [table(study, methods=methods, architectures=architectures) for study in studies]
    data = pd.concat(tables, ignore_index=True)
    return Panel(
        name="classes",
        figure=figure_of(tables),
        data=data,
        caption="\n\n".join([CAPTION, *failures(data), provenance(studies)]),
    )
