"""Maps on disk: there only with the right weights and the right bytes."""

from __future__ import annotations

import json

import pytest
import torch

from saliencynoise.store import maps as module
from saliencynoise.store.maps import Chunk, MapStore, missing_chunks

FIRST, SECOND = Chunk(index=0, key="aa", rows=(0, 1, 2)), Chunk(index=1, key="bb", rows=(3, 4))
WEIGHTS, OTHER = "w" * 64, "o" * 64


@pytest.fixture
def store(tmp_path):
    return MapStore(tmp_path / "maps" / "net" / "gradient")


def values(chunk: Chunk, member: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(10 * member + chunk.index)
    return torch.randn(len(chunk.rows), 2, 3, 4, generator=generator)


def filled(store: MapStore, members: int = 1) -> MapStore:
    for member in range(members):
        for chunk in (FIRST, SECOND):
            store.save(member, WEIGHTS, chunk, values(chunk, member), seconds=chunk.index + 0.5)
    return store


def test_maps_read_back_bit_for_bit(store):
    special = torch.tensor([float("nan"), float("inf"), -0.0, 1e-45]).reshape(1, 1, 2, 2)
    for maps in (values(FIRST), special):
        store.save(0, WEIGHTS, FIRST, maps, seconds=1)
        assert store.load(0, FIRST).numpy().tobytes() == maps.numpy().tobytes()


def test_maps_are_stored_as_float32_whatever_they_were(store):
    maps = values(FIRST).double().mT.requires_grad_()
    store.save(0, WEIGHTS, FIRST, maps, seconds=1)
    assert store.load(0, FIRST).dtype == torch.float32
    assert torch.equal(store.load(0, FIRST), maps.detach().float())


def test_the_manifest_tells_what_is_there(store):
    assert missing_chunks(store, 0, WEIGHTS, [FIRST, SECOND]) == (FIRST, SECOND)
    store.save(0, WEIGHTS, SECOND, values(SECOND), seconds=0.25)
    assert missing_chunks(store, 0, WEIGHTS, [FIRST, SECOND]) == (FIRST,)
    assert missing_chunks(store, 1, WEIGHTS, [SECOND]) == (SECOND,)
    store.save(0, WEIGHTS, FIRST, values(FIRST), seconds=0.5)
    assert missing_chunks(store, 0, WEIGHTS, [FIRST, SECOND]) == ()
    assert (store.seconds(0, WEIGHTS, FIRST), store.seconds(0, WEIGHTS, SECOND)) == (0.5, 0.25)
    manifest = json.loads((store.folder / "member-0000.json").read_text())
    assert manifest["weights_sha256"] == WEIGHTS
    assert manifest["chunks"].keys() == {"aa", "bb"}


def test_maps_of_other_weights_images_or_targets_are_missing(store):
    filled(store)
    assert missing_chunks(store, 0, OTHER, [FIRST, SECOND]) == (FIRST, SECOND)
    assert not store.has(0, WEIGHTS, Chunk(index=0, key="cc", rows=(0, 1, 2)))
    store.save(0, OTHER, FIRST, values(FIRST, 5), seconds=1)
    assert store.has(0, OTHER, FIRST)
    assert not store.has(0, OTHER, SECOND)
    assert not store.has(0, WEIGHTS, SECOND)


@pytest.mark.parametrize("how", ["flip", "cut", "remove"])
def test_maps_that_fail_their_checksum_are_missing(store, how):
    filled(store, members=2)
    (path,) = (store.folder / "member-0001").glob("chunk-0000-*")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content if how == "flip" else content[:-1])
    if how == "remove":
        path.unlink()
    assert missing_chunks(store, 1, WEIGHTS, [FIRST, SECOND]) == (FIRST,)
    assert missing_chunks(store, 0, WEIGHTS, [FIRST, SECOND]) == ()
    store.save(1, WEIGHTS, FIRST, values(FIRST, 1), seconds=1)
    assert store.has(1, WEIGHTS, FIRST)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"weights_sha256": "' + WEIGHTS + '"}'])
def test_a_manifest_that_cannot_be_read_lists_nothing(store, content):
    filled(store)
    (store.folder / "member-0000.json").write_text(content)
    assert missing_chunks(store, 0, WEIGHTS, [FIRST, SECOND]) == (FIRST, SECOND)


def test_a_crash_between_maps_and_manifest_leaves_them_missing(store, monkeypatch):
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    store.save(0, WEIGHTS, SECOND, values(SECOND), seconds=1)
    with monkeypatch.context() as patch:
        patch.setattr(module, "write_json", crash)
        with pytest.raises(KeyboardInterrupt):
            store.save(0, WEIGHTS, FIRST, values(FIRST), seconds=1)
    assert missing_chunks(store, 0, WEIGHTS, [FIRST, SECOND]) == (FIRST,)


def test_all_members_of_an_image_are_read_together(store):
    filled(store, members=3)
    with store.reading([0, 2], SECOND) as read:
        for place in range(2):
            expected = torch.stack([values(SECOND, member)[place] for member in (0, 2)])
            assert torch.equal(read(place), expected)


def test_only_members_maps_are_removed(store):
    filled(store, members=2)
    (store.folder / "mean.safetensors").write_text("x")
    store.remove_members(8)
    assert [path.name for path in store.folder.iterdir()] == ["mean.safetensors"]
    store.remove_members(8)
    MapStore(store.folder / "none").remove_members(8)
