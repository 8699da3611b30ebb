"""The result file of an analysis, read from the folder of its run."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.shell import shell


class Reader(Protocol):
    """Reads a file with its types; `fix` is what an error advises."""

    def __call__(self, path: Path, *, fix: str) -> Any:
        """Return the document of the file."""


def load_result(folder: str | Path, name: str, *, command: str, read: Reader) -> dict[str, Any]:
    """Read the result of an analysis.

    Args:
        folder: of the run.
        name: of the file.
        command: of `saliencynoise` that writes it.
        read: of its kind of record.

    Raises:
        UsageError: if there is none.
    """
    path = Path(folder) / name
    fix = f"run: {shell('saliencynoise', command, '--out', folder)}"
    if not path.is_file():
        raise UsageError(f"{folder} holds no readable {name}; {fix}")
    return {**read(path, fix=fix)}
