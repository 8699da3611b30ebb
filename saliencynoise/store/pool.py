"""Pools: the trained members of one (data set, architecture, recipe, run seed), on disk.

A pool's folder holds `pool.json` (the values that determine its members), and for each member `member-0003.json`
(seeds, accuracy, checksums, versions, hardware, seconds), `member-0003-HASH.safetensors` (weights) and
`member-0003-HASH.logits.safetensors` (logits of the test images), named by the beginnings of their hashes. The number
of members is in no key.

A member exists once its record does. The record is written last, and the first one that exists wins. So several
processes may train the same member, also on a disk whose locks have no effect, and all use the same one. Locks only
save them the work.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces import UsageError
from saliencynoise.store.atomic import (
    key_of,
    locked,
    publish,
    read_json,
    remove_file,
    sealed,
    sha256_of,
    slug_of,
    write_bytes,
    write_json,
)
from saliencynoise.store.places import cache_folder
from saliencynoise.store.records import MemberRecord, record_of
from saliencynoise.store.usage import in_use, nobody_uses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor


class CorruptMemberError(UsageError):
    """A member's file does not match its checksum; it was set aside and is never used."""


class Pool:
    """The members of one pool."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, identity: Mapping[str, Any], *, name: str, root: Path | None = None) -> Pool:
        """Return the pool of an identity, the values that determine its members; nothing is written yet."""
        folder = (root or pools_folder()) / f"{slug_of(name)}-{key_of(identity)}"
        return cls(folder)

    def describe(self, identity: Mapping[str, Any], network: Mapping[str, Any]) -> None:
        """Write `pool.json` where there is none, or a damaged one, or another pool's."""
        description = self.description
        if description is None or key_of(description["identity"]) != key_of(identity):
            write_json(self.folder / "pool.json", {"format": 1, "identity": identity, "network": network})

    @property
    def description(self) -> Mapping[str, Any] | None:
        """The document that `describe` wrote, or None where there is no sound one."""
        document = read_json(self.folder / "pool.json")
        sound = isinstance(document, dict) and {"identity", "network"} <= document.keys()
        return dict(document) if sound else None

    def described(self) -> Mapping[str, Any]:
        """Return the document that `describe` wrote, after comparing its hash with the end of the folder's name.

        Raises:
            UsageError: if `pool.json` is damaged, or another pool's.
        """
        description = self.description
        if description is None or not self.folder.name.endswith(f"-{key_of(description['identity'])}"):
            raise UsageError(
                f"{self.folder / 'pool.json'} is damaged, or not this folder's; the bench or train that made the pool "
                "writes it again"
            )
        return description

    def indices(self) -> list[int]:
        """Return the indices of the members that exist."""
        matches = [re.fullmatch(r"member-(\d+)\.json", path.name) for path in self.folder.glob("member-*.json")]
        return sorted(int(match[1]) for match in matches if match)

    def record(self, index: int) -> MemberRecord | None:
        """Return a member's record, or None where there is no such member, or none with a sound record."""
        return record_of(read_json(self._path(index, ".json")), index)

    def sound(self, index: int) -> MemberRecord | None:
        """Return a member's record if its files match their checksums, else None; nothing is changed."""
        record = self.record(index)
        return None if record is None or self._wrong_file(record) is not None else record

    def contents(self, index: int) -> tuple[MemberRecord, bytes, bytes] | None:
        """Return a member's record, weights and logits; None where these bytes do not match the record."""
        for _ in range(2):  # a second time, since another process may have been replacing the member
            record = self.record(index)
            with suppress(OSError):
                if record is not None:
                    weights, logits = (path.read_bytes() for path in self.files(record)[1:])
                    if record.fits(weights, logits):
                        return record, weights, logits
        return None

    def verified(self, index: int) -> MemberRecord | None:
        """Return a member's record after comparing its files with their checksums; None where there is no member.

        Raises:
            CorruptMemberError: if a file differs, or the record itself; the member is set aside first.
        """
        record, path = None, self._path(index, ".json")
        wrong: Path | None = path
        for _ in range(2):  # a second time, since another process may have been replacing the member
            record = self.record(index)
            if record is None and not path.exists():
                return None
            wrong = path if record is None else self._wrong_file(record)
            if wrong is None:
                return record
        aside = self._set_aside(index, record)
        raise CorruptMemberError(
            f"member {index} of the pool is corrupt: {wrong} fails its checksum; it was set aside in "
            f"{aside} and will not be used; run the same command again to train it again"
        )

    def _wrong_file(self, record: MemberRecord) -> Path | None:
        _, weights, logits = self.files(record)
        checksums = {weights: record.sha256, logits: record.logits_sha256}
        return next((path for path, checksum in checksums.items() if sha256_of(path) != checksum), None)

    def verify_all(self) -> list[CorruptMemberError]:
        """Compare all files with their checksums; set corrupt members aside and return the errors."""
        errors = []
        for index in self.indices():
            try:
                self.verified(index)
            except CorruptMemberError as error:
                errors.append(error)
        return errors

    def save(
        self,
        index: int,
        weights: Mapping[str, Tensor],
        logits: Tensor,
        record: Mapping[str, Any],
        *,
        replace: bool = False,
    ) -> MemberRecord:
        """Publish a member and return its record, or the existing record of the member unless `replace` is set.

        Raises:
            UsageError: if the place is read-only or full, or the pool was removed.
        """
        from safetensors.torch import save  # noqa: PLC0415 - torch stays off the import path of the command line

        content = save({name: tensor.detach().cpu().contiguous().clone() for name, tensor in weights.items()})
        files = content, save({"logits": logits.contiguous()})
        sums = [hashlib.sha256(file).hexdigest() for file in files]
        whole = MemberRecord(index=index, sha256=sums[0], logits_sha256=sums[1], **record)
        return self.adopt(whole, *files, replace=replace)

    def adopt(self, record: MemberRecord, weights: bytes, logits: bytes, *, replace: bool = False) -> MemberRecord:
        """Publish a member's files, whose checksums are those of its record; as `save`.

        Raises:
            UsageError: as `save`.
        """
        path, earlier = self._path(record.index, ".json"), self.record(record.index)
        for file, content in zip(self._named(record), (weights, logits), strict=True):
            write_bytes(file, content)
        document = sealed(asdict(record))
        if replace or (earlier is None and path.exists()):  # the latter is a damaged record
            write_bytes(path, document)
        else:
            publish(path, document)
        winner = self.record(record.index)
        if winner is None:
            raise UsageError(f"{path} vanished while it was written; run the same command again")
        for other in (earlier, record):
            self._discard(other, winner)
        return winner

    def _discard(self, other: MemberRecord | None, winner: MemberRecord) -> None:
        """Delete the files of a record that lost, or was replaced."""
        for file in set(self._named(other)) - set(self._named(winner)) if other is not None else ():
            remove_file(file)

    def files(self, record: MemberRecord) -> tuple[Path, Path, Path]:
        """Return the paths of a member's record, weights and logits, which need not exist."""
        return self._path(record.index, ".json"), *self._named(record)

    def _named(self, record: MemberRecord) -> tuple[Path, Path]:
        return (
            self._path(record.index, f"-{record.sha256[:16]}.safetensors"),
            self._path(record.index, f"-{record.logits_sha256[:16]}.logits.safetensors"),
        )

    def weights(self, index: int, *, sha256: str | None = None) -> dict[str, Tensor]:
        """Return a member's state dictionary, after comparing the file with its checksum.

        Args:
            index: index of the member.
            sha256: checksum of the weights that are wanted; None for those that the record names.

        Raises:
            CorruptMemberError: if the file does not match its checksum; the member is set aside first.
            UsageError: if there is no such member, or one with other weights.
        """
        return self._tensors(index, sha256, logits=False)

    def logits(self, index: int, *, sha256: str | None = None, shape: tuple[int, int] | None = None) -> Tensor:
        """Return a member's logits of the test images, `[N, K]`; as `weights`.

        Args:
            index: as `weights`.
            sha256: as `weights`.
            shape: N and K of the data set that they are used with; None for any.

        Raises:
            CorruptMemberError: as `weights`.
            UsageError: as `weights`, and if the logits are of another shape: an import can bring such.
        """
        logits = self._tensors(index, sha256, logits=True)["logits"]
        if shape is not None and tuple(logits.shape) != shape:
            raise UsageError(
                f"member {index} of {self.folder} has logits of shape {list(logits.shape)}, and the data set's test "
                f"images and classes need {list(shape)}; remove the pool with 'saliencynoise pools remove "
                f"{self.folder.name}', and run the same command again"
            )
        return logits

    def _tensors(self, index: int, sha256: str | None, *, logits: bool) -> dict[str, Tensor]:
        from safetensors.torch import load  # noqa: PLC0415 - as above

        for _ in range(2):  # a second time, since another process may have been replacing the member
            record = self.record(index)
            if record is None:
                break
            checksum = record.logits_sha256 if logits else record.sha256
            if sha256 not in {None, checksum}:
                break
            with suppress(OSError):
                content = self.files(record)[2 if logits else 1].read_bytes()
                if hashlib.sha256(content).hexdigest() == checksum:
                    return load(content)
        self.verified(index)
        raise UsageError(
            f"member {index} of {self.folder} was removed or replaced while it was in use; run the same command again"
        )

    def lock(self, index: int) -> AbstractContextManager[None]:
        """Hold the lock of one member: processes that share a pool then train different members.

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
            UsageError: if another process uses it, or the place is read-only.
        """
        with nobody_uses(self.folder) as alone:
            if not alone:
                raise UsageError(f"{self.folder} is in use by another process; wait until that has ended")
            try:
                shutil.rmtree(self.folder)
            except OSError as error:
                reason = error.strerror or error
                raise UsageError(f"cannot delete {self.folder}: {reason}; delete it by hand") from error

    def in_use(self) -> AbstractContextManager[None]:
        """Keep other processes from removing the pool, where its place has locks."""
        return in_use(self.folder)

    def _path(self, index: int, suffix: str) -> Path:
        return self.folder / f"member-{index:04d}{suffix}"

    def _set_aside(self, index: int, record: MemberRecord | None) -> Path:
        """Move a corrupt member's files to a folder, its record last: without it, others make the member again."""
        attempts = (self.folder / f"corrupt-{index:04d}-{attempt}" for attempt in range(10_000))
        aside = next(folder for folder in attempts if not folder.exists())
        files = [] if record is None else self.files(record)[1:]
        try:
            aside.mkdir()
            for path in (*files, self._path(index, ".json")):
                with suppress(FileNotFoundError):  # where it is missing, or another process was faster
                    path.rename(aside / path.name)
        except OSError as error:
            raise CorruptMemberError(
                f"member {index} of the pool is corrupt, and cannot be set aside in {aside}: "
                f"{error.strerror or error}; copy the pool to a place that can be written to"
            ) from error
        return aside


def pools_folder() -> Path:
    """Return the folder that contains the pools."""
    return cache_folder() / "pools"


def all_pools(root: Path | None = None) -> list[Pool]:
    """Return every pool, by name."""
    folder = root or pools_folder()
    obstacle = next((path for path in (folder, *folder.parents) if path.exists() and not path.is_dir()), None)
    if obstacle is not None:
        raise UsageError(f"{obstacle} is a file; point SALIENCYNOISE_CACHE to a folder")
    folders = sorted(folder.glob("*/pool.json"))
    return [Pool(path.parent) for path in folders]


def pools_named(beginning: str = "") -> list[Pool]:
    """Return the pool of this name, else all pools whose names begin with it.

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
    """Return the one pool of this folder, or of this name, or whose name begins with it.

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
