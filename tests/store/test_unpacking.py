"""Files become members again, or are refused and nothing changes."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.store import pool as module
from saliencynoise.store.packing import pack
from saliencynoise.store.pool import Pool
from saliencynoise.store.unpacking import unpack
from tests.store.test_packing import IDENTITY, NETWORK, RECORD, entries, filled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Entries = dict[str, bytes]


@pytest.fixture
def other(tmp_path):
    """The folder of another machine's pools."""
    return tmp_path / "other"


def there(root: Path) -> dict[str, bytes]:
    """Every file below a folder, but for locks."""
    paths = (path for path in root.rglob("*") if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def rewritten(path: Path, change: Callable[[Entries], Any]) -> Path:
    """A copy of a file whose entries were changed."""
    result = entries(path)
    change(result)
    copy = path.with_name("changed.zip")
    with zipfile.ZipFile(copy, "w") as archive:
        for name, content in result.items():
            archive.writestr(name, content)
    return copy


@pytest.mark.parametrize("limit", [None, 7_000])
def test_what_was_exported_is_the_same_pool_elsewhere(tmp_path, other, limit):
    pool = filled()
    files = [file.path for file in pack(pool, tmp_path / "out", max_bytes=limit)]
    done = unpack(files, root=other)
    assert [index for file in done for index in file.imported] == [0, 1, 2, 3, 4]
    assert all(file.found == () for file in done)
    assert there(other) == there(pool.folder.parent)
    again = unpack(files, root=other)
    assert [index for file in again for index in file.found] == [0, 1, 2, 3, 4]
    assert all(file.imported == () for file in again)


def test_members_of_several_machines_come_together(tmp_path, other):
    pool = filled()
    (first,), (second,) = (
        pack(pool, tmp_path / f"{name}.zip", members=members) for name, members in (("a", [0, 1]), ("b", [1, 4]))
    )
    unpack([second.path], root=other)
    (done,) = unpack([first.path], root=other)
    assert (done.imported, done.found) == ((0,), (1,))
    assert done.pool.indices() == [0, 1, 4]
    assert done.pool.verify_all() == []


def trained_elsewhere(root: Path) -> Pool:
    """The pool on another machine, where member 1 came out otherwise."""
    pool = Pool.of(IDENTITY, name="digits-net", root=root)
    pool.describe(IDENTITY, NETWORK)
    pool.save(1, {"w": torch.ones(1000)}, torch.ones(2, 3), RECORD)
    return pool


def test_a_member_of_other_weights_is_refused_before_anything_changes(tmp_path, other):
    files = [file.path for file in pack(filled(), tmp_path / "out", max_bytes=7_000)]
    here = trained_elsewhere(other)
    before = there(other)
    with pytest.raises(UsageError) as caught:
        unpack(files, root=other)
    assert str(caught.value) == (
        f"member 1 of {here.folder.name} exists with other weights than in {files[1]} (the same seeds give other "
        "bytes on other hardware or with another number of threads); --replace takes the file's"
    )
    assert there(other) == before
    done = unpack(files, root=other, replace=True)
    assert [file.imported for file in done] == [(0,), (1,), (2,), (3,), (4,)]
    assert there(other) == there(filled().folder.parent)


def test_two_files_that_contradict_each_other_are_refused(tmp_path, other):
    (first,) = pack(filled(), tmp_path / "a.zip")
    (second,) = pack(trained_elsewhere(tmp_path / "third"), tmp_path / "b.zip")
    with pytest.raises(UsageError, match=r"^member 1 of .* has other weights in .*a\.zip than in .*b\.zip; import one"):
        unpack([first.path, second.path], root=other, replace=True)
    assert not other.exists()


def test_another_build_of_the_network_is_refused(tmp_path, other):
    (packed,) = pack(filled(), tmp_path)
    Pool.of(IDENTITY, name="digits-net", root=other).describe(IDENTITY, {**NETWORK, "parameters": 1001})
    before = there(other)
    with pytest.raises(UsageError, match="are of another build of the network"):
        unpack([packed.path], root=other, replace=True)
    assert there(other) == before


@pytest.mark.parametrize("suffix", [".json", ".safetensors", ".logits.safetensors"])
def test_a_corrupt_member_is_written_anew(tmp_path, other, suffix):
    (packed,) = pack(filled(), tmp_path / "out")
    (done,) = unpack([packed.path], root=other)
    record = done.pool.record(3)
    done.pool.files(record)[(".json", ".safetensors", ".logits.safetensors").index(suffix)].write_bytes(b"{}")
    (done,) = unpack([packed.path], root=other)
    assert (done.imported, done.found) == ((3,), (0, 1, 2, 4))
    assert done.pool.verify_all() == []


def test_an_import_that_is_stopped_leaves_whole_members_and_goes_on(tmp_path, other, monkeypatch):
    pool = filled()
    (packed,) = pack(pool, tmp_path / "out")
    whole = there(pool.folder.parent)
    original = module.write_bytes
    for stop in range(1, 8):
        shutil.rmtree(other, ignore_errors=True)
        calls: list[Path] = []

        def write(path: Path, content: bytes, calls: list[Path] = calls, stop: int = stop) -> str:
            calls.append(path)
            if len(calls) == stop:
                raise KeyboardInterrupt
            return original(path, content)

        with monkeypatch.context() as patch:
            patch.setattr(module, "write_bytes", write)
            with pytest.raises(KeyboardInterrupt):
                unpack([packed.path], root=other)
        here = Pool(other / pool.folder.name)
        assert here.verify_all() == []
        assert here.indices() == list(range((stop - 1) // 3))
        unpack([packed.path], root=other)
        assert there(other) == whole


def _flip(path: Path, offset: int) -> None:
    content = bytearray(path.read_bytes())
    content[offset] ^= 1
    path.write_bytes(content)


def test_any_damage_is_noticed(tmp_path, other):
    """Bits are flipped all over the file: refused, or harmless (a date, a flag) and imported as it was."""
    (packed,) = pack(filled(2), tmp_path / "out")
    expected = there(filled(2).folder.parent)
    original = packed.path.read_bytes()
    refused = 0
    for offset in range(0, len(original), 97):
        packed.path.write_bytes(original)
        _flip(packed.path, offset)
        try:
            unpack([packed.path], root=other)
        except UsageError as error:
            refused += 1
            assert str(error).startswith(f"cannot import {packed.path}: ")  # noqa: PT017 - not every flip raises
            assert not other.exists()
        else:
            assert there(other) == expected
            shutil.rmtree(other)
    assert refused > 0.9 * len(original) / 97


@pytest.mark.parametrize("kept", [0, 10, 1_000, -1])
def test_a_file_that_is_cut_off_is_refused(tmp_path, other, kept):
    (packed,) = pack(filled(2), tmp_path / "out")
    packed.path.write_bytes(packed.path.read_bytes()[:kept])
    with pytest.raises(UsageError, match=r"^cannot import .*\.zip: it is damaged \(.*\); copy or export it again$"):
        unpack([packed.path], root=other)
    assert not other.exists()


def test_one_bad_file_stops_all(tmp_path, other):
    files = [file.path for file in pack(filled(2), tmp_path / "out", max_bytes=7_000)]
    _flip(files[1], 3_000)
    with pytest.raises(UsageError, match="cannot import"):
        unpack(files, root=other)
    assert not other.exists()


FOLDER = Pool.of(IDENTITY, name="digits-net").folder.name
"""The folder's name, which a test of the pool ties to the identity."""


def record_of(found: Entries, **values: object) -> None:
    name = f"{FOLDER}/member-0000.json"
    found[name] = json.dumps({**json.loads(found[name]), **values}).encode()


def moved(found: Entries, old: str, new: str) -> None:
    for name in list(found):
        found[name.replace(old, new)] = found.pop(name)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda f: f.update({"../evil": b""}), r"'\.\./evil' is not an entry that"),
        (lambda f: f.update({f"{FOLDER}/../evil.json": b""}), "is not an entry that"),
        (lambda f: f.update({f"/{FOLDER}/pool.json": b""}), "is not an entry that"),
        (lambda f: f.update({f"{FOLDER}/notes.txt": b""}), r"notes\.txt' is not an entry that"),
        (lambda f: f.update({f"{FOLDER}/": b""}), "is not an entry that"),
        (lambda f: f.update({f"{FOLDER}\\member-0001.json": b""}), "is not an entry that"),
        (lambda f: moved(f, FOLDER, f"..-{FOLDER[-16:]}"), "is not an entry that"),
        (lambda f: f.update({f"{FOLDER}/member-00000.json": b"{}"}), r"member-00000\.json is no part of a member"),
        (lambda f: f.update({f"x{FOLDER}/pool.json": b"{}"}), "it holds 2 pools, not one"),
        (lambda f: f.clear(), "it holds 0 pools, not one"),
        (lambda f: [f.pop(name) for name in list(f) if "member" in name], "it holds no member"),
        (lambda f: f.pop(f"{FOLDER}/pool.json"), r"pool\.json is missing"),
        (lambda f: f.pop(f"{FOLDER}/member-0000.logits.safetensors"), r"logits\.safetensors is missing"),
        (lambda f: f.update({f"{FOLDER}/pool.json": b"[1]"}), "does not describe its members"),
        (lambda f: f.update({f"{FOLDER}/pool.json": b"[" * 900_000}), "it is damaged"),
        (lambda f: f.update({f"{FOLDER}/pool.json": b" " * 1_000_001}), "is larger than 1000000 bytes"),
        (lambda f: f.update({f"{FOLDER}/pool.json": b"\xff"}), "it is damaged"),
        (lambda f: moved(f, FOLDER, f"digits-net-{0:016x}"), r"its pool\.json belongs to another pool than"),
        (lambda f: record_of(f, index=1), "the record of member 0 is not valid"),
        (lambda f: record_of(f, extra=1), "the record of member 0 is not valid"),
        (lambda f: record_of(f, accuracy=float("inf")), "it is damaged"),
        (lambda f: record_of(f, sha256="0" * 64), "a file of member 0 fails its checksum"),
    ],
)
def test_what_export_does_not_write_is_refused(tmp_path, other, change, reason):
    (packed,) = pack(filled(1), tmp_path / "out")
    assert packed.path.stem == FOLDER
    changed = rewritten(packed.path, change)
    with pytest.raises(UsageError, match=rf"^cannot import .*changed\.zip: .*{reason}"):
        unpack([changed], root=other)
    assert not other.exists()
    assert not (tmp_path / "evil").exists()


