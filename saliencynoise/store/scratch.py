"""A temporary folder that is deleted with the object that needs it, or when Python ends."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path


class Scratch:
    """A temporary folder.

    Attributes:
        path: the folder; it is there as long as this object.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="saliencynoise-"))
        self._count = 0
        self._finalizer = weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    def file(self, ending: str) -> Path:
        """Return the path of a new file."""
        self._count += 1
        return self.path / f"{self._count}{ending}"

    def remove(self) -> None:
        """Delete the folder now."""
        self._finalizer()
