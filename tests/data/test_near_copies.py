"""Near duplicates across the parts: planted copies are found, and drawn or written kin are not."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from saliencynoise.data import near_copies as module
from saliencynoise.data.cautions import cautions
from saliencynoise.data.digits import load_digits
from saliencynoise.data.near_copies import compared, near_copies
from saliencynoise.data.shapes import load_shapes
from saliencynoise.interfaces import Split

COPIES = 40


@pytest.fixture(scope="module")
def shapes():
    return load_shapes(path=None, image_size=None, seed=0)


CHANGES = {
    "mirrored": lambda image: image.flip(-1),
    "brighter": lambda image: (image.float() * 1.15).clamp(0, 255).to(torch.uint8),
    "noise": lambda image: (
        (image.float() + 5 * torch.randn(image.shape, generator=torch.Generator().manual_seed(0)))
        .round()
        .clamp(0, 255)
        .to(torch.uint8)
    ),
}


def with_copies(train, test, change):
    """The training part with changed copies of the first test images at its end."""
    copies = torch.stack([change(image) for image in test.images[:COPIES]])
    return Split(
        images=torch.cat([train.images, copies]),
        labels=torch.cat([train.labels, test.labels[:COPIES]]),
        names=(*train.names, *(f"copy/{index}" for index in range(COPIES))),
    )


@pytest.mark.parametrize("change", CHANGES)
def test_planted_copies_are_found_with_their_originals(shapes, change):
    train = with_copies(shapes.train, shapes.test, CHANGES[change])
    found = compared(train, shapes.test)
    assert all(other == len(shapes.train) + index for index, other in found)
    assert len(found) >= 0.9 * COPIES


@pytest.mark.parametrize("load", [load_digits, load_shapes])
def test_kin_are_no_copies(load):
    dataset = load(path=None, image_size=None, seed=0)
    assert compared(dataset.train, dataset.test) == []


def test_they_are_told_once_with_an_example_and_kept(shapes, cache, monkeypatch):
    train = with_copies(shapes.train, shapes.test, CHANGES["mirrored"])
    images = train.images.clone()
    images[-1] = shapes.test.images[COPIES - 1]  # one is equal in every pixel
    dataset = replace(shapes, train=replace(train, images=images))
    exact, near = cautions(dataset)
    assert exact.startswith(f"1 of {len(shapes.test)} test images is a training image as well")
    assert near == (
        f"{COPIES - 1} of {len(shapes.test)} test images are near duplicates of training images (such as "
        f"{shapes.test.names[0]} of copy/0); the accuracy on them says little about new images"
    )
    pairs = near_copies(dataset)
    monkeypatch.setattr(module, "compared", None)  # would be called if the cache did not serve
    assert near_copies(dataset) == pairs
    (file,) = (cache / "datasets" / "near-copies").glob("*.json")
    file.write_text(json.dumps({"version": module.VERSION, "pairs": [[0, 10**6]]}))
    with pytest.raises(TypeError):  # pairs of other data are not used
        near_copies(dataset)


def test_one_class_or_one_colour_has_none(shapes):
    split = replace(shapes.test, labels=shapes.test.labels * 0)
    assert compared(split, split) == []
    plain = replace(shapes.test, images=shapes.test.images * 0 + 7)
    assert compared(plain, plain) == []
