"""Pools: members are whole or absent, verified, locked."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import textwrap
import time
from typing import TYPE_CHECKING, Any

import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.store import pool as module
from saliencynoise.store.pool import CorruptMemberError, Pool, all_pools

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY = {"dataset": "abc", "run_seed": 0}
WEIGHTS = {
    "conv.weight": torch.arange(12.0).reshape(3, 4).T,
    "bn.num_batches_tracked": torch.tensor(7),
    "half": torch.tensor([1.5], dtype=torch.bfloat16),
}
LOGITS = torch.arange(6.0).reshape(2, 3).T
RECORD: dict[str, Any] = {
    "seeds": {"init": 1},
    "accuracy": 0.5,
    "seconds": 2.0,
    "versions": {"torch": "x"},
    "hardware": {"cores": 2},
}
FILES = (".json", ".safetensors", ".logits.safetensors")


@pytest.fixture
def pool():
    return Pool.of(IDENTITY, name="digits-net")


def file_of(pool: Pool, index: int, suffix: str) -> Path:
    """Where a member's record, weights or logits lie."""
    record = pool.record(index)
    assert record is not None
    return pool.files(record)[FILES.index(suffix)]


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def test_a_pool_lies_in_the_cache_under_a_name_and_a_key(pool, cache):
    assert pool.folder.parent == cache / "pools"
    assert pool.folder.name.startswith("digits-net-")
    assert Pool.of(IDENTITY, name="digits-net").folder == pool.folder
    assert Pool.of({**IDENTITY, "run_seed": 1}, name="digits-net").folder != pool.folder
    assert not cache.exists()


def test_a_member_reads_back_as_it_was_saved(pool):
    saved = pool.save(3, WEIGHTS, LOGITS, RECORD)
    assert (saved.index, saved.accuracy, saved.seeds) == (3, 0.5, {"init": 1})
    assert pool.record(3) == pool.verified(3) == saved
    weights = pool.weights(3)
    assert weights.keys() == WEIGHTS.keys()
    for name, value in WEIGHTS.items():
        assert weights[name].dtype == value.dtype
        assert torch.equal(weights[name], value)
    assert torch.equal(pool.logits(3), LOGITS)
    assert pool.indices() == [3]
    assert pool.record(0) is pool.verified(0) is None


def test_weights_that_share_memory_are_saved_in_full(pool):
    tied = torch.arange(4.0)
    pool.save(0, {"a": tied, "b": tied, "c": tied[:2]}, LOGITS, RECORD)
    assert [value.tolist() for _, value in sorted(pool.weights(0).items())] == [[0, 1, 2, 3], [0, 1, 2, 3], [0, 1]]


def test_the_description_is_written_once(pool):
    assert pool.description is None
    pool.describe(IDENTITY, {"parameters": 5})
    pool.describe(IDENTITY, {"parameters": 6})
    assert pool.description == {"format": 1, "identity": IDENTITY, "network": {"parameters": 5}}


@pytest.mark.parametrize("suffix", FILES[1:])
@pytest.mark.parametrize("how", [damage, os.unlink, lambda path: path.write_bytes(b"")])
def test_a_file_that_fails_its_checksum_is_set_aside_and_never_used(pool, suffix, how):
    pool.save(0, WEIGHTS, LOGITS, RECORD)
    sound = pool.save(1, WEIGHTS, LOGITS, RECORD)
    path = file_of(pool, 0, suffix)
    how(path)
    left = sorted(result.name for result in pool.folder.glob("member-0000*") if result.suffix != ".lock")
    with pytest.raises(CorruptMemberError) as caught:
        pool.verified(0)
    aside = pool.folder / "corrupt-0000-0"
    assert str(caught.value) == (
        f"member 0 of the pool is corrupt: {path} fails its checksum; it was set aside in {aside} and "
        "will not be used; run the same command again to train it again"
    )
    assert sorted(result.name for result in aside.iterdir()) == left
    assert pool.indices() == [1]
    assert pool.verified(0) is None
    assert pool.verified(1) == sound
    pool.save(0, WEIGHTS, LOGITS, RECORD)
    assert pool.verified(0) is not None


def test_a_member_that_is_corrupt_again_is_set_aside_beside_the_first(pool):
    for attempt in range(2):
        pool.save(0, WEIGHTS, LOGITS, RECORD)
        damage(file_of(pool, 0, ".safetensors"))
        with pytest.raises(CorruptMemberError, match=f"set aside in .*/corrupt-0000-{attempt} "):
            pool.verified(0)


