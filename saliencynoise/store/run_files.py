"""The files of a finished run; each is compared with its checksum in the result before it is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from saliencynoise.interfaces import UsageError
from saliencynoise.store.atomic import DamagedFileError, sha256_of
from saliencynoise.store.scratch import Scratch


class RunFiles:
    """The files of a run's folder, as its result lists them.

    A file is compared once. A change while a study is open is not noticed.
    """

    def __init__(self, folder: Path, sums: Mapping[str, str], scratch: Scratch | None = None) -> None:
        self.folder = folder
        self._scratch = scratch  # a temporary folder is there as long as its files may be read
        self._sums = sums
        self._sound: set[str] = set()

    def path(self, name: str) -> Path:
        """Return the path of a file, after comparing it with its checksum.

        Args:
            name: its path in the folder, with slashes.

        Raises:
            DamagedFileError: naming the file, if it is not as it was written.
            UsageError: naming the file, if it is not there, or not listed.
        """
        path = self.folder / name
        if name in self._sound:
            return path
        if name not in self._sums:
            raise UsageError(f"{path} is none of the files that {self.folder / 'result.json'} lists; {AGAIN}")
        checksum = sha256_of(path)
        if checksum is None:
            raise UsageError(f"{path} is missing or cannot be read; copy the whole folder of the run, or {AGAIN}")
        if checksum != self._sums[name]:
            raise DamagedFileError(
                f"{path} is not the file that its result.json lists: it is damaged, or of another run; {AGAIN}"
            )
        self._sound.add(name)
        return path


AGAIN = "run the same bench again, which keeps the sound files"
