"""The page of a run that is no study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.display.figures.captioned import MissingFigure
from saliencynoise.display.page.figures import PageFigure
from saliencynoise.display.page.machine import machine
from saliencynoise.display.page.made import Made
from saliencynoise.display.page.page import write_page
from saliencynoise.display.page.settings import flat
from saliencynoise.display.page.tables import PageTable

if TYPE_CHECKING:
    from saliencynoise.records.common import Environment


@dataclass(frozen=True, kw_only=True)
class RunPage:
    """The page of a run that is no study.

    Attributes:
        question: its title.
        intro: a description of the run, for readers who did not make it.
        sentences: the results.
        tables: with a caption each.
        legend: the meaning of the tables' headings.
        pictures: the figures that come before the tables.
        figures: those after the tables.
        basis: the provenance of the figures.
        failures: methods and networks that failed, each with the reason.
        warnings: what a reader must know to judge the results.
        notes: on the data.
        words: the words of the page, each with its meaning.
        settings: of the run.
        made: version, date and command of the result.
        study: versions and hardware of the result.
    """

    question: str
    intro: str
    sentences: Sequence[str]
    tables: Sequence[PageTable]
    legend: Sequence[str]
    figures: Sequence[PageFigure | MissingFigure]
    basis: Sequence[str]
    notes: Sequence[str]
    words: Sequence[tuple[str, str]]
    settings: Mapping[str, Any]
    made: Made
    study: Environment
    pictures: Sequence[PageFigure | MissingFigure] = ()
    failures: Sequence[str] = ()
    warnings: Sequence[str] = ()


def write_run_page(page: RunPage, path: Path, folder: Path) -> Path:
    """Write the page of a run in `folder` to `path`, and return the path."""
    return write_page(
        path,
        "run.html",
        page=page,
        settings=flat(page.settings),
        provenance=machine(page.study),
        folder=str(folder),
        words=page.words,
        made=page.made,
    )
