"""Data in memory: torch data sets, tensors, arrays, and objects as Hugging Face's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import ConcatDataset, Dataset, IterableDataset, Subset, TensorDataset
from torchvision import transforms
from torchvision.datasets import FakeData, ImageFolder

from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.data.folder import load_folder
from saliencynoise.data.loading import check_dataset
from saliencynoise.data.objects import dataset_in_memory
from saliencynoise.data.tensors import to_float
from saliencynoise.interfaces import UsageError
from tests.data.builders import make_dataset, make_folder, pixels

X = torch.from_numpy(np.stack([pixels(index) for index in range(10)])).permute(0, 3, 1, 2).contiguous()
Y = torch.tensor([0, 1, 2, 0, 1, 2, 0, 1, 2, 1])


def both(images, labels=Y):
    """The same items in both parts."""
    return ((images, labels), (images[:4], labels[:4]))


class Items(Dataset):
    def __init__(self, items, **attributes):
        self.items = items
        vars(self).update(attributes)

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


class Counted(Items):
    """Each reading gives another label."""

    def __getitem__(self, index):
        self.reads = vars(self).get("reads", 0) + 1
        return self.items[index][0], self.reads


class Failing(Items):
    """More items than there are, or an error for each."""

    def __init__(self, *, count, error=None):
        super().__init__([(X[0], 0), (X[1], 1)])
        self.count, self.error = count, error

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        if self.error is not None:
            raise self.error
        return super().__getitem__(index)


def items_of(images, labels=Y):
    return list(zip(images, labels.tolist(), strict=False))


CHANNELS_LAST = X.permute(0, 2, 3, 1).numpy()

SAME = {
    "tensors": both(X),
    "arrays": ((CHANNELS_LAST, Y.numpy()), (CHANNELS_LAST[:4], Y[:4].numpy())),
    "channels first in arrays": ((X.numpy(), Y.numpy()), (X[:4].numpy(), Y[:4].numpy())),
    "whole numbers": both(X.long(), Y[:, None].int()),
    "of 0 to 1, as ToTensor": both(X / 255),
    "of 0 to 255": both(X.float()),
    "in double": both(X.double() / 255),
    "data sets of tensors": (TensorDataset(X, Y), TensorDataset(X[:4], Y[:4])),
    "selections": (Subset(TensorDataset(X, Y), range(10)), Subset(TensorDataset(X, Y), range(4))),
    "two data sets in one": (
        ConcatDataset([TensorDataset(X[:3], Y[:3]), TensorDataset(X[3:], Y[3:])]),
        TensorDataset(X[:4], Y[:4]),
    ),
    "pictures": tuple(Items(items_of([Image.fromarray(x) for x in CHANNELS_LAST[:count]])) for count in (10, 4)),
    "mapping": {"train": TensorDataset(X, Y), "validation": TensorDataset(X[:4], Y[:4])},
    "rows with names": {
        name: Items([{"id": 1, "image": Image.fromarray(x), "label": y} for x, y in items_of(CHANNELS_LAST[:count])])
        for name, count in (("train", 10), ("test", 4))
    },
}


@pytest.mark.parametrize("kind", SAME)
def test_the_same_pixels_are_the_same_data_set_in_every_form(kind):
    dataset = check_dataset(dataset_in_memory(SAME[kind]))
    assert dataset.classes == ("0", "1", "2")
    assert torch.equal(dataset.train.images, X)
    assert torch.equal(dataset.test.images, X[:4])
    assert torch.equal(dataset.train.labels, Y)
    assert dataset.train.names[:2] == ("train/0", "train/1")
    assert dataset.augmentations == {"shift", "flip"}
    assert fingerprint(dataset) == fingerprint(dataset_in_memory(both(X)))


def test_an_image_folder_of_torchvision_is_the_folder(tmp_path):
    counts = {f"{part}/{name}": 3 for part in ("train", "test") for name in ("ant", "bee")}
    make_folder(tmp_path, counts)
    ours = load_folder(path=str(tmp_path), image_size=None, seed=0)
    theirs = dataset_in_memory((ImageFolder(tmp_path / "train"), ImageFolder(tmp_path / "test")))
    assert theirs.classes == ("ant", "bee")
    assert theirs.name == "imagefolder"
    assert fingerprint(theirs) == fingerprint(ours)
    half = dataset_in_memory((ImageFolder(tmp_path / "train"), ImageFolder(tmp_path / "test")), image_size=4)
    assert fingerprint(half) == fingerprint(load_folder(path=str(tmp_path), image_size=4, seed=0))


def test_classes_are_those_of_the_data_set_or_of_its_features():
    named = Items(items_of(X), classes=["x", "y", "z", "never"])
    assert dataset_in_memory((Subset(named, range(6)), named)).classes == ("x", "y", "z", "never")

    class Label:
        names = ("p", "q", "r")

    features = Items(items_of(X), features={"image": object(), "label": Label()})
    assert dataset_in_memory((features, features)).classes == ("p", "q", "r")
    words = Items([(image, f"c{number}") for image, number in zip(X, (10, 9, 10, 2, 2, 9), strict=False)])
    dataset = dataset_in_memory((words, words))
    assert dataset.classes == ("c2", "c9", "c10")
    assert dataset.train.labels.tolist() == [2, 1, 2, 0, 0, 1]
    with pytest.raises(UsageError, match=r"the label of item 2 of train is 2; the 2 classes are x, y"):
        dataset_in_memory((Items(items_of(X), classes=["x", "y"]), named))


def test_floating_point_keeps_what_bytes_cannot():
    generator = torch.Generator().manual_seed(0)
    values = torch.rand(10, 1, 8, 8, generator=generator)
    dataset = check_dataset(dataset_in_memory(both(values)))
    torch.testing.assert_close(to_float(dataset.train.images, (0.0,), (1.0,)), values)
    assert dataset.augmentations == {"shift"}
    assert "values of 0 to 1 became 0 to 255" in dataset.notes
    levels = torch.randint(-1000, 3000, (10, 8, 8), generator=generator)
    deep = check_dataset(dataset_in_memory(both(levels)))
    low, high = deep.levels
    torch.testing.assert_close(
        deep.train.images[:, 0].double(), (levels.double() - low) / (high - low) * 255, rtol=0, atol=1e-4
    )


def test_pictures_of_several_sizes_become_squares():
    data = FakeData(6, (3, 8, 12), num_classes=2)
    mixed = Items([(Image.new("L", (9, 20), 40), 0), (data[1][0], 1), (data[2][0], 1)])
    dataset = check_dataset(dataset_in_memory((mixed, mixed)))
    assert dataset.train.images.shape == (3, 3, 8, 8)
    assert (dataset.train.images[0] == 40).all()
    assert len(dataset.notes) == 2


NORMALISED = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.25,) * 3)])
RANDOM = transforms.Compose([transforms.ToTensor(), transforms.RandomHorizontalFlip()])


class Endless(IterableDataset):
    def __iter__(self):
        return iter(())


WRONG = {
    "normalised": (
        (FakeData(4, (3, 8, 8), 2, transform=NORMALISED), TensorDataset(X, Y)),
        r"images hold values from -2 to .*, as after a normalisation; give values from 0 to 1",
    ),
    "random": (
        (FakeData(20, (3, 8, 8), 2, transform=RANDOM), TensorDataset(X, Y)),
        r"item \d+ of train is another image when it is read again, so its transform is random",
    ),
    "NaN": (both(torch.full((10, 1, 4, 4), torch.nan)), "NaN or infinite"),
    "iterable": ((Endless(), Endless()), r"the part train is a Endless; it must be a name, or a pair"),
    "one part": (TensorDataset(X, Y), "dataset is a TensorDataset; it must be a name, or a pair"),
    "images and labels": ((X, Y), "item 0 of train is no pair of an image and a label"),
    "other parts": ({"train": Items([]), "extra": Items([])}, "has the parts train, extra; it must"),
    "empty": ((Items([]), Items([])), "the part train is empty"),
    "too few labels": (both(X, Y[:5]), r"train has images of the shape \[10, 3, 8, 8\] and labels of the shape \[5\]"),
    "labels that are no numbers": (
        (Items([(X[0], [1, 0])]), TensorDataset(X, Y)),
        r"the label of item 0 of train is \[1, 0\]; it must be a whole number",
    ),
    "parts of a label": (both(X, Y + 0.5), r"the label of item 0 of train is .*0\.5"),
    "negative": (both(X, Y - 1), r"the label of item 0 of train is -1; the 2 classes are 0, 1"),
    "negative only": (both(X, Y * 0 - 1), r"the largest label is -1; labels count the classes from 0"),
    "identifiers": (both(X, Y + 10**9), r"the largest label is 100000000\d; labels count the classes from 0"),
    "numbers and names": ((Items([(X[0], 0), (X[1], "0")]), TensorDataset(X, Y)), "numbers and names, as 0 and '0'"),
    "random labels": ((Counted([(X[0], 0)]), TensorDataset(X, Y)), "item 0 of train has the label 1, and 2 when"),
    "too long": ((Failing(count=3), Items([])), "item 2 of train failed: IndexError"),
    "no length": ((Failing(count="x"), Items([])), r"len\(\) of train failed: TypeError"),
    "failing items": ((Failing(count=2, error=OSError("gone")), Items([])), "item 0 of train failed: OSError: gone"),
    "ending items": ((Failing(count=2, error=SystemExit(0)), Items([])), "item 0 of train failed: SystemExit"),
    "NaN label": (
        (Items([(X[0], float("nan"))]), Items([])),
        "the label of item 0 of train is nan; it must be a whole",
    ),
    "no pixels": ((Items([(X[0][:, :0], 0)]), Items([])), "an image has the shape .*, without a pixel; leave it out"),
    "large label": ((Items([(X[0], 10**30)] * 2), TensorDataset(X, Y)), r"the largest label is 1\d{30}; labels count"),
    "one class": (both(X, Y * 0), "has the class 0 only"),
    "no image": ((Items([("a.png", 1)]), Items([])), "the image of item 0 of train is str; it must be a PIL image"),
    "channels": (
        (TensorDataset(X, Y), TensorDataset(X[:, :2], Y)),
        "images have 2 and 3 channels",
    ),
    "complex": (both(X.to(torch.complex64)), "of the type complex64"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_used_is_named(kind):
    value, words = WRONG[kind]
    with pytest.raises(UsageError, match=words) as caught:
        dataset_in_memory(value)
    assert "\n" not in str(caught.value)


def test_a_data_set_of_this_package_stays_what_it_is():
    dataset = make_dataset()
    assert dataset_in_memory(dataset) is dataset
