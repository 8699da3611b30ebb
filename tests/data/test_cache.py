from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from saliencynoise.data.cache import decoded_once, stamp
from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.data.folder import load_folder
from saliencynoise.interfaces import UsageError
from tests.data.builders import make_dataset, make_folder, pixels, save


@pytest.fixture
def decodings(monkeypatch):
    """How many pictures were decoded."""
    from saliencynoise.data import decode

    seen = []
    read = decode.read_picture

    def counted(path, image_size):
        seen.append(path)
        return read(path, image_size)

    monkeypatch.setattr(decode, "read_picture", counted)
    return seen


def load(root, *, image_size=None, seed=0):
    return load_folder(path=str(root), image_size=image_size, seed=seed)


def test_pictures_are_decoded_once_and_everything_survives(tmp_path, decodings):
    root = make_folder(tmp_path / "data", {"a": 5, "b": 5})
    (root / "a" / "broken.png").touch()
    first = load(root)
    assert len(decodings) == 11
    again = load(root)
    assert len(decodings) == 11
    assert fingerprint(first) == fingerprint(again)
    assert (first.name, first.notes, first.test.names) == (again.name, again.notes, again.test.names)
    assert "1 file could not be read and were left out: a/broken.png (not an image that can be read)" in again.notes


def _touched(root):
    os.utime(root / "a" / "0.png", ns=(1, 1))


def _exchanged(root):
    """Another picture of the same size in bytes and the same date, as an archive might bring."""
    path = root / "a" / "0.bmp"
    result = path.stat()
    save(path, pixels(99))
    os.utime(path, ns=(result.st_atime_ns, result.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (result.st_size, result.st_mtime_ns)


@pytest.mark.parametrize(
    "change",
    [
        _touched,
        _exchanged,
        lambda root: save(root / "a" / "new.png", pixels(99)),
        lambda root: (root / "a" / "0.png").unlink(),
        lambda root: (root / "a" / "0.png").rename(root / "b" / "moved.png"),
        lambda root: (root / "a" / "notes.txt").touch(),
    ],
)
def test_a_changed_folder_is_read_again_and_replaces_its_entry(tmp_path, cache, decodings, change):
    root = make_folder(tmp_path / "data", {"a": 5, "b": 5})
    save(root / "a" / "0.bmp", pixels(7))
    load(root)
    before = len(decodings)
    change(root)
    load(root)
    assert len(decodings) > before
    assert len(list((cache / "datasets").glob("*.safetensors"))) == 1


def test_sizes_and_seeds_have_entries_of_their_own(tmp_path, cache, decodings):
    root = make_folder(tmp_path / "data", {"a": 5, "b": 5})
    loads = [load(root), load(root, image_size=6), load(root, seed=1)]
    before = len(decodings)
    again = [load(root), load(root, image_size=6), load(root, seed=1)]
    assert len(decodings) == before
    assert [fingerprint(d) for d in loads] == [fingerprint(d) for d in again]
    # a split that is there does not depend on the seed, so neither does the entry
    split = make_folder(tmp_path / "split", {"train/a": 2, "train/b": 2, "test/a": 1, "test/b": 1})
    load(split, seed=0)
    before = len(decodings)
    load(split, seed=1)
    assert len(decodings) == before


@pytest.mark.parametrize("pillow", [False, True])
def test_another_format_or_pillow_decodes_again(tmp_path, decodings, monkeypatch, pillow):
    root = make_folder(tmp_path / "data", {"a": 2, "b": 2})
    load(root)
    monkeypatch.setattr(*("PIL.__version__", "0") if pillow else ("saliencynoise.data.cache.FORMAT", 99))
    load(root)
    assert len(decodings) == 8


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove", "record"])
def test_a_damaged_entry_is_never_used(tmp_path, cache, decodings, caplog, damage):
    root = make_folder(tmp_path / "data", {"a": 2, "b": 2})
    expected = fingerprint(load(root))
    (entry,) = (cache / "datasets").glob("*.safetensors")
    content = bytearray(entry.read_bytes())
    if damage == "flip":
        content[-1] ^= 1
        entry.write_bytes(content)
    elif damage == "truncate":
        entry.write_bytes(content[:50])
    elif damage == "remove":
        entry.unlink()
    else:
        entry.with_suffix(".json").write_text("{")
    assert fingerprint(load(root)) == expected
    assert len(decodings) == 8
    assert ("fails its checksum; its pictures are decoded again" in caplog.text) == (damage != "record")
    load(root)
    assert len(decodings) == 8


def test_the_entry_is_mapped_and_written_to_by_nobody(tmp_path, cache):
    root = make_folder(tmp_path / "data", {"a": 2, "b": 2})
    load(root)
    result = load(root)
    (entry,) = (cache / "datasets").glob("*.safetensors")
    maps = Path("/proc/self/maps")  # where there is one
    assert not maps.exists() or entry.name in maps.read_text()
    before = entry.read_bytes()
    result.train.images.zero_()
    assert entry.read_bytes() == before


def test_what_cannot_be_decoded_leaves_no_entry(cache):
    def fail():
        raise UsageError("damaged")

    for _ in range(2):
        with pytest.raises(UsageError, match="damaged"):
            decoded_once(fail, name="x", identity={}, content=[])
    assert not list((cache / "datasets").glob("*.json"))


def test_two_at_once_decode_once():
    calls = []

    def decode():
        calls.append(1)
        return make_dataset()

    def load(_):
        return decoded_once(decode, name="x", identity={}, content=[])

    with ThreadPoolExecutor(4) as pool:
        result = list(pool.map(load, range(4)))
    assert len(calls) == 1
    assert {fingerprint(d) for d in result} == {fingerprint(make_dataset())}


def test_masks_survive():
    from dataclasses import replace

    data = make_dataset()
    masks = torch.tensor([True, False, False, True]).view(1, 2, 2).expand(4, 2, 2)
    data = replace(data, train=replace(data.train, masks=masks))
    for _ in range(2):
        result = decoded_once(lambda: data, name="x", identity={}, content=[])
    assert torch.equal(result.train.masks, masks)


def test_a_cache_that_cannot_be_written_to(cache):
    cache.parent.mkdir(exist_ok=True)
    cache.write_text("a file")
    with pytest.raises(UsageError, match=r"^cannot write .*SALIENCYNOISE_CACHE"):
        decoded_once(make_dataset, name="x", identity={}, content=[])


def test_a_broken_link_has_no_stamp(tmp_path):
    (tmp_path / "link").symlink_to("nowhere")
    assert stamp(tmp_path / "link") == ()


def test_another_process_finds_the_same(tmp_path, decodings):
    root = make_folder(tmp_path / "data", {"a": 2, "b": 2})
    expected = fingerprint(load(root))
    code = (
        "import sys; from saliencynoise.data import decode; from saliencynoise.data.folder import load_folder\n"
        "from saliencynoise.data.fingerprint import fingerprint\n"
        "decode.read_picture = None\n"
        "print(fingerprint(load_folder(path=sys.argv[1], image_size=None, seed=0)))"
    )
    result = subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == expected
