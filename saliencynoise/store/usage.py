"""Who uses a pool: each process that trains or reads members holds a lock of its own, so that nobody removes them.

The locks stand beside the pool's folder, for what is in it goes with it. Where a place has no locks, or is read-only,
there are none: whoever uses a member that was removed is stopped, and says which.
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
"""What a place raises that has no locks, or cannot be written to; a lock that is held raises a Timeout first."""


@contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """Mark a pool's folder, which need not be there yet, as used by this process."""
    path = folder.with_name(f"{_prefix(folder)}{os.getpid()}-{secrets.token_hex(4)}.lock")
    own = FileLock(path)
    with suppress(*NO_LOCKS), _gate(folder):
        own.acquire(timeout=0)
    try:
        yield
    finally:
        if own.is_locked:
            own.release()
            with suppress(OSError):
                path.unlink()


@contextmanager
def nobody_uses(folder: Path) -> Iterator[bool]:
    """Tell whether no process uses a folder; none begins to before the context ends."""
    alone = True
    with ExitStack() as held:
        with suppress(*NO_LOCKS):
            held.enter_context(_gate(folder))
            alone = not any(_is_held(path) for path in _locks(folder))
        yield alone


def _is_held(path: Path) -> bool:
    """Whether a process holds the lock; a file that a killed one left is removed."""
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