def test_all_members_are_verified(pool):
    for index in range(4):
        pool.save(index, WEIGHTS, LOGITS, RECORD)
    damage(file_of(pool, 1, ".safetensors"))
    damage(file_of(pool, 3, ".logits.safetensors"))
    errors = pool.verify_all()
    assert [str(error)[:30] for error in errors] == [
        "member 1 of the pool is corrup",
        "member 3 of the pool is corrup",
    ]
    assert pool.indices() == [0, 2]
    assert pool.verify_all() == []


def test_a_member_that_is_being_replaced_is_not_taken_for_a_corrupt_one(pool, monkeypatch):
    """Another process replaces the files between our reading of the record and of the weights."""
    pool.save(0, WEIGHTS, LOGITS, RECORD)
    sha256_of = module.sha256_of
    replaced = []

    def replace_first(path: Path) -> str | None:
        if not replaced:
            replaced.append(pool.save(0, {"other": torch.ones(3)}, LOGITS, RECORD, replace=True))
        return sha256_of(path)

    monkeypatch.setattr(module, "sha256_of", replace_first)
    assert pool.verified(0) == replaced[0]
    assert pool.indices() == [0]


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("suffix", FILES)
def test_a_crash_while_saving_leaves_the_earlier_member_or_none(pool, monkeypatch, suffix, *, there):
    earlier = pool.save(0, {"other": torch.ones(3)}, LOGITS, RECORD) if there else None

    def crash(function: Any) -> Any:
        def write(path: Path, content: Any) -> Any:
            if "".join(path.suffixes) == suffix:
                raise KeyboardInterrupt
            return function(path, content)

        return write

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_bytes", crash(module.write_bytes))
        patch.setattr(module, "publish", crash(module.publish))
        with pytest.raises(KeyboardInterrupt):
            pool.save(0, WEIGHTS, LOGITS, RECORD, replace=there)
    assert pool.indices() == ([0] if there else [])
    assert pool.verified(0) == earlier
    saved = pool.save(0, WEIGHTS, LOGITS, RECORD, replace=there)
    assert pool.verified(0) == saved != earlier
    assert len(list(pool.folder.glob("member-*"))) == 3, "nothing is left of what was replaced"


def test_the_first_writer_wins(pool):
    """As where locks have no effect: the second has trained the same member to other weights."""
    first = pool.save(0, WEIGHTS, LOGITS, RECORD)
    second = pool.save(0, {"other": torch.ones(3)}, LOGITS + 1, {**RECORD, "accuracy": 0.75})
    assert first == second == pool.verified(0)
    assert len(list(pool.folder.glob("member-*"))) == 3
    third = pool.save(0, {"other": torch.ones(3)}, LOGITS, RECORD, replace=True)
    assert third == pool.verified(0) != first


