"""Results in ./runs: listed, and found by name, by the beginning or the last part of a name, or as the latest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import typer

from saliencynoise.display.visible import one_visible_line
from saliencynoise.interfaces.errors import SaliencyNoiseError, UsageError, one_line
from saliencynoise.interfaces.suggestions import did_you_mean
from saliencynoise.registry.catalogue import catalogue

if TYPE_CHECKING:
    from saliencynoise.interfaces.results import Results, ResultSummary
    from saliencynoise.interfaces.specs import CommandSpec
    from saliencynoise.registry.entry import Entry

RUNS = Path("runs")
"""The folder of all results, below the current one."""

UNFINISHED = "plan.json"
"""The file of a bench that has begun."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A folder in ./runs.

    Attributes:
        folder: the folder.
        command: the command that wrote it; empty where that is not known.
        summary: a line about it; None where it cannot be read.
        problem: why it cannot be read; empty where it can.
        created: time of its results.
    """

    folder: Path
    command: str
    summary: ResultSummary | None
    problem: str
    created: datetime


def listed(runs: Path = RUNS) -> list[Listed]:
    """Return the folders in ./runs, the newest first; folders without a result are among them, with the problem."""
    folders = [path for path in _children(runs) if path.is_dir() and not path.name.startswith(".")]
    return sorted(map(_listed, folders), key=lambda entry: (entry.created, entry.folder.name), reverse=True)


def results_of(entry: Entry) -> Results:
    """Import the object that reads the results of a command."""
    return cast("Results", entry.load_results())


def kind_of(folder: Path) -> Entry | None:
    """Return the command whose results a folder holds; None where it holds none."""
    return next((entry for entry in _kinds() if (folder / _spec(entry).result_file).is_file()), None)


def found(name: str | None, *, only: str | None = None) -> tuple[Path, Entry]:
    """Return the folder that a user means, with the command that wrote it. The latest one is named on standard error.

    Args:
        name: a path, the name of a folder in ./runs, its beginning or its last part; None for the latest result.
        only: the command whose results are wanted; None for any.

    Raises:
        UsageError: if there is no such folder, there are several, or it holds no such results.
    """
    if name is None:
        folder = _latest(only)
        typer.echo(f"the latest result: {one_visible_line(str(folder))}", err=True)
    else:
        folder = _named(name)
    entry = kind_of(folder)
    if entry is None:
        files = ", ".join(_spec(entry).result_file for entry in _kinds())
        if (folder / UNFINISHED).exists():
            raise UsageError(f"{folder} holds no readable result.json; its run did not finish; run it again")
        raise UsageError(
            f"{folder} holds no results, which are one of {files}; 'saliencynoise runs' lists the folders that do"
        )
    if only is not None and entry.name != only:
        raise UsageError(
            f"{folder} holds the results of {entry.name}, and here those of {only} are needed; {_other(only)}"
        )
    return folder, entry


def study_folder(name: str | None) -> Path:
    """Return the folder of a bench, or of measured maps, that a user means; as `found`.

    Raises:
        UsageError: as `found`.
    """
    return found(name, only="bench")[0]


def folder_names() -> list[str]:
    """Return the names of the folders in ./runs."""
    return [path.name for path in _children(RUNS) if path.is_dir()]


def _latest(only: str | None) -> Path:
    for entry in listed():
        if entry.summary is not None and only in {None, entry.command}:
            return entry.folder
    what = "no results" if only is None else f"no results of {only}"
    raise UsageError(f"./{RUNS} holds {what}; run 'saliencynoise {only or 'bench'}', or name a folder")


def _named(name: str) -> Path:
    if Path(name).is_dir():
        return Path(name)
    if Path(name).exists():
        raise UsageError(f"{name} is a file; name the folder of the results")
    names = folder_names()
    if name in names:
        return RUNS / name
    last = Path(name).name or name
    close = [known for known in names if name and (known.startswith(name) or known.rpartition("-")[2].startswith(name))]
    if len(close) == 1:
        return RUNS / close[0]
    alone = [known for known in close if known.rpartition("-")[0] == name]
    if len(alone) == 1:
        return RUNS / alone[0]
    if close:
        raise UsageError(f"'{name}' may be {', '.join(sorted(close))}; give more of the name")
    hint = did_you_mean(last, names, otherwise="'saliencynoise runs' lists the results here", most=2)
    raise UsageError(f"there is no folder {name}, and no result of that name in ./{RUNS}; {hint}")


def _listed(folder: Path) -> Listed:
    entry = kind_of(folder)
    if entry is None:
        path = folder / UNFINISHED
        problem = "its run did not finish; run it again" if path.exists() else "no results of saliencynoise"
        return Listed(folder=folder, command="", summary=None, problem=problem, created=_changed(folder))
    written = _changed(folder / _spec(entry).result_file)
    try:
        summary = results_of(entry).summary(folder)
        created = datetime.fromisoformat(summary.created) if summary.created else written
    except (SaliencyNoiseError, ValueError, KeyError, TypeError, OSError) as error:
        return Listed(folder=folder, command=entry.name, summary=None, problem=one_line(error), created=written)
    return Listed(folder=folder, command=entry.name, summary=summary, problem="", created=created.astimezone(UTC))


def _other(command: str) -> str:
    names = [entry.folder.name for entry in listed() if entry.command == command and entry.summary is not None]
    return f"the latest are in {names[0]}" if names else f"run 'saliencynoise {command}'"


def _kinds() -> list[Entry]:
    return [entry for entry in catalogue().entries("commands") if _spec(entry).result_file]


def _spec(entry: Entry) -> CommandSpec:
    return cast("CommandSpec", entry.spec)


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
