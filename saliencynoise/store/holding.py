"""A folder of results is written by one process at a time: its lock is taken before anything in it is changed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from saliencynoise.interfaces import UsageError
from saliencynoise.store.atomic import LOCK, cannot_write

if TYPE_CHECKING:
    from pathlib import Path


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder of results, made if it is not there; the same thread may hold it several times.

    Raises:
        UsageError: if another process holds it, or the folder cannot be written or locked.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock((folder / LOCK).absolute(), is_singleton=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise UsageError(f"another process is writing to {folder}; wait for it, or name another --out") from error
    except (OSError, NotImplementedError) as error:  # the latter on a file system without locks
        numbered_error = error if isinstance(error, OSError) else OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
        raise UsageError(cannot_write(folder / LOCK, numbered_error)) from error
    try:
        yield
    finally:
        lock.release()
