"""Data sets from memory, kept under a name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.data.squares import squared
from saliencynoise.data.stored import load_stored, stored_name
from saliencynoise.interfaces import UsageError
from saliencynoise.registry.catalogue import catalogue
from tests.data.builders import make_dataset


def test_a_name_stands_for_the_content():
    dataset = make_dataset()
    split = replace(dataset.test, groups=("a", "b", "b"), masks=torch.ones(3, 2, 2, dtype=torch.bool))
    grouped = replace(dataset, test=split)
    name = stored_name(grouped)
    assert name == stored_name(grouped) != stored_name(dataset)
    canonical, loaded = catalogue().dataset(name, image_size=None, seed=0)
    assert canonical == "builtin/stored"
    assert fingerprint(loaded) == fingerprint(grouped)
    assert (loaded.test.groups, loaded.test.names) == (("a", "b", "b"), dataset.test.names)
    assert torch.equal(loaded.test.masks, split.masks)
    assert loaded.notes == dataset.notes


def test_another_size_is_made_of_the_stored_one():
    images = torch.arange(6 * 3 * 8 * 8, dtype=torch.uint8).view(6, 3, 8, 8)
    labels = torch.tensor([0, 1] * 3)
    path = stored_name(((images, labels), (images, labels))).partition(":")[2]
    small = load_stored(path=path, image_size=4, seed=0)
    assert (small.train.images[2].numpy() == squared(images[2].numpy(), 4)).all()
    assert small.mean != load_stored(path=path, image_size=8, seed=0).mean
    with pytest.raises(UsageError, match="image size 2 cannot be used"):
        load_stored(path=path, image_size=2, seed=0)


def test_a_changed_or_missing_file_is_never_used():
    name = stored_name(make_dataset())
    path = Path(name.partition(":")[2])
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    for _ in range(2):
        with pytest.raises(UsageError, match="is no longer in the cache, or was changed; give it again"):
            load_stored(path=str(path), image_size=None, seed=0)
        path.unlink(missing_ok=True)
    assert stored_name(make_dataset()) == name
    assert load_stored(path=str(path), image_size=None, seed=0).name == "made"
