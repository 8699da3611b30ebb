"""Pools: the trained members of one (data set, architecture, recipe, run seed), on disk.

A pool's folder holds `pool.json` (what determines its members), and for each member `member-0003.safetensors`
(weights), `member-0003.json` (seeds, accuracy, checksums, versions, hardware, seconds) and
`member-0003.logits.safetensors` (logits of the test images). The number of members is in no key.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces import UsageError
from saliencynoise.store.atomic import (
    key_of,
    locked,
    read_json,
    remove_file,
    sha256_of,
    slug_of,
    write_bytes,
    write_json,
)
from saliencynoise.store.places import cache_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class MemberRecord:
    """What the pool knows of one member.

    Attributes:
        index: place in the ensemble, from 0.
        seeds: by stream.
        accuracy: share of the test images that it classifies correctly.
        seconds: of its training: of the processor's time on a CPU, where one thread works, by the clock elsewhere.
        sha256: of the file of weights.
        logits_sha256: of the file of test logits.
        versions: of the software that trained it.
        hardware: that it was trained on.
        source: what it was made from, where that is not a training run: the name of a file.
        note: what a reader must know of how it was made.
    """

    index: int
    seeds: Mapping[str, int]
    accuracy: float
    seconds: float
    sha256: str
    logits_sha256: str
    versions: Mapping[str, str]
    hardware: Mapping[str, Any]
    source: str = ""
    note: str = ""


class CorruptMemberError(UsageError):
    """A member's file is not what its checksum says; it was set aside and is never used."""


class Pool:
    """The members of one pool."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, identity: Mapping[str, Any], *, name: str, root: Path | None = None) -> Pool:
        """Return the pool of what determines its members; nothing is written yet."""
        folder = (root or pools_folder()) / f"{slug_of(name)}-{key_of(identity)}"
        return cls(folder)

    def describe(self, identity: Mapping[str, Any], network: Mapping[str, Any]) -> None:
        """Write `pool.json` where there is none, or a damaged one."""
        if self.description is None:
            write_json(self.folder / "pool.json", {"format": 1, "identity": identity, "network": network})

    @property
    def description(self) -> Mapping[str, Any] | None:
        """What `describe` wrote."""
        document = read_json(self.folder / "pool.json")
        sound = isinstance(document, dict) and {"identity", "network"} <= document.keys()
        return dict(document) if sound else None

    def indices(self) -> list[int]:
        """Return the members that there are, by index."""
        matches = [re.fullmatch(r"member-(\d+)\.json", path.name) for path in self.folder.glob("member-*.json")]
        return sorted(int(match[1]) for match in matches if match)

    def record(self, index: int) -> MemberRecord | None:
        """Return a member's record, or None where there is no such member, or none with a sound record."""
        return record_of(read_json(self._path(index, ".json")), index)

    def sound(self, index: int) -> MemberRecord | None:
        """Return a member's record if its files are what their checksums say, else None; nothing is changed."""
        record = self.record(index)
        return None if record is None or self._wrong_file(record) is not None else record

    def verified(self, index: int) -> MemberRecord | None:
        """Return a member's record after comparing its files with their checksums.

        Raises:
            CorruptMemberError: if a file differs; the member is set aside first.
        """
        record = self.record(index)
        if record is None or self._wrong_file(record) is None:
            return record
        with self.lock(index):  # another process may have been replacing the member while its files were read
            record = self.record(index)
            wrong = None if record is None else self._wrong_file(record)
            if wrong is None:
                return record
            aside = self._set_aside(index)
        raise CorruptMemberError(
            f"member {index} of the pool is corrupt: {wrong} fails its checksum; it was set aside in "
            f"{aside} and will not be used; run the same command again to train it anew"
        )

    def _wrong_file(self, record: MemberRecord) -> Path | None:
        _, weights, logits = self.files(record.index)
        dues = {weights: record.sha256, logits: record.logits_sha256}
        return next((path for path, due in dues.items() if sha256_of(path) != due), None)

    def verify_all(self) -> list[CorruptMemberError]:
        """Compare all files with their checksums; set corrupt members aside and return what is wrong."""
        errors = []
        for index in self.indices():
            try:
                self.verified(index)
            except CorruptMemberError as error:
                errors.append(error)
        return errors

    def save(
        self, index: int, weights: Mapping[str, Tensor], logits: Tensor, record: Mapping[str, Any]
    ) -> MemberRecord:
        """Write a member; its record goes first and comes last: a member is there whole or not at all.

        Raises:
            UsageError: if the place is read-only or full.
        """
        from safetensors.torch import save  # noqa: PLC0415 - torch stays off the import path of the command line

        content = save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in weights.items()})
        files = content, save({"logits": logits.contiguous()})
        sums = [hashlib.sha256(file).hexdigest() for file in files]
        whole = MemberRecord(index=index, sha256=sums[0], logits_sha256=sums[1], **record)
        self.adopt(whole, *files)
        return whole

    def adopt(self, record: MemberRecord, weights: bytes, logits: bytes) -> None:
        """Write a member's files, which are what its record says; as `save`.

        Raises:
            UsageError: as `save`.
        """
        paths = self.files(record.index)
        remove_file(paths[0])
        write_bytes(paths[1], weights)
        write_bytes(paths[2], logits)
        write_json(paths[0], asdict(record))

    def files(self, index: int) -> tuple[Path, Path, Path]:
        """Return where a member's record, weights and logits lie, whether they are there or not."""
        return self._path(index, ".json"), self._path(index, ".safetensors"), self._path(index, ".logits.safetensors")

    def weights(self, index: int) -> dict[str, Tensor]:
        """Return a member's state dictionary."""
        from safetensors.torch import load_file  # noqa: PLC0415 - as above

        return load_file(self._path(index, ".safetensors"))

    def logits(self, index: int) -> Tensor:
        """Return a member's logits of the test images, `[N, K]`."""
        from safetensors.torch import load_file  # noqa: PLC0415 - as above

        return load_file(self._path(index, ".logits.safetensors"))["logits"]

    def lock(self, index: int) -> AbstractContextManager[None]:
        """Hold the lock of one member: two processes that share a pool train different members.

        Raises:
            UsageError: if the place is read-only.
        """
        return locked(self._path(index, ".lock"))

    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())

    def remove(self) -> None:
        """Delete the pool.

        Raises:
            UsageError: if the place is read-only.
        """
        try:
            shutil.rmtree(self.folder)
        except OSError as error:
            raise UsageError(f"cannot delete {self.folder}: {error.strerror or error}; delete it by hand") from error

    def _path(self, index: int, suffix: str) -> Path:
        return self.folder / f"member-{index:04d}{suffix}"

    def _set_aside(self, index: int) -> Path:
        for attempt in range(10_000):
            aside = self.folder / f"corrupt-{index:04d}-{attempt}"
            if not aside.exists():
                break
        aside.mkdir()
        for path in self.files(index):
            if path.exists():
                path.rename(aside / path.name)
        return aside


