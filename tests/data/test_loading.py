from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from saliencynoise.data.loading import check_dataset
from saliencynoise.interfaces import ConfigurationError, Dataset
from tests.data.builders import make_dataset, make_split


def _with(part: str, **changes: object) -> Dataset:
    dataset = make_dataset()
    return replace(dataset, **{part: replace(getattr(dataset, part), **changes)})


def test_a_data_set_that_keeps_the_contract_is_handed_back():
    dataset = make_dataset()
    assert check_dataset(dataset) is dataset


BROKEN = [
    (lambda: None, "a data set must be an interfaces.Dataset, not NoneType"),
    (lambda: replace(make_dataset(), classes=["a", "b"]), "classes must be a tuple of strings, not list"),
    (lambda: replace(make_dataset(), classes=("a",)), "classes must name at least 2 classes, not 1"),
    (
        lambda: replace(make_dataset(), classes=("a", "a")),
        "classes must be unique, but 'a' is there more than",
    ),
    (lambda: replace(make_dataset(), test=None), "test must be a Split, not NoneType"),
    (
        lambda: _with("train", images=torch.zeros(4, 1, 2, 2).double()),
        "train.images must be a uint8 tensor .or float32 from 0 to 255., not a torch.float64 tensor",
    ),
    (lambda: _with("train", images=make_split([0]).images.numpy()), "train.images must be .* not ndarray"),
    (
        lambda: _with("test", images=torch.zeros(3, 2, 2, dtype=torch.uint8)),
        r"test.images must have the shape \[N, C, H, W\], not \[3, 2, 2\]",
    ),
    (lambda: replace(make_dataset(), test=make_split([])), "test must hold at least one image"),
    (
        lambda: _with("train", labels=torch.zeros(4)),
        "train.labels must be an int64 tensor, not a torch.float32 tensor",
    ),
    (
        lambda: _with("train", labels=torch.tensor([0, 1])),
        r"train.labels must have the shape \[4\], not \[2\]",
    ),
    (lambda: _with("test", labels=torch.tensor([0, 1, 2])), r"test.labels must be in 0\.\.1, not in 0\.\.2"),
    (
        lambda: _with("test", labels=torch.tensor([0, -1, 1])),
        r"test.labels must be in 0\.\.1, not in -1\.\.1",
    ),
    (lambda: _with("test", groups=["a", "b", "c"]), "test.groups must be a tuple of strings, not list"),
    (
        lambda: _with("test", groups=("a", "b")),
        "test.groups must name a group for each of the 3 images, but there are 2",
    ),
    (lambda: _with("test", names=["a", "b", "c"]), "test.names must be a tuple of strings, not list"),
    (lambda: _with("test", names=("a", "b")), "test.names must name each of the 3 images, but there are 2"),
    (
        lambda: _with("test", names=("a", "b", "a")),
        "test.names must be unique, but 'a' is there more than once",
    ),
    (
        lambda: _with("test", images=torch.zeros(3, 3, 2, 2, dtype=torch.uint8)),
        r"train and test must hold images of one shape, not \[1, 2, 2\] and \[3, 2, 2\]",
    ),
    (
        lambda: replace(make_dataset(), mean=(0.1, 0.2, 0.3)),
        r"mean must have one value per channel \(1\), not 3",
    ),
    (lambda: replace(make_dataset(), std=()), r"std must have one value per channel \(1\), not 0"),
    (lambda: replace(make_dataset(), std=(0.0,)), r"std must be positive, not \(0.0,\)"),
    (lambda: replace(make_dataset(), mean=(float("nan"),)), r"mean must be finite, not \(nan,\)"),
    (lambda: replace(make_dataset(), std=torch.ones(1)), "std must be a tuple of floats, not tensor"),
    (lambda: replace(make_dataset(), notes="a note"), "notes must be a tuple of strings, not str"),
    (lambda: replace(make_dataset(), augmentations=None), "augmentations must be a frozenset, not NoneType"),
    (
        lambda: replace(make_dataset(), augmentations=frozenset({"rotate"})),
        r"augmentations must be among \['flip', 'shift'\], not \['rotate'\]",
    ),
]


@pytest.mark.parametrize(("make", "message"), BROKEN, ids=[message[:40] for _, message in BROKEN])
def test_a_broken_contract_is_named(make, message):
    prefix = "" if message.startswith("a data set must") else "^data set 'made': "
    with pytest.raises(ConfigurationError, match=prefix + message):
        check_dataset(make())
