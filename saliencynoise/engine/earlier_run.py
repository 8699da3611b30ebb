"""The agreement of a run with the earlier runs of its folder, by the file `plan.json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saliencynoise.engine.config import BenchConfig
from saliencynoise.engine.errors_log import ERRORS
from saliencynoise.engine.study import PLAN, RESULT
from saliencynoise.interfaces import UsageError
from saliencynoise.records.plan import PlanRecord
from saliencynoise.records.reading import RecordError, check_record, read_record
from saliencynoise.records.writing import json_of, write_record
from saliencynoise.store.atomic import LOCK, holds_files, read_json

FORMAT = 1
"""Version of the layout of `plan.json`."""

CHUNK = 32
"""Images that are passed, stored and verified together, unless an earlier run chose otherwise."""

GROWING = ("archs", "methods", "members", "images", "draws", "aggregator", "untrained", "groups")
"""Settings that may differ when a folder is used again: its files are reused, and others are added."""


@dataclass(frozen=True, kw_only=True)
class Division:
    """The division of images, which later runs of a folder keep, so that they give the same bits.

    Attributes:
        chunk: number of images of a file.
        rows: rows of a pass by architecture, as far as they were chosen.
    """

    chunk: int
    rows: dict[str, int]


def new_division() -> Division:
    """Return the division of a folder without an earlier run."""
    return Division(chunk=CHUNK, rows={})


def shared_settings(config: BenchConfig, dataset_key: str) -> dict[str, Any]:
    """Return the settings that a folder's runs share."""
    return {**_without_growing(json_of(config.settings)), "dataset_key": dataset_key}


def _without_growing(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the other settings as JSON has them, where a tuple is a list."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in settings.items()
        if name not in GROWING
    }


def agreed_division(folder: Path, shared: Mapping[str, Any], *, fresh: bool) -> Division:
    """Return the division of images that a folder's earlier run chose; nothing is written.

    Raises:
        UsageError: if the folder has another study, or other files.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {folder} is a file; name a folder")
    if not folder.is_dir() or not holds_files(folder):
        return new_division()
    path = folder / PLAN
    if path.is_dir():
        raise UsageError(f"{path} is a folder, where a run keeps its plan; move it away, or name another --out")
    finished = _plan_of_result(folder)
    if finished is None and not path.exists():
        raise UsageError(f"--out {folder} holds other files and no run; name an empty or a new folder")
    if fresh or not _holds_results(folder):
        return new_division()
    earlier = _read_plan(path) or finished
    if earlier is None:
        return new_division()
    for name, value in earlier.fixed.items():
        if name in shared and value != shared[name]:
            raise UsageError(_other_run(folder, name, value, shared[name], finished))
    return Division(chunk=earlier.chunk, rows=dict(earlier.rows))


def write_plan(folder: Path, shared: Mapping[str, Any], division: Division) -> None:
    """Write `plan.json`.

    Raises:
        UsageError: if it cannot be written.
    """
    write_record(folder / PLAN, PlanRecord(format=FORMAT, fixed=dict(shared), chunk=division.chunk, rows=division.rows))


def _other_run(folder: Path, name: str, value: Any, wanted: Any, finished: PlanRecord | None) -> str:
    """Return a message on a folder whose plan has another value than the command."""
    if finished is not None and finished.fixed.get(name) == wanted:
        return (
            f"{folder / PLAN} has {name}={value}, and {folder / RESULT} has {name}={wanted}: one is of another "
            f"run; put the right file back, or delete {folder / PLAN} if the result is yours"
        )
    return (
        f"{folder} holds a run with {name}={value}, and this one has {name}={wanted}; name another --out, or replace "
        "it with --fresh"
    )


def _holds_results(folder: Path) -> bool:
    """Whether a run has written any results here; a start that failed does not block another."""
    return any(path.name not in {PLAN, LOCK, ERRORS} for path in folder.iterdir())


def _read_plan(path: Path) -> PlanRecord | None:
    """Return the plan of an earlier run, or None if it is damaged and must be made from the command and the result.

    Maps of another plan cannot be taken for this run's, because the names of their files differ.
    """
    try:
        return read_record(path, PlanRecord)
    except RecordError:
        return None


def _plan_of_result(folder: Path) -> PlanRecord | None:
    """Return the plan of a folder's finished run from its result; None where none is readable."""
    result = read_json(folder / RESULT)
    if not isinstance(result, dict):
        return None
    settings, dataset, plan = (result.get(name) for name in ("settings", "dataset", "plan"))
    if not (isinstance(settings, dict) and isinstance(dataset, dict) and isinstance(plan, dict)):
        return None
    fixed = {**_without_growing(settings), "dataset_key": dataset.get("key")}
    chosen = {**plan, "fixed": fixed, "format": FORMAT}
    try:
        return check_record(chosen, PlanRecord, where=str(folder))
    except RecordError:
        return None