def test_the_unchanged_copy_is_imported(tmp_path, other):
    (packed,) = pack(filled(1), tmp_path / "out")
    unpack([rewritten(packed.path, lambda found: None)], root=other)
    assert there(other) == there(filled(1).folder.parent)


def test_compressed_entries_and_links_are_refused(tmp_path, other):
    (packed,) = pack(filled(1), tmp_path / "out")
    for how in ("compressed", "link"):
        with zipfile.ZipFile(packed.path) as source, zipfile.ZipFile(tmp_path / "changed.zip", "w") as archive:
            for info in source.infolist():
                content = source.read(info)
                if how == "link":
                    info.external_attr = 0o120777 << 16
                archive.writestr(info, content, zipfile.ZIP_DEFLATED if how == "compressed" else None)
        with pytest.raises(UsageError, match="is not an entry that 'saliencynoise pools export' writes"):
            unpack([tmp_path / "changed.zip"], root=other)


def test_entries_that_share_bytes_are_refused(tmp_path, other):
    """A zip of a few kilobytes whose directory names the same large entry again and again."""
    (packed,) = pack(filled(1), tmp_path / "out")
    content = packed.path.read_bytes()
    start = content.rindex(b"PK\5\6")
    (size, position) = struct.unpack("<LL", content[start + 12 : start + 20])
    directory = content[position : position + size]
    count = 4
    many = b"".join(directory.replace(b"member-0000", f"member-{index:04d}".encode()) for index in range(count))
    end = bytearray(content[start:])
    struct.pack_into("<HHLL", end, 8, 4 * count, 4 * count, len(many), position)
    packed.path.write_bytes(content[:position] + many + end)
    with pytest.raises(UsageError, match=r"cannot import .*: entries overlap or are repeated"):
        unpack([packed.path], root=other)


def test_files_that_are_sums_of_their_own_but_no_tensors_are_refused(tmp_path, other):
    (packed,) = pack(filled(1), tmp_path / "out")

    def change(found: Entries) -> None:
        found[f"{FOLDER}/member-0000.safetensors"] = b"pickle"
        record_of(found, sha256=hashlib.sha256(b"pickle").hexdigest())

    with pytest.raises(UsageError, match="a file of member 0 is not made of tensors"):
        unpack([rewritten(packed.path, change)], root=other)

    def swap(found: Entries) -> None:
        weights = found[f"{FOLDER}/member-0000.safetensors"]
        found[f"{FOLDER}/member-0000.logits.safetensors"] = weights
        record_of(found, logits_sha256=hashlib.sha256(weights).hexdigest())

    with pytest.raises(UsageError, match="the logits of member 0 are missing"):
        unpack([rewritten(packed.path, swap)], root=other)


def test_what_is_no_file_is_refused(tmp_path, other):
    with pytest.raises(UsageError, match="there is no such file"):
        unpack([tmp_path / "absent.zip"], root=other)
    with pytest.raises(UsageError, match=r"is a folder; name the files in it, as in .*/\*\.zip"):
        unpack([tmp_path], root=other)