def test_without_links_the_first_writer_wins_too(pool, monkeypatch):
    def link(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    first = pool.save(0, WEIGHTS, LOGITS, RECORD)
    assert pool.save(0, {"other": torch.ones(3)}, LOGITS, RECORD) == first == pool.verified(0)


def test_every_changed_digit_of_a_record_is_found(pool):
    pool.save(0, WEIGHTS, LOGITS, RECORD)
    path = file_of(pool, 0, ".json")
    content = path.read_bytes()
    digits = [place for place, letter in enumerate(content) if chr(letter).isdigit()]
    assert len(digits) > 100
    for place in digits:
        path.write_bytes(content[:place] + b"%d" % (9 - int(chr(content[place]))) + content[place + 1 :])
        assert pool.record(0) is None
    with pytest.raises(CorruptMemberError, match=r"member 0 of the pool is corrupt: .*json fails its checksum"):
        pool.verified(0)


@pytest.mark.parametrize("suffix", FILES)
def test_swapped_files_are_found(pool, suffix):
    for index in range(2):
        pool.save(index, {"w": torch.full((3,), float(index))}, LOGITS + index, RECORD)
    a, b = (file_of(pool, index, suffix) for index in range(2))
    contents = a.read_bytes(), b.read_bytes()
    a.write_bytes(contents[1])
    b.write_bytes(contents[0])
    assert len(pool.verify_all()) == 2


def test_files_that_became_folders_are_found(pool):
    for index, suffix in enumerate(FILES):
        pool.save(index, WEIGHTS, LOGITS, RECORD)
        path = file_of(pool, index, suffix)
        path.unlink()
        path.mkdir()
    assert len(pool.verify_all()) == 3
    assert pool.indices() == []


def test_what_is_read_is_compared_with_its_checksum(pool):
    record = pool.save(0, WEIGHTS, LOGITS, RECORD)
    assert pool.weights(0, sha256=record.sha256).keys() == WEIGHTS.keys()
    gone = r"member 0 of .* was removed or replaced while it was in use; run the same command again"
    with pytest.raises(UsageError, match=gone):
        pool.weights(0, sha256="0" * 64)
    with pytest.raises(UsageError, match=gone):
        pool.logits(0, sha256="0" * 64)
    damage(file_of(pool, 0, ".safetensors"))
    with pytest.raises(CorruptMemberError, match="member 0 of the pool is corrupt"):
        pool.weights(0)
    with pytest.raises(UsageError, match=gone):
        pool.weights(0)


def test_files_that_are_not_named_by_their_hashes_are_no_members(pool):
    record = pool.save(0, WEIGHTS, LOGITS, RECORD)
    for path, suffix in zip(pool.files(record)[1:], FILES[1:], strict=True):
        path.rename(pool.folder / f"member-0000{suffix}")
    with pytest.raises(CorruptMemberError, match="member 0 of the pool is corrupt"):
        pool.verified(0)


def test_another_pools_description_is_replaced(pool):
    other = Pool.of({**IDENTITY, "run_seed": 1}, name="digits-net")
    other.describe({**IDENTITY, "run_seed": 1}, {})
    pool.folder.mkdir()
    (pool.folder / "pool.json").write_bytes((other.folder / "pool.json").read_bytes())
    pool.describe(IDENTITY, {"parameters": 5})
    assert pool.description == {"format": 1, "identity": IDENTITY, "network": {"parameters": 5}}


@pytest.mark.parametrize("content", ["", "[1]", "{}", '{"index": 0}', '{"future": 1}'])
def test_a_record_that_cannot_be_read_is_a_corrupt_member(pool, content):
    pool.save(0, WEIGHTS, LOGITS, RECORD)
    (pool.folder / "member-0000.json").write_text(content)
    assert pool.record(0) is None
    with pytest.raises(CorruptMemberError, match=r"member-0000\.json fails its checksum; it was set aside in"):
        pool.verified(0)
    assert pool.verified(0) is None
    assert pool.indices() == []


def test_records_are_plain_json(pool):
    pool.save(0, WEIGHTS, LOGITS, RECORD)
    document = json.loads((pool.folder / "member-0000.json").read_text())
    assert {key: document[key] for key in RECORD} == RECORD


def test_pools_are_listed_measured_and_removed(pool, cache):
    assert all_pools() == []
    for name in ("b", "a"):
        Pool.of(IDENTITY, name=name).describe(IDENTITY, {})
    (cache / "pools" / "stray").mkdir()
    first, second = all_pools()
    assert [result.folder.name[0] for result in (first, second)] == ["a", "b"]
    assert first.size() == (first.folder / "pool.json").stat().st_size > 0
    first.remove()
    assert [result.folder for result in all_pools()] == [second.folder]
    with pytest.raises(UsageError, match=r"^cannot delete .*: No such file or directory; delete it by hand$"):
        first.remove()


def test_a_pool_that_cannot_be_written(pool, cache):
    cache.write_text("a file in the way")
    with (
        pytest.raises(UsageError, match=r"SALIENCYNOISE_CACHE for pools and decoded data sets\)$"),
        pool.lock(0),
    ):
        pass
    with pytest.raises(UsageError, match=r"^cannot write .*/member-0000-[0-9a-f]{16}\.safetensors: "):
        pool.save(0, WEIGHTS, LOGITS, RECORD)
    with pytest.raises(UsageError, match=r"^cannot write .*/pool\.json: "):
        pool.describe(IDENTITY, {})


HOLD = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from saliencynoise.store.pool import Pool
    with Pool(Path(sys.argv[1])).lock(0):
        print("held", flush=True)
        time.sleep(float(sys.argv[2]))
        print(time.monotonic(), flush=True)
        if sys.argv[3] == "die":
            import os
            os._exit(9)
""")


@pytest.mark.parametrize("end", ["leave", "die"])
def test_two_processes_share_a_pool(pool, end):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(pool.folder), "0.4", end], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pool.lock(1):
        other = time.monotonic()  # another member's lock is free
    with pool.lock(0):
        taken = time.monotonic()
    released = float(holder.stdout.readline())
    holder.communicate()
    assert other < released <= taken


def test_a_lock_is_free_again_after_an_error(pool):
    with pytest.raises(ZeroDivisionError), pool.lock(0):
        _ = 1 / 0
    with pool.lock(0):
        assert (pool.folder / "member-0000.lock").exists()
