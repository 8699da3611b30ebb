"""The result file of an analysis: its facts about the study, and how it is read from the folder of its run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.shell import shell
from saliencynoise.records.common import Record
from saliencynoise.records.reading import read_record
from saliencynoise.records.study import StudyFacts, StudyRecord
from saliencynoise.records.writing import record_of

T = TypeVar("T", bound=Record)


@dataclass(frozen=True, kw_only=True)
class AnalysisResult(Generic[T]):
    """The result of an analysis.

    Attributes:
        result: the document of its file, as `frontier.json`.
        folder: folder of its run, with the file, the figure and the studies.
    """

    result: T
    folder: Path


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
