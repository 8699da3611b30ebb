"""Import of files that `packing` wrote into pools; a file is checked in full before anything is changed."""

from __future__ import annotations

import json
import re
import stat
import struct
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.errors import one_line
from saliencynoise.store.atomic import key_of, parsed, slug_of
from saliencynoise.store.contents import Contents, wrong_content, wrong_network, wrong_origin
from saliencynoise.store.packing import entry_names
from saliencynoise.store.pool import Pool, pools_folder
from saliencynoise.store.records import MemberRecord, record_of, wrong_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

NAME = re.compile(
    r"(?P<folder>(?P<slug>[\w.-]{1,60})-(?P<key>[0-9a-f]{16}))/"
    r"(?:pool\.json|member-(?P<index>\d{4,9})(?:\.json|\.safetensors|\.logits\.safetensors))",
    re.ASCII,
)
LARGEST_JSON = 1_000_000
"""Bytes; a record has about 1,000, and `pool.json` as many."""


@dataclass(frozen=True, kw_only=True)
class Unpacked:
    """The result of importing one file.

    Attributes:
        path: path of the file.
        pool: pool of its members.
        imported: indices of the members that were written.
        found: indices of the members that the pool had already, byte for byte.
    """

    path: Path
    pool: Pool
    imported: tuple[int, ...]
    found: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class _File:
    """A file that was checked."""

    path: Path
    pool: Pool
    description: Mapping[str, Any]
    records: Mapping[int, MemberRecord]


def unpack(paths: Sequence[Path], *, replace: bool = False, root: Path | None = None) -> list[Unpacked]:
    """Add the members of files to the pools that they belong to.

    A sound member that the pool has already stays, a corrupt one is written again. If the import is interrupted, each
    member is complete or absent, and the same call continues it.

    Args:
        paths: the files.
        replace: whether a sound member of other weights is replaced, and not refused.
        root: the folder of the pools, the user's if none is given.

    Raises:
        UsageError: if a file is not whole, or not what `pack` writes; if it holds a member with other weights than the
            pool's or another file's: then nothing is changed. Also if the pool cannot be written.
    """
    files = [_checked(path, root or pools_folder()) for path in paths]
    for earlier, later in combinations(files, 2):
        _refuse_contradiction(earlier, later)
    for file in files:
        _refuse_other_network(file)
        for record in file.records.values():
            _is_missing(file, record, replace=replace)
    return [_add(file, replace=replace) for file in files]


