"""The result file of an analysis: its facts about the study, and how it is read from the folder of its run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from saliencynoise.display.figures.captioned import CaptionedFigure, MissingFigure
from saliencynoise.display.figures.saving import drawn
from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.shell import shell
from saliencynoise.records.common import Record
from saliencynoise.records.reading import read_record
from saliencynoise.records.study import StudyFacts, StudyRecord
from saliencynoise.records.writing import record_of
from saliencynoise.store.atomic import remove_file, write_bytes

T = TypeVar("T", bound=Record)

REPORT = "report.html"
"""The name of the page in the folder of a run."""

KINDS = ("png", "svg", "pdf")
"""The formats of a figure's files."""


@dataclass(frozen=True, kw_only=True)
class AnalysisResult(Generic[T]):
    """The result of an analysis.

    Attributes:
        result: the document of its file, as `frontier.json`.
        folder: folder of its run, with the file, the figure and the studies.
    """

    result: T
    folder: Path

    def __repr__(self) -> str:
        """Return the kind of the result, the names of its parts, and the folder."""
        parts = ", ".join(self.result.__struct_fields__)
        return f"{type(self.result).__name__.removesuffix('Record')} in {self.folder}; .result has {parts}"


def load_result(folder: str | Path, name: str, kind: type[T], *, command: str) -> T:
    """Read the result of an analysis.

    Args:
        folder: of the run.
        name: of the file.
        kind: the type of the file's record.
        command: of `saliencynoise` that writes it.

    Raises:
        UsageError: if there is none, or it is damaged.
    """
    path = Path(folder) / name
    fix = f"run: {shell('saliencynoise', command, '--out', folder)}"
    if not path.is_file():
        raise UsageError(f"{folder} holds no readable {name}; {fix}")
    return read_record(path, kind, fix=fix)


def facts_of(study: StudyRecord) -> StudyFacts:
    """Return the facts of a study that the result of an analysis repeats."""
    return record_of(study, StudyFacts)


def written(folder: Path, names: Sequence[str], more: str = "") -> str:
    """Return the line that ends a command: the folder, and those of its files that exist.

    Args:
        folder: of the results.
        names: of files that the command may have written.
        more: what else lies there, in words.

    >>> written(Path("runs/nowhere"), ["frontier.json"], "and a bench of each sampler")
    'Results in runs/nowhere (a bench of each sampler).'
    """
    found = [name for name in names if (folder / name).exists()]
    inside = ", ".join([*found, *([more] if more else [])]) if found else more.removeprefix("and ")
    return f"Results in {folder} ({inside})." if inside else f"Results in {folder}."


def files_of(*figures: str) -> list[str]:
    """Return the names of figures' files.

    >>> files_of("maps")
    ['maps.png', 'maps.svg', 'maps.pdf']
    """
    return [f"{name}.{kind}" for name in figures for kind in KINDS]


def save_figures(folder: Path, figures: Sequence[CaptionedFigure | MissingFigure]) -> None:
    """Write figures into a folder in all formats; files of a figure that cannot be drawn any more are removed.

    Raises:
        UsageError: if the folder cannot be written.
    """
    for figure in figures:
        for kind in KINDS:
            path = folder / f"{figure.name}.{kind}"
            if isinstance(figure, MissingFigure):
                remove_file(path)
            else:
                write_bytes(path, drawn(figure.figure, kind))
