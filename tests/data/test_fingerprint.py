from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.interfaces import Dataset, Split
from tests.data.builders import make_dataset


def _with(dataset: Dataset, part: str, **changes: object) -> Dataset:
    return replace(dataset, **{part: replace(getattr(dataset, part), **changes)})


def _poked(split: Split) -> torch.Tensor:
    images = split.images.clone()
    images[-1, 0, 1, 1] ^= 1
    return images


# members in the pools of users are kept under it: change it on purpose only, with a line in the changelog
PINNED = "33b4760da618f5366cad2b22a08d5a1abd6049ae26f325b6457626cec0a9e7dc"

CHANGES = {
    "one bit of a training image": lambda d: _with(d, "train", images=_poked(d.train)),
    "one bit of a test image": lambda d: _with(d, "test", images=_poked(d.test)),
    "a training label": lambda d: _with(d, "train", labels=1 - d.train.labels),
    "a test label": lambda d: _with(d, "test", labels=d.test.labels.flip(0)),
    "the shape": lambda d: _with(d, "train", images=d.train.images.view(4, 1, 1, 4)),
    "the classes": lambda d: replace(d, classes=("a", "c")),
    "the mean": lambda d: replace(d, mean=(0.5 + 1e-16 + 2e-16,)),
    "the deviation": lambda d: replace(d, std=(0.3,)),
    "the augmentations": lambda d: replace(d, augmentations=frozenset({"shift", "flip"})),
    "the parts changed for one another": lambda d: replace(d, train=d.test, test=d.train),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_decides_training_changes_it(change):
    assert fingerprint(CHANGES[change](make_dataset())) != fingerprint(make_dataset())


def test_nothing_else_changes_it():
    plain = make_dataset()
    renamed = tuple(f"elsewhere/{name}" for name in plain.train.names)
    strided = plain.train.images.repeat(1, 1, 1, 2)[..., :2]
    assert not strided.is_contiguous()
    other = _with(replace(plain, name="x", notes=()), "train", names=renamed, images=strided)
    assert fingerprint(other) == fingerprint(plain)


def test_it_is_the_same_in_every_version():
    assert fingerprint(make_dataset()) == PINNED


def test_an_empty_split_has_one_too():
    empty = Split(images=torch.empty(0, 1, 2, 2, dtype=torch.uint8), labels=torch.empty(0).long(), names=())
    assert len(fingerprint(replace(make_dataset(), test=empty))) == 64