def pools_folder() -> Path:
    """Return where pools lie."""
    return cache_folder() / "pools"


def all_pools(root: Path | None = None) -> list[Pool]:
    """Return every pool, by name."""
    folder = root or pools_folder()
    obstacle = next((place for place in (folder, *folder.parents) if place.exists() and not place.is_dir()), None)
    if obstacle is not None:
        raise UsageError(f"{obstacle} is a file; point SALIENCYNOISE_CACHE to a folder")
    folders = sorted(folder.glob("*/pool.json"))
    return [Pool(path.parent) for path in folders]


def pools_named(beginning: str = "") -> list[Pool]:
    """Return the pool of this name, or else all pools whose names begin so.

    Raises:
        UsageError: if there are none, though a name was given.
    """
    pools = all_pools()
    exact = [pool for pool in pools if pool.folder.name == beginning]
    chosen = exact or [pool for pool in pools if pool.folder.name.startswith(beginning)]
    if beginning and not chosen:
        raise UsageError(
            f"no pool in {pools_folder()} begins with '{beginning}'; 'saliencynoise pools list' lists them"
        )
    return chosen


def pool_named(text: str) -> Pool:
    """Return the one pool of this folder, or of this name or beginning of a name.

    Raises:
        UsageError: if there is none, or several.
    """
    if Path(text, "pool.json").is_file():
        return Pool(Path(text))
    pools = pools_named(text)
    if len(pools) > 1:
        choices = ", ".join(pool.folder.name for pool in pools)
        raise UsageError(f"several pools begin with '{text}': {choices}; name one of them")
    return pools[0]


def record_of(document: object, index: int) -> MemberRecord | None:
    """Return the record that a JSON document holds of the member `index`, or None where it holds none."""
    return MemberRecord(**document) if isinstance(document, dict) and _is_record(document, index) else None


def _is_record(document: Mapping[str, Any], index: int) -> bool:
    names = {entry.name for entry in fields(MemberRecord)}
    if not ({"source", "note", *document} == names and document["index"] == index):
        return False
    numbers = all(isinstance(document[name], int | float) for name in ("accuracy", "seconds"))
    words = all(isinstance(document.get(name, ""), str) for name in ("sha256", "logits_sha256", "source", "note"))
    tables = all(isinstance(document[name], dict) for name in ("seeds", "versions", "hardware"))
    return numbers and words and tables
