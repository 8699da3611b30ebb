"""Downloads of data sets: complete or absent."""

from __future__ import annotations

import contextlib
import shutil
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.errors import one_line
from saliencynoise.store.atomic import cannot_write, locked
from saliencynoise.store.places import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SILENCE = 30  # seconds without an answer, after which the download stops


def downloaded(folder: str, fetch: Callable[[str], object], *, name: str) -> Path:
    """Return `downloads/folder` of the cache folder; where it is not there, `fetch(root)` makes `root/folder` first.

    It is fetched into a separate folder, which is renamed when it is complete. The files of an interrupted fetch are
    kept for the next one, which uses a whole archive and fetches a truncated one again.

    Args:
        folder: name of the folder that the archive holds.
        fetch: downloads, checks and unpacks; its errors are reported.
        name: the name of the data set, for messages.

    Raises:
        UsageError: it names the failure and the fixes.
    """
    home = cache_folder() / "downloads"
    with locked(home / f"{folder}.lock"):
        if not (home / folder).is_dir():
            partial = home / f"{folder}.partial"
            shutil.rmtree(partial / folder, ignore_errors=True)
            _fetch(fetch, partial, folder, name)
            try:
                (partial / folder).rename(home / folder)
            except OSError as error:
                raise UsageError(cannot_write(home / folder, error)) from error
            shutil.rmtree(partial, ignore_errors=True)
    return home / folder


def _fetch(fetch: Callable[[str], object], partial: Path, folder: str, name: str) -> None:
    try:
        # torchvision reports on stdout, which is the command's own
        with contextlib.redirect_stdout(sys.stderr), _impatient():
            fetch(str(partial))
        complete = (partial / folder).is_dir()
        reason = f"the archive holds no folder {folder!r}"
    except Exception as error:  # noqa: BLE001 - of the network, the disk, the archive, torchvision's own
        complete, reason = False, one_line(error)
    if not complete:
        raise UsageError(
            f"the data set '{name}' could not be downloaded ({reason}); run the same command again where there is a "
            "network, or name a folder that holds the data with --data-dir DIR"
        )


@contextlib.contextmanager
def _impatient() -> Iterator[None]:
    """Give sockets a timeout, since torchvision waits for ever."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SILENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
