"""Files that are either whole or absent: temporary file, fsync, rename."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import threading
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def write_bytes(path: Path, content: bytes) -> str:
    """Write a file atomically, its folder too, and return the sha256 of its content.

    Raises:
        UsageError: if the place is read-only or full; what stood at `path` stays.
    """
    replace_file(path, lambda temporary: temporary.write_bytes(content))
    return hashlib.sha256(content).hexdigest()


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Have `write` fill a temporary file beside `path`, then put that in its place, its folder made too.

    Raises:
        UsageError: if the place is read-only or full; what stood at `path` stays.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
        try:
            write(temporary)
            _sync(temporary)
            temporary.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
        if os.name != "nt":  # where a folder cannot be opened
            _sync(path.parent)
    except OSError as error:
        raise UsageError(cannot_write(path, error)) from error


def remove_file(path: Path) -> None:
    """Remove a file if there is one.

    Raises:
        UsageError: if the place is read-only.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(cannot_write(path, error)) from error


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock that the file `path` stands for, its folder made too: other processes wait.

    Raises:
        UsageError: if the place is read-only.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        lock.acquire()
    except OSError as error:
        raise UsageError(cannot_write(path, error)) from error
    try:
        yield
    finally:
        lock.release()


def cannot_write(path: Path, error: OSError) -> str:
    """Return what went wrong, and the fix."""
    fix = "free space there" if error.errno == errno.ENOSPC else "name a folder that can be written to"
    where = "--out for results, SALIENCYNOISE_CACHE for pools and decoded data sets"
    return f"cannot write {path}: {error.strerror or error}; {fix} ({where})"


def refuse_foreign(folder: Path, result: str) -> None:
    """Refuse a folder of results that holds something else.

    Args:
        folder: where results are to go; it need not be there.
        result: name of the file by which an earlier run's folder is known, whose files may be replaced.

    Raises:
        UsageError: naming the folder, if it is a file or has files and not this one, or cannot be looked into.
    """
    try:
        standing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not standing.is_dir():
            raise UsageError(f"--out {folder}: {standing} is a file; name a folder")
        if folder.is_dir() and any(folder.iterdir()) and not (folder / result).is_file():
            raise UsageError(f"--out {folder} holds other files and no {result}; name an empty or a new folder")
    except OSError as error:
        raise UsageError(cannot_write(folder, error)) from error


def write_json(path: Path, document: Any) -> None:
    """Write a JSON document atomically, without NaN or Infinity.

    Raises:
        UsageError: as `write_bytes`.
    """
    write_bytes(path, (json.dumps(document, indent=2, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """Return a JSON document, or None where there is no readable one."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def sha256_of(path: Path) -> str | None:
    """Return the sha256 of a file's content, or None where there is no readable file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def key_of(identity: Any) -> str:
    """Return the first 16 hex digits of the hash of what determines a content."""
    text = json.dumps(identity, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


LONGEST = 80
"""Characters of a file's or folder's name that `slug_of` gives."""


def slug_of(text: str) -> str:
    """Return a readable name for a file or folder: letters, digits, dots, dashes and underscores only.

    It never begins or ends with a dot: `..` would lead out of the folder that it is meant to lie in. A long name is cut
    and ends with a hash, so that two of them stay apart.
    """
    kept = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._") else "-" for letter in text)
    name = "-".join(part for part in kept.split("-") if part).strip("-.") or "unnamed"
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 7].rstrip('-.')}-{key_of(text)[:6]}"


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
