"""Folders with the results of a command: what `saliencynoise runs`, `show` and `report` ask of the command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ResultSummary:
    """A line of `saliencynoise runs`.

    Attributes:
        kind: the kind of result in a word or two, for example "sanity".
        subject: its networks and data, or its pictures.
        headline: its main finding.
        created: date and time in ISO 8601; empty where the results do not say.
    """

    kind: str
    subject: str
    headline: str
    created: str = ""


@runtime_checkable
class Results(Protocol):
    """The results of a command in a folder. `CommandSpec.results` names an object of this kind.

    Each function raises UsageError where the folder is damaged, in one line that names the file and the fix.
    """

    def summary(self, folder: Path) -> ResultSummary:
        """Return the line of a folder. It imports neither torch nor matplotlib."""
        ...

    def show(self, folder: Path, *, as_json: bool) -> bool:
        """Print the results, and return whether a part of them failed."""
        ...

    def report(self, folder: Path, out: Path | None) -> Path:
        """Write the page of the results to `out`, by default into the folder, and return its path."""
        ...