def _checked(path: Path, root: Path) -> _File:
    """Read a file in full and compare each member with its checksums."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name the files in it, as in {path}/*.zip")
    with _reading(path) as archive:
        folder, indices = _entries(archive, path.stat().st_size)
        description = _description(archive, folder)
        records = _records(archive, folder, indices, description["identity"])
    return _File(path=path, pool=Pool(root / folder), description=description, records=records)


@contextmanager
def _reading(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a file; any fault of it becomes a `UsageError` that names the file and the fault."""
    if not path.is_file():
        raise UsageError(f"cannot import {path}: there is no such file; copy or export it again")
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (UsageError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot import {path}: {reason or error}; copy or export it again") from error
    except (zipfile.BadZipFile, EOFError, ValueError, RuntimeError, struct.error) as error:
        # zipfile and json raise these on damaged bytes
        raise UsageError(f"cannot import {path}: it is damaged ({one_line(error)}); copy or export it again") from error


def _entries(archive: zipfile.ZipFile, size: int) -> tuple[str, list[int]]:
    """Return the folder and the members that the entries name; refuse entries that `pack` does not write."""
    entries = archive.infolist()
    names = {info.filename for info in entries}
    if len(names) != len(entries) or sum(info.file_size for info in entries) > size:
        raise UsageError("entries overlap or are repeated")
    matches = [_match(info) for info in entries]
    folders = {match["folder"] for match in matches}
    if len(folders) != 1:
        raise UsageError(f"it holds {len(folders)} pools, not one")
    (folder,) = folders
    indices = sorted({int(match["index"]) for match in matches if match["index"]})
    if not indices:
        raise UsageError("it holds no member")
    whole = {f"{folder}/pool.json"}.union(*(entry_names(folder, index) for index in indices))
    if names != whole:
        odd = min(names ^ whole)
        raise UsageError(f"{odd} is {'missing' if odd in whole else 'no part of a member'}")
    return folder, indices


def _match(info: zipfile.ZipInfo) -> re.Match[str]:
    """Return the parts of an entry's name; refuse other names, links, and compressed entries."""
    match = NAME.fullmatch(info.orig_filename)
    plain = info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size
    kind = stat.S_IFMT(info.external_attr >> 16)
    if match is None or match["slug"] != slug_of(match["slug"]) or not plain or kind not in {0, stat.S_IFREG}:
        raise UsageError(f"{info.orig_filename!r} is not an entry that 'saliencynoise pools export' writes")
    return match


def _description(archive: zipfile.ZipFile, folder: str) -> Mapping[str, Any]:
    document = _json(archive, f"{folder}/pool.json")
    if not (isinstance(document, dict) and {"format", "identity", "network"} == document.keys()):
        raise UsageError("its pool.json does not describe its members")
    if document["format"] != 1:
        raise UsageError(f"it has the format {document['format']!r} of another version of saliencynoise")
    if wrong := wrong_network(document["network"]):
        raise UsageError(f"its pool.json does not describe its members: {wrong}")
    if not folder.endswith(f"-{key_of(document['identity'])}"):
        raise UsageError(f"its pool.json belongs to another pool than {folder}")
    return document


def _records(archive: zipfile.ZipFile, folder: str, indices: Sequence[int], identity: Any) -> dict[int, MemberRecord]:
    """Return the members' records; refuse weights and logits that no network of this pool has."""
    classes = identity.get("classes") if isinstance(identity, dict) else None
    records: dict[int, MemberRecord] = {}
    first: Contents | None = None
    for index in indices:
        records[index] = _record(archive, folder, index)
        contents = Contents.of(*_files(archive, folder, records[index]), member=index)
        wrong = wrong_content(contents, classes)
        if wrong is None and first is not None and contents.shapes != first.shapes:
            wrong = f"its tensors have other names or shapes than those of member {indices[0]}"
        if wrong is not None:
            raise UsageError(f"member {index} is not of this pool: {wrong}")
        first = first or contents
    return records


def _record(archive: zipfile.ZipFile, folder: str, index: int) -> MemberRecord:
    document = _json(archive, entry_names(folder, index)[0])
    record = record_of(document, index)
    if record is None:
        wrong = wrong_value(document, index) if isinstance(document, dict) else "it is no table"
    else:
        wrong = wrong_origin(record.versions, record.hardware)
    if record is None or wrong:
        raise UsageError(f"the record of member {index} is not valid: {wrong}")
    return record


def _files(archive: zipfile.ZipFile, folder: str, record: MemberRecord) -> tuple[bytes, bytes]:
    """Return a member's weights and logits after comparing them with their checksums."""
    _, logits, weights = (archive.read(name) for name in entry_names(folder, record.index))
    if not record.fits(weights, logits):
        raise UsageError(f"a file of member {record.index} fails its checksum")
    return weights, logits


def _json(archive: zipfile.ZipFile, name: str) -> Any:
    if archive.getinfo(name).file_size > LARGEST_JSON:
        raise UsageError(f"{name} is larger than {LARGEST_JSON} bytes")
    document = parsed(archive.read(name))
    json.dumps(document, allow_nan=False)  # so that it can be written; 1e999 is read as infinity
    return document


def _refuse_contradiction(earlier: _File, later: _File) -> None:
    """Refuse two files that give one member different weights, or one pool different networks."""
    folder = later.pool.folder
    if earlier.pool.folder != folder:
        return
    if earlier.description != later.description:
        raise UsageError(f"{earlier.path} and {later.path} describe {folder.name} differently; import one of them")
    for index in sorted(earlier.records.keys() & later.records.keys()):
        if earlier.records[index].checksums != later.records[index].checksums:
            raise UsageError(
                f"member {index} of {folder.name} has other weights in {earlier.path} than in {later.path}; "
                "import one of them"
            )


def _refuse_other_network(file: _File) -> None:
    description = file.pool.description
    if description is not None and description["network"] != file.description["network"]:
        raise UsageError(
            f"the members in {file.path} are of another build of the network (another version of its plugin or "
            f"library) than those of {file.pool.folder}; remove that pool with 'saliencynoise pools remove', or "
            "leave the file"
        )


def _is_missing(file: _File, record: MemberRecord, *, replace: bool) -> bool:
    """Whether a member must be written. One with other weights is written if `replace` is set, else refused."""
    pool_record = file.pool.sound(record.index)
    if pool_record is not None and pool_record.checksums == record.checksums:
        return False
    if pool_record is None or replace:
        return True
    raise UsageError(
        f"member {record.index} of {file.pool.folder.name} exists with other weights than in {file.path} (the same "
        "seeds give other bytes on other hardware or with another number of threads); --replace takes the file's"
    )


def _add(file: _File, *, replace: bool) -> Unpacked:
    imported, present = [], []
    with file.pool.in_use():
        file.pool.describe(file.description["identity"], file.description["network"])
        for index, record in file.records.items():
            with file.pool.lock(index):
                if not _is_missing(file, record, replace=replace):
                    present.append(index)
                    continue
                with _reading(file.path) as archive:
                    weights, logits = _files(archive, file.pool.folder.name, record)
                file.pool.adopt(record, weights, logits, replace=True)  # what exists is corrupt, or to be replaced
                imported.append(index)
    return Unpacked(path=file.path, pool=file.pool, imported=tuple(imported), found=tuple(present))
