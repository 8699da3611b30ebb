"""Pools as files: what is in them, their sizes, the same bytes each time."""

from __future__ import annotations

import json
import re
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.store import packing
from saliencynoise.store.atomic import read_verified
from saliencynoise.store.packing import pack
from saliencynoise.store.pool import Pool

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY = {"dataset": "abc", "run_seed": 0, "rate": 0.1}
NETWORK: dict[str, Any] = {"parameters": 1000, "adaptations": [], "points": {"top": {"grid": [2, 2]}}}
RECORD: dict[str, Any] = {
    "seeds": {"init": 1},
    "accuracy": 0.5,
    "seconds": 2.0,
    "versions": {"torch": "x"},
    "hardware": {"cores": 2, "device": "cpu", "processor": "x"},
}


def filled(members: int = 5, *, name: str = "digits-net") -> Pool:
    pool = Pool.of(IDENTITY, name=name)
    pool.describe(IDENTITY, NETWORK)
    for index in range(members):
        weights = torch.randn(1000, generator=torch.Generator().manual_seed(index))
        pool.save(index, {"w": weights}, torch.full((2, 3), float(index)), RECORD)
    return pool


@pytest.fixture
def pool():
    return filled()


def entries(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_file_holds_the_pools_files_and_nothing_else(pool, tmp_path):
    (pool.folder / "corrupt-0000-0").mkdir()
    with pool.lock(0):
        (packed,) = pack(pool, tmp_path / "out")
    assert packed.path == tmp_path / "out" / f"{pool.folder.name}.zip"
    assert (packed.members, packed.size) == ((0, 1, 2, 3, 4), packed.path.stat().st_size)
    result = entries(packed.path)
    assert list(result) == sorted(result)
    expected = {
        f"{pool.folder.name}/{re.sub('-[0-9a-f]{16}', '', path.name)}": path.read_bytes()
        for path in pool.folder.glob("*.safetensors")
    }
    for file in pool.folder.glob("*.json"):
        expected[f"{pool.folder.name}/{file.name}"] = (json.dumps(read_verified(file), indent=2) + "\n").encode()
    assert result == expected
    assert len(expected) == 3 * 5 + 1


def test_the_same_members_give_the_same_bytes(pool, tmp_path):
    (first,) = pack(pool, tmp_path / "a.zip")
    for path in pool.folder.iterdir():
        path.touch()
    (second,) = pack(pool, tmp_path / "b.zip")
    assert first.path.read_bytes() == second.path.read_bytes()


@pytest.mark.parametrize("limit", [7_000, 12_000, 17_000, 1_000_000])
def test_no_file_is_larger_than_the_limit_and_each_stands_alone(pool, tmp_path, limit):
    files = pack(pool, tmp_path, max_bytes=limit)
    names = [file.path.name.removeprefix(pool.folder.name) for file in files]
    count = len(files)
    assert names == ([".zip"] if count == 1 else [f"-{number}-of-{count}.zip" for number in range(1, count + 1)])
    assert count == {7_000: 5, 12_000: 3, 17_000: 2, 1_000_000: 1}[limit]
    assert [index for file in files for index in file.members] == [0, 1, 2, 3, 4]
    for file in files:
        assert file.path.stat().st_size <= limit
        assert len(entries(file.path)) == 3 * len(file.members) + 1


def test_the_size_that_an_error_asks_for_is_enough_and_hardly_too_much(pool, tmp_path):
    with pytest.raises(UsageError) as caught:
        pack(pool, tmp_path / "out", max_bytes=2_000)
    words = str(caught.value)
    assert words.startswith(f"member 0 of {pool.folder.name} needs a file of ")
    assert words.endswith(" bytes, more than the 2,000 of --max-size; give 1MB or more")
    assert not (tmp_path / "out").exists()
    needed = int(words.split(" bytes", maxsplit=1)[0].rsplit(" ", 1)[1].replace(",", ""))
    files = pack(pool, tmp_path / "out", max_bytes=needed)
    assert len(files) == 5
    assert all(needed - 500 < file.size <= needed for file in files)
    with pytest.raises(UsageError):
        pack(pool, tmp_path / "out", max_bytes=needed - 1)


def test_chosen_members_and_a_file_of_a_chosen_name(pool, tmp_path):
    (one,) = pack(pool, tmp_path / "v1.5.zip", members=[3, 1, 3])
    assert (one.path, one.members) == (tmp_path / "v1.5.zip", (1, 3))
    two = pack(pool, tmp_path / "v1.5.zip", members=[3, 1], max_bytes=7_000)
    assert [file.path.name for file in two] == ["v1.5-1-of-2.zip", "v1.5-2-of-2.zip"]
    with pytest.raises(UsageError, match=r"has no member 7; "):
        pack(pool, tmp_path, members=[1, 7])


@pytest.mark.parametrize("suffix", [".safetensors", ".logits.safetensors"])
def test_a_corrupt_member_is_not_packed_and_stays_where_it_is(pool, tmp_path, suffix):
    (path,) = pool.folder.glob(f"member-0002-????????????????{suffix}")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UsageError, match=r"^member 2 of digits-net-\w+ is corrupt; 'saliencynoise pools verify "):
        pack(pool, tmp_path / "out", max_bytes=7_000)
    assert path.exists()
    assert not (tmp_path / "out").exists()


def test_a_member_that_changes_after_it_was_verified_is_not_packed(pool, tmp_path, monkeypatch):
    monkeypatch.setattr(packing, "_verified", lambda pool, members: [pool.record(0)])
    (path,) = pool.folder.glob("member-0000-????????????????.safetensors")
    path.write_bytes(b"other")
    with pytest.raises(UsageError, match=r"member 0 of .* is corrupt"):
        pack(pool, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_pool_that_is_not_its_folders_is_refused(pool, tmp_path):
    document = json.loads((pool.folder / "pool.json").read_text())
    for damaged in ("", json.dumps({**document, "identity": {"run_seed": 1}})):
        (pool.folder / "pool.json").write_text(damaged)
        with pytest.raises(UsageError, match=r"pool\.json is damaged, or not this folder's"):
            pack(pool, tmp_path)


def test_a_pool_without_members_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"^empty-\w+ has no members; "):
        pack(filled(0, name="empty"), tmp_path)
