"""Files that are either whole or absent: temporary file, fsync, rename."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


def write_bytes(path: Path, content: bytes) -> str:
    """Write a file atomically, its folder too, and return the sha256 of its content.

    Raises:
        UsageError: if the place is read-only or full; the file at `path` stays.
    """
    replace_file(path, lambda temporary: temporary.write_bytes(content))
    return hashlib.sha256(content).hexdigest()


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Call `write` with a temporary file beside `path`, then move it to `path`. A missing folder is created.

    Raises:
        UsageError: if the place is read-only or full; the file at `path` stays.
    """
    _refuse_place(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = temporary_beside(path)
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


def _refuse_place(path: Path) -> None:
    """Refuse a place that a file must not take: no name at all, a device, a pipe."""
    if not path.name:
        raise UsageError(f"'{path}' names no file; name one")
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise UsageError(f"cannot write {path}: it is a device or a pipe; name another file")


def publish(path: Path, content: bytes) -> bool:
    """Write a file atomically if none exists; return whether this call wrote it, and not another process.

    On a file system without links, a file that another process creates at the same moment is replaced.

    Raises:
        UsageError: as `write_bytes`.
    """
    whole = temporary_beside(path)
    write_bytes(whole, content)
    try:
        os.link(whole, path)
    except FileExistsError:
        return False
    except OSError:  # no links here
        if path.exists():
            return False
        try:
            whole.replace(path)
        except OSError as error:
            raise UsageError(cannot_write(path, error)) from error
    finally:
        with contextlib.suppress(OSError):
            whole.unlink()
    if os.name != "nt":
        with contextlib.suppress(OSError):
            _sync(path.parent)
    return True


def temporary_beside(path: Path) -> Path:
    """Return a name in the same folder that no other process uses, also on other machines that share the disk."""
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.tmp")


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
    """Hold the lock of the file `path`, while other processes wait. A missing folder is created.

    Locks save work that another process does already; results are right without them. So no lock is held where the
    file system has none.

    Raises:
        UsageError: if the place is read-only.
    """
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except NotImplementedError:  # filelock's form of ENOSYS
        pass
    except OSError as error:
        if error.errno not in LOCKLESS:
            raise UsageError(cannot_write(path, error)) from error
    try:
        yield
    finally:
        lock.release()


LOCKLESS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP})
"""Error numbers of a file system without locks, such as some network mounts."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def cannot_write(path: Path, error: OSError) -> str:
    """Return an error message with its fix."""
    return f"cannot write {path}: {error.strerror or error}; {_fix(path, error)}"


def _fix(path: Path, error: OSError) -> str:
    where = "--out for results, SALIENCYNOISE_CACHE for pools and decoded data sets"
    if error.errno in LOCKLESS:
        return f"that file system gives no locks; name a folder on a local disk ({where})"
    if path.is_dir() and error.errno in {errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST, errno.EPERM, errno.EACCES}:
        return "a folder is in the file's place; move it away, or delete it"
    obstacle = next((folder for folder in path.parents if folder.exists()), None)
    if obstacle is not None and not obstacle.is_dir():
        return f"{obstacle} is a file; move it away, or name another folder ({where})"
    temporary = Path(tempfile.gettempdir())
    if temporary.resolve() in path.resolve().parents and "saliencynoise-" in str(path):
        return f"free space in {temporary}, or set TMPDIR to a folder with more of it"
    if error.errno in FULL:
        return f"free space there ({where})"
    return f"name a folder that can be written to ({where})"


LOCK = ".lock"
"""The name of the lock file of a folder of results; the process that writes there holds it."""


def holds_files(folder: Path) -> bool:
    """Whether a folder contains anything but its lock file, which a refused start leaves behind."""
    return any(path.name != LOCK for path in folder.iterdir())


def refuse_foreign(folder: Path, result: str) -> None:
    """Refuse a folder of results that holds something else.

    Args:
        folder: folder of the results; it need not exist.
        result: name of the file by which an earlier run's folder is known, whose files may be replaced.

    Raises:
        UsageError: naming the folder, if it is a file or has files and not this one, or cannot be looked into.
    """
    try:
        standing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not standing.is_dir():
            raise UsageError(f"--out {folder}: {standing} is a file; name a folder")
        if folder.is_dir() and holds_files(folder) and not (folder / result).is_file():
            raise UsageError(f"--out {folder} holds other files and no {result}; name an empty or a new folder")
    except OSError as error:
        raise UsageError(cannot_write(folder, error)) from error


HEADER = re.compile(rb'\{\s*"checksum": "(?P<sum>[0-9a-f]{64})"(?P<rest>.*)', re.DOTALL)
"""The beginning of a document that `write_json` wrote; the checksum is of all bytes after it."""


class DamagedFileError(UsageError):
    """A file is missing, cannot be read, or is not as it was written."""


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document atomically, without NaN or Infinity, its first entry the checksum of the rest.

    Raises:
        UsageError: as `write_bytes`.
    """
    write_bytes(path, sealed(document))


def sealed(document: Mapping[str, Any]) -> bytes:
    """Return the bytes of a JSON document whose first entry is the checksum of the rest."""
    plain = {name: value for name, value in document.items() if name != "checksum"}
    tail = (json.dumps(plain, indent=2, allow_nan=False).removeprefix("{") + "\n").encode()
    tail = b"," + tail if plain else b"\n" + tail
    return b'{\n  "checksum": "' + hashlib.sha256(tail).hexdigest().encode() + b'"' + tail


def read_verified(path: Path) -> Any:
    """Return a JSON document without its checksum, after comparing the file with it.

    A document without a checksum, as one written by hand, is returned as it is.

    Raises:
        DamagedFileError: naming the file and what is wrong with it; the caller adds the fix.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DamagedFileError(f"{path} cannot be read: {error.strerror or error}") from error
    header = HEADER.match(content)
    if header is not None and hashlib.sha256(header["rest"]).hexdigest().encode() != header["sum"]:
        raise DamagedFileError(f"{path} is damaged: it does not match its checksum")
    try:
        document = parsed(content)
    except ValueError as error:
        raise DamagedFileError(f"{path} is damaged: {error}") from error
    if header is not None:
        del document["checksum"]
    elif isinstance(document, dict) and "checksum" in document:
        raise DamagedFileError(f"{path} is damaged: its checksum is not valid")
    return document


def parsed(content: bytes | str) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: if it is no JSON, or is nested too deeply to be read.
    """
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def read_json(path: Path) -> Any:
    """Return a JSON document as `read_verified` does, or None where there is no sound one."""
    try:
        return read_verified(path)
    except DamagedFileError:
        return None


def sha256_of(path: Path) -> str | None:
    """Return the sha256 of a file's content, or None where there is no readable file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def key_of(identity: Any) -> str:
    """Return the first 16 hex digits of the hash of an identity, the values that determine a content."""
    text = json.dumps(identity, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


LONGEST = 80
"""Characters of a file's or folder's name that `slug_of` gives."""


def slug_of(text: str) -> str:
    """Return a readable name for a file or folder: letters, digits, dots, dashes and underscores only.

    It never begins or ends with a dot, for `..` would lead out of the folder. A long name is cut and ends with a hash,
    so that two long names differ.
    """
    safe = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "._") else "-" for letter in text)
    name = "-".join(part for part in safe.split("-") if part).strip("-.") or "unnamed"
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 7].rstrip('-.')}-{key_of(text)[:6]}"


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
