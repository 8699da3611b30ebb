"""Marks of use of a pool: each process that trains or reads members holds a lock, so that no other one removes them.

The locks are beside the pool's folder, because the folder's files are deleted with it. No lock is held on a file system
without locks or on a read-only one: there a process that uses a removed member stops and names it.
"""

from __future__ import annotations

import os
import secrets
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_LOCKS = (OSError, NotImplementedError)
"""Errors of a folder without locks or one that is read-only; a lock in use raises a Timeout first."""


@contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """Mark a pool's folder, which need not exist yet, as used by this process."""
    path = folder.with_name(f"{_prefix(folder)}{os.getpid()}-{secrets.token_hex(4)}.lock")
    lock = FileLock(path)
    with suppress(*NO_LOCKS), _gate(folder):
        lock.acquire(timeout=0)
    try:
        yield
    finally:
        if lock.is_locked:
            lock.release()
            with suppress(OSError):
                path.unlink()


@contextmanager
def nobody_uses(folder: Path) -> Iterator[bool]:
    """Yield whether no process uses a folder; no process can begin to use it before the context ends."""
    alone = True
    with ExitStack() as locks:
        with suppress(*NO_LOCKS):
            locks.enter_context(_gate(folder))
            alone = not any(_is_held(path) for path in _locks(folder))
        yield alone


def _is_held(path: Path) -> bool:
    """Whether a process holds the lock; the file of a killed process is removed."""
    try:
        with FileLock(path, timeout=0):
            pass
    except Timeout:
        return True
    with suppress(OSError):
        path.unlink()
    return False


@contextmanager
def _gate(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        yield


def _locks(folder: Path) -> list[Path]:
    entries = [Path(entry) for entry in os.scandir(folder.parent)]
    return [path for path in entries if path.name.startswith(_prefix(folder)) and path.suffix == ".lock"]


def _prefix(folder: Path) -> str:
    return f".{folder.name}.used-by-"
