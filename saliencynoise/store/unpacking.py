"""Import of files that `packing` wrote into pools; a file is checked in full before anything is changed."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import struct
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.errors import one_line
from saliencynoise.store.atomic import key_of, parsed, slug_of
from saliencynoise.store.contents import Contents, wrong_content, wrong_network, wrong_origin
from saliencynoise.store.pool import Pool, pools_folder
from saliencynoise.store.records import MemberRecord, record_of, wrong_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

NAME = re.compile(
    r"(?P<folder>(?P<slug>[\w.-]{1,60})-(?P<key>[0-9a-f]{16}))/"
    r"(?:pool\.json|member-(?P<index>\d{4,9})(?P<suffix>\.json|\.safetensors|\.logits\.safetensors))",
    re.ASCII,
)
SUFFIXES = (".json", ".safetensors", ".logits.safetensors")
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


class _WrongError(Exception):
    """The reason why a file cannot be imported."""


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
    _refuse_contradictions(files)
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
        folder, members = _contents(archive, path.stat().st_size)
        description = _description(archive, folder)
        records = {index: _record(archive, folder, index) for index in members}
        _refuse_unlike(archive, folder, description, list(records.values()))
    return _File(path=path, pool=Pool(root / folder), description=description, records=records)


@contextmanager
def _reading(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a file; any fault of it becomes a `UsageError` that names the fault."""
    try:
        if not path.is_file():
            _refuse("there is no such file")
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (_WrongError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot import {path}: {reason or error}; copy or export it again") from error
    except (zipfile.BadZipFile, EOFError, ValueError, RuntimeError, struct.error) as error:
        # zipfile and json raise these on damaged bytes
        raise UsageError(f"cannot import {path}: it is damaged ({one_line(error)}); copy or export it again") from error


def _refuse(reason: str) -> NoReturn:
    raise _WrongError(reason)


def _contents(archive: zipfile.ZipFile, size: int) -> tuple[str, list[int]]:
    """Return the folder and the members that the entries name; refuse entries that `pack` does not write."""
    entries = archive.infolist()
    names = {info.filename for info in entries}
    if len(names) != len(entries) or sum(info.file_size for info in entries) > size:
        _refuse("entries overlap, or stand twice")
    matches = []
    for info in entries:
        match = NAME.fullmatch(info.orig_filename)
        plain = info.compress_type == zipfile.ZIP_STORED and info.file_size == info.compress_size
        kind = stat.S_IFMT(info.external_attr >> 16)
        if match is None or match["slug"] != slug_of(match["slug"]) or not plain or kind not in {0, stat.S_IFREG}:
            _refuse(f"{info.orig_filename!r} is nothing that 'saliencynoise pools export' writes")
        matches.append(match)
    folders = {match["folder"] for match in matches}
    if len(folders) != 1:
        _refuse(f"it holds {len(folders)} pools, not one")
    (folder,) = folders
    members = sorted({int(match["index"]) for match in matches if match["index"]})
    if not members:
        _refuse("it holds no member")
    whole = {f"{folder}/pool.json", *(_name(folder, index, suffix) for index in members for suffix in SUFFIXES)}
    if names != whole:
        odd = min(names ^ whole)
        _refuse(f"{odd} is {'missing' if odd in whole else 'no part of a member'}")
    return folder, members


def _name(folder: str, index: int, suffix: str) -> str:
    return f"{folder}/member-{index:04d}{suffix}"


def _description(archive: zipfile.ZipFile, folder: str) -> Mapping[str, Any]:
    document = _json(archive, f"{folder}/pool.json")
    if not (isinstance(document, dict) and {"format", "identity", "network"} == document.keys()):
        _refuse("its pool.json says not what its members are")
    if document["format"] != 1:
        _refuse(f"it has the format {document['format']!r} of another version of saliencynoise")
    if wrong := wrong_network(document["network"]):
        _refuse(f"its pool.json says not what its members are: {wrong}")
    if not folder.endswith(f"-{key_of(document['identity'])}"):
        _refuse(f"its pool.json belongs to another pool than {folder}")
    return document


def _record(archive: zipfile.ZipFile, folder: str, index: int) -> MemberRecord:
    document = _json(archive, _name(folder, index, ".json"))
    wrong = wrong_value(document, index) if isinstance(document, dict) else "it is no table"
    record = record_of(document, index)
    if record is None:
        _refuse(f"the record of member {index} says not what a record says: {wrong}")
    if odd := wrong_origin(record.versions, record.hardware):
        _refuse(f"the record of member {index} says not what a record says: {odd}")
    _files(archive, folder, record)
    return record


def _refuse_unlike(
    archive: zipfile.ZipFile, folder: str, description: Mapping[str, Any], records: Sequence[MemberRecord]
) -> None:
    """Refuse weights and logits that no network of this pool has."""
    reference: tuple[int, Contents] | None = None
    for record in records:
        contents = Contents.of(*_files(archive, folder, record))
        classes = description["identity"].get("classes") if isinstance(description["identity"], dict) else None
        wrong = wrong_content(contents, classes)
        if wrong is None and reference is not None and contents.shapes != reference[1].shapes:
            wrong = f"its tensors have other names or shapes than those of member {reference[0]}"
        if wrong is not None:
            _refuse(f"member {record.index} is not of this pool: {wrong}")
        reference = reference or (record.index, contents)


def _files(archive: zipfile.ZipFile, folder: str, record: MemberRecord) -> tuple[bytes, bytes]:
    """Return a member's weights and logits after comparing them with their checksums."""
    from safetensors import SafetensorError, deserialize  # noqa: PLC0415 - numpy stays off the import path

    weights = archive.read(_name(folder, record.index, ".safetensors"))
    logits = archive.read(_name(folder, record.index, ".logits.safetensors"))
    for content, checksum in ((weights, record.sha256), (logits, record.logits_sha256)):
        if hashlib.sha256(content).hexdigest() != checksum:
            _refuse(f"a file of member {record.index} fails its checksum")
        try:
            tensors = dict(deserialize(content))  # type: ignore[no-untyped-call]
        except SafetensorError as error:
            _refuse(f"a file of member {record.index} is not made of tensors ({error})")
        if content is logits and tensors.keys() != {"logits"}:
            _refuse(f"the logits of member {record.index} are missing")
    return weights, logits


def _json(archive: zipfile.ZipFile, name: str) -> Any:
    if archive.getinfo(name).file_size > LARGEST_JSON:
        _refuse(f"{name} is larger than {LARGEST_JSON} bytes")
    document = parsed(archive.read(name))
    json.dumps(document, allow_nan=False)  # so that it can be written; 1e999 is read as infinity
    return document


def _refuse_contradictions(files: Sequence[_File]) -> None:
    """Refuse two files that give one member different weights, or one pool different networks."""
    first_seen: dict[tuple[Path, int], tuple[_File, MemberRecord]] = {}
    described: dict[Path, _File] = {}
    for file in files:
        folder = file.pool.folder
        other = described.setdefault(folder, file)
        if other.description != file.description:
            raise UsageError(f"{other.path} and {file.path} describe {folder.name} differently; import one of them")
        for index, record in file.records.items():
            earlier_file, earlier_record = first_seen.setdefault((folder, index), (file, record))
            if not _same_files(earlier_record, record):
                raise UsageError(
                    f"member {index} of {folder.name} has other weights in {earlier_file.path} than in {file.path}; "
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
    if pool_record is None:
        return True
    if _same_files(pool_record, record):
        return False
    if replace:
        return True
    raise UsageError(
        f"member {record.index} of {file.pool.folder.name} is there with other weights than in {file.path} (the same "
        "seeds give other bytes on other hardware or with another number of threads); --replace takes the file's"
    )


def _same_files(left: MemberRecord, right: MemberRecord) -> bool:
    return (left.sha256, left.logits_sha256) == (right.sha256, right.logits_sha256)


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
                    content = _files(archive, file.pool.folder.name, record)
                file.pool.adopt(record, *content, replace=True)  # what exists is corrupt, or to be replaced
                imported.append(index)
    return Unpacked(path=file.path, pool=file.pool, imported=tuple(imported), found=tuple(present))
