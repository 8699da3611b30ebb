"""Near duplicates: copies are found, and what is merely alike is not."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import pytest
import torch
from PIL import Image

from saliencynoise.data.duplicates import near_duplicates
from saliencynoise.registry.catalogue import catalogue
from tests.real_data import real_data


def recompressed(picture):
    pixels = picture.permute(1, 2, 0).numpy()
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(file, "JPEG", quality=75)
    result = np.array(Image.open(file))
    return torch.from_numpy(result.reshape(pixels.shape)).permute(2, 0, 1)


CHANGES = {
    "copy": lambda x: x,
    "mirrored": lambda x: x.flip(-1),
    "shifted": lambda x: torch.roll(x, (1, -1), (1, 2)),
    "brighter": lambda x: (x.float() * 1.15 + 10).clamp(0, 255).byte(),
    "duller": lambda x: (x.float() * 0.7 + 40).byte(),
    "noisy": lambda x: (
        (x.float() + 6 * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))).clamp(0, 255).byte()
    ),
    "recompressed": recompressed,
}


@cache
def split_of(name):
    if name == "cifar10":
        with np.load(real_data("cifar10-exact-subset.npz")) as file:
            return torch.from_numpy(file["x_test"]).permute(0, 3, 1, 2), torch.from_numpy(file["y_test"]).long()
    test = catalogue().dataset(name, image_size=None, seed=0)[1].test
    return test.images, test.labels


@pytest.mark.parametrize("name", ["digits", "shapes", "cifar10"])
def test_pictures_that_are_merely_alike_are_no_duplicates(name):
    images, labels = split_of(name)
    assert near_duplicates(images[:360], labels[:360]) == []
    others = {"others": images[32:288], "other_labels": labels[32:288]}
    assert near_duplicates(images[:32], labels[:32], **others) == []


@pytest.mark.parametrize("name", ["digits", "shapes", "cifar10"])
@pytest.mark.parametrize("change", CHANGES)
def test_copies_are_found(name, change):
    images, labels = split_of(name)
    others, other_labels = images[32:160], labels[32:160]
    images, labels = images[:32], labels[:32]
    copies = torch.stack([CHANGES[change](image) for image in images[:8]])
    result = near_duplicates(
        torch.cat([images, copies]), torch.cat([labels, labels[:8]]), others=others, other_labels=other_labels
    )
    right = set(result) & {(i, 32 + i) for i in range(8)}
    if change == "recompressed" and name == "shapes":  # a texture of single pixels, which JPEG loses
        assert right == set(result)
        return
    assert len(right) >= 7
    assert right == set(result)


def test_constant_pictures_are_like_no_other():
    images = torch.full((6, 1, 8, 8), 7, dtype=torch.uint8)
    images[3:] = 200
    images[5, 0, 0, 0] = 201
    assert near_duplicates(images, torch.tensor([0, 0, 1, 1, 0, 1])) == []


def test_pictures_of_one_class_have_no_yardstick():
    images = torch.randint(0, 256, (4, 1, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    assert near_duplicates(images.repeat(2, 1, 1, 1), torch.zeros(8, dtype=torch.int64)) == []


def test_a_picture_with_two_labels_is_found_and_chains_are_one_group():
    images = torch.randint(0, 256, (6, 3, 40, 40), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    images = torch.cat([images, images[:1], images[:1].flip(-1)])
    assert near_duplicates(images, torch.tensor([0, 1, 2, 0, 1, 2, 1, 0])) == [(0, 6, 7)]
