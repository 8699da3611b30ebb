"""The page of a dream: the pictures first, then the scores and the words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.display.figures.captioned import CaptionedFigure
from saliencynoise.display.page.figures import page_figure
from saliencynoise.display.page.made import Made
from saliencynoise.display.page.run import RunPage, write_run_page
from saliencynoise.display.page.tables import plain_table
from saliencynoise.records.writing import json_of
from saliencynoise_dream import figure
from saliencynoise_dream.table import basis, dream_figure, notes, scores_table, sentences, warnings

if TYPE_CHECKING:
    from pathlib import Path

    from saliencynoise_dream.results import DreamStudy

PAGE = "report.html"

WORDS = (
    (
        "dream",
        "A picture that gradient ascent changes until networks give the class a high logit, or a layer much energy.",
    ),
    (
        "ensemble",
        "The dream follows the mean gradient of all members; drawn: the gradient of one member, drawn at each step.",
    ),
    ("single networks", "Dreams of one member alone."),
    ("held-out network", "A network that took no part in the dream and only judges it."),
    ("probability", "Softmax of the dreamt class in a held-out network."),
    ("margin", "Logit of the dreamt class less the largest other logit."),
    ("top-1", "Share of held-out networks and pictures for which the dreamt class comes first."),
    ("gain (log2)", "Of a layer: log2 of held-out networks' energy at the layer over that at the start."),
    (
        "In brackets",
        "95% interval for other held-out networks, and for other classes and single networks where there are several.",
    ),
)
"""The words of the page, each with its meaning."""


def write_page_of(study: DreamStudy) -> Path:
    """Write the page of a dream into its folder, and return its path.

    Raises:
        UsageError: if the folder cannot be written.
    """
    import pandas as pd  # noqa: PLC0415 - kept off the import path of the command line

    result = study.result
    made = Made.of(result.versions, result.created, result.command)
    columns = list(figure.data(study.sets, result.members, singles=len(result.members)))
    captioned = CaptionedFigure(
        name="dreams",
        title=figure.TITLE,
        caption=figure.CAPTION,
        alt=figure.alt(study.rows, columns),
        figure=dream_figure(study),
        data=pd.DataFrame([*result.dreams]),
        pictorial=True,
    )
    page = RunPage(
        question="What do networks dream of?",
        intro="Gradient ascent changes a picture until networks recognise a class in it. Networks that took no part "
        "judge the pictures. A dream shows what raises a logit. It need not look like the class.",
        sentences=sentences(result),
        tables=[plain_table(scores_table(result.facts, narrow=False), "Scores by held-out networks")],
        legend=[],
        pictures=[page_figure(captioned, made)],
        figures=[],
        basis=[basis(result)],
        warnings=list(warnings(result)),
        notes=list(notes(result)),
        words=WORDS,
        settings=json_of(result.settings),
        made=made,
        study=result,
    )
    return write_run_page(page, study.folder / PAGE, study.folder)
