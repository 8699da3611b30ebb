"""The HTML of a study in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.display.page.page import render
from saliencynoise.report.html.rows import study_table
from saliencynoise.report.html.words import summary_of
from saliencynoise.report.table import basis
from saliencynoise.report.warnings import warnings

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study


def study_html(study: Study) -> str:
    """Return a study's table as a piece of HTML, escaped and without script, in the notebook's own colours."""
    return render(
        "notebook.html",
        sentences=summary_of(study.result).sentences,
        tables=[study_table(study.result)],
        notes=[basis(study.result), *warnings(study.result)],
    )
