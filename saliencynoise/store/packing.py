"""Export of pools to files: an uncompressed zip holds `pool.json` and complete members, and nothing else.

The same members give the same bytes: dates are fixed and names sorted. `unpacking` beside this file reads them.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces import UsageError
from saliencynoise.store.atomic import replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from saliencynoise.store.pool import Pool
    from saliencynoise.store.records import MemberRecord

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The date of every entry: the first that a zip can hold."""

FOR_ENTRY, FOR_FILE = 30 + 46 + 20 + 28, 22 + 56 + 20
"""Largest size in bytes of an entry's headers (without its name, which occurs twice) and of a zip's, with ZIP64."""


@dataclass(frozen=True, kw_only=True)
class Packed:
    """A file that was written.

    Attributes:
        path: path of the file.
        members: indices of its members.
        size: size in bytes.
    """

    path: Path
    members: tuple[int, ...]
    size: int


def pack(
    pool: Pool, target: Path, *, max_bytes: int | None = None, members: Sequence[int] | None = None
) -> list[Packed]:
    """Write members (all, unless `members` names some) to as few files as possible, each of at most `max_bytes`.

    `target` is a folder, which gets `POOL.zip` or `POOL-1-of-3.zip`, or a file that ends in .zip, of which several are
    numbered likewise. Every member is verified before anything is written.

    Raises:
        UsageError: if a member is corrupt, missing or larger than `max_bytes`, or the place cannot be written to.
    """
    described = _plain(pool.described())
    records = _verified(pool, members)
    parts = _parts(pool, records, len(described), max_bytes)
    file = target if target.suffix == ".zip" and not target.is_dir() else target / f"{pool.folder.name}.zip"
    packed = []
    for number, part in enumerate(parts, start=1):
        path = file if len(parts) == 1 else file.with_name(f"{file.stem}-{number}-of-{len(parts)}.zip")
        _write(path, pool, part, described)
        packed.append(Packed(path=path, members=tuple(part), size=path.stat().st_size))
    return packed


def _plain(document: Mapping[str, Any]) -> bytes:
    """Return JSON without a checksum, because the zip has a checksum of each entry."""
    return (json.dumps(document, indent=2, allow_nan=False) + "\n").encode()


def _verified(pool: Pool, members: Sequence[int] | None) -> list[MemberRecord]:
    present = pool.indices()
    indices = present if members is None else sorted(set(members))
    missing = [str(index) for index in indices if index not in present]
    if missing or not indices:
        which = f"member {missing[0]}" if missing else "members"
        raise UsageError(f"{pool.folder.name} has no {which}; 'saliencynoise pools list' says how many there are")
    records = []
    for index in indices:
        record = pool.sound(index)
        if record is None:
            raise UsageError(_corrupt(pool, index))
        records.append(record)
    return records


def _corrupt(pool: Pool, index: int) -> str:
    name = pool.folder.name
    return (
        f"member {index} of {name} is corrupt; 'saliencynoise pools verify {name}' sets it aside, and the bench or "
        "train that made it trains it again"
    )


def _parts(pool: Pool, records: Sequence[MemberRecord], described: int, max_bytes: int | None) -> list[list[int]]:
    """Divide members, in their order, among files that are at most `max_bytes` large."""
    frame = FOR_FILE + _entry(f"{pool.folder.name}/pool.json", described)
    parts: list[list[int]] = []
    size = 0
    for record in records:
        index = record.index
        member_size = sum(
            _entry(name, path.stat().st_size)
            for name, path in zip(entry_names(pool.folder.name, index), pool.files(record), strict=True)
        )
        if max_bytes is not None and frame + member_size > max_bytes:
            raise UsageError(
                f"member {index} of {pool.folder.name} needs a file of {frame + member_size:,} bytes, more than the "
                f"{max_bytes:,} of --max-size; give {-(-(frame + member_size) // 1_000_000)}MB or more"
            )
        if not parts or (max_bytes is not None and size + member_size > max_bytes):
            parts.append([])
            size = frame
        parts[-1].append(index)
        size += member_size
    return parts


def _entry(name: str, size: int) -> int:
    return FOR_ENTRY + 2 * len(name) + size


def _write(path: Path, pool: Pool, indices: Sequence[int], described: bytes) -> None:
    def write(temporary: Path) -> None:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            for index in indices:
                contents = pool.contents(index)  # compared with its checksums once more
                if contents is None:
                    raise UsageError(_corrupt(pool, index))
                record, weights, logits = contents
                files = (_plain(asdict(record)), logits, weights)
                for name, content in zip(entry_names(pool.folder.name, index), files, strict=True):
                    _add(archive, name, content)
            _add(archive, f"{pool.folder.name}/pool.json", described)

    replace_file(path, write)


def entry_names(folder: str, index: int) -> tuple[str, str, str]:
    """Return the names of a member's record, logits and weights in a zip, in their order."""
    name = f"{folder}/member-{index:04d}"
    return f"{name}.json", f"{name}.logits.safetensors", f"{name}.safetensors"


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, date_time=EARLIEST)
    info.create_system = 3  # Unix on every platform
    info.external_attr = 0o644 << 16
    archive.writestr(info, content)
