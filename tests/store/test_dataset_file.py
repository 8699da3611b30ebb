"""A data set on its way to a worker process."""

from __future__ import annotations

import pytest
import torch
from safetensors import SafetensorError

from saliencynoise.interfaces import Dataset, Split, UsageError
from saliencynoise.store.datasets import _unshared, load_dataset, save_dataset


@pytest.fixture
def dataset():
    images = torch.randint(0, 256, (5, 2, 3, 4), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    labels = torch.tensor([0, 1, 0, 1, 1])
    train = Split(images=images[:3], labels=labels[:3], names=("a/1", "b/ü", "a/3"))
    test = Split(images=images[1:].mT, labels=labels[1:], names=("w", "x", "y", "z"))
    return Dataset(
        name="of mine",
        classes=("a", "b"),
        train=train,
        test=test,
        mean=(0.1, 1 / 3),
        std=(0.2, 1.0),
        augmentations=frozenset({"shift", "flip"}),
        notes=("2 files left out",),
    )


def test_it_arrives_as_it_left(dataset, tmp_path):
    path = tmp_path / "deep" / "data.safetensors"
    save_dataset(path, dataset)
    loaded = load_dataset(path)
    for name in ("name", "classes", "mean", "std", "augmentations", "notes"):
        assert getattr(loaded, name) == getattr(dataset, name), name
        assert type(getattr(loaded, name)) is type(getattr(dataset, name)), name
    for name in ("train", "test"):
        split, expected = getattr(loaded, name), getattr(dataset, name)
        assert split.names == expected.names
        assert (split.images.dtype, split.labels.dtype) == (torch.uint8, torch.int64)
        assert torch.equal(split.images, expected.images)
        assert torch.equal(split.labels, expected.labels)


def test_splits_that_share_memory(dataset, tmp_path):
    same = Dataset(**{**vars(dataset), "test": dataset.train})
    save_dataset(tmp_path / "data", same)
    assert torch.equal(load_dataset(tmp_path / "data").test.images, dataset.train.images)


def test_a_place_that_cannot_be_written(dataset, tmp_path):
    (tmp_path / "data").mkdir()
    with pytest.raises(UsageError, match=r"^cannot write .*/data: Is a directory"):
        save_dataset(tmp_path / "data", dataset)


def test_a_loaded_one_is_mapped_and_its_file_is_written_to_by_nobody(dataset, tmp_path):
    path = tmp_path / "data.safetensors"
    save_dataset(path, dataset)
    before = path.read_bytes()
    loaded = load_dataset(path)
    loaded.train.images.zero_()
    assert path.read_bytes() == before
    path.unlink()
    assert torch.equal(loaded.test.images, dataset.test.images)


def test_tensors_are_copied_only_where_they_share_memory(dataset):
    seen: set[int] = set()
    whole = torch.zeros(3, dtype=torch.uint8)
    assert _unshared(whole, seen) is whole
    assert _unshared(whole, seen).data_ptr() != whole.data_ptr()
    assert _unshared(whole[1:], seen).untyped_storage().nbytes() == 2
    turned = torch.arange(6).view(2, 3).T
    assert _unshared(turned, seen).is_contiguous()


def test_a_full_disk(dataset, tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise SafetensorError("I/O error: No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(UsageError, match=r"^cannot write .*data: I/O error: No space left on device; name a folder"):
        save_dataset(tmp_path / "data", dataset)
    assert not list(tmp_path.iterdir())


def test_the_file_has_the_mode_of_any_other(dataset, tmp_path):
    (tmp_path / "other").touch()
    save_dataset(tmp_path / "data", dataset)
    assert (tmp_path / "data").stat().st_mode == (tmp_path / "other").stat().st_mode
