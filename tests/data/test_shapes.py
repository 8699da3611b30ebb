from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.data.loading import check_dataset
from saliencynoise.data.shapes import load_shapes
from saliencynoise.interfaces import UsageError

load = partial(load_shapes, path=None, image_size=None, seed=0)


@pytest.fixture(scope="module")
def shapes():
    return load()


def test_it_keeps_the_contract(shapes):
    check_dataset(shapes)
    assert shapes.classes == ("disc", "square", "triangle", "cross", "ring", "star")
    assert (shapes.train.images.shape, shapes.test.images.shape) == ((3000, 3, 32, 32), (600, 3, 32, 32))
    assert torch.bincount(shapes.train.labels).tolist() == [500] * 6
    assert torch.bincount(shapes.test.labels).tolist() == [100] * 6
    assert shapes.notes[0] == "drawn by seed 0: 3,000 + 600 pictures of 32x32 pixels"


def test_reproducible_and_another_with_another_seed(shapes):
    assert fingerprint(load()) == fingerprint(shapes)
    other = load(seed=1)
    assert not (other.test.images == shapes.test.images).flatten(1).all(1).any()
    assert not (shapes.train.images[:600] == shapes.test.images).flatten(1).all(1).any()


def test_a_picture_does_not_depend_on_how_many_there_are(shapes, monkeypatch):
    monkeypatch.setattr("saliencynoise.data.shapes._TEST", 33)
    some = load(image_size=32).test
    assert (some.images[:33].int() - shapes.test.images[:33]).abs().max() <= 1
    assert torch.equal(some.masks, shapes.test.masks[:33])
    assert some.names == shapes.test.names[:33]


def colour(images, masks):
    return np.concatenate([images.mean((2, 3)), images.std((2, 3))], 1)


def coarse(images, masks):
    return images.reshape(len(images), 3, 4, 8, 4, 8).mean((3, 5)).reshape(len(images), -1)


def object_colour(images, masks):
    inside = images * masks[:, None]
    area = masks.sum((1, 2))[:, None]
    return np.concatenate([inside.sum((2, 3)) / area, (inside**2).sum((2, 3)) / area], 1)


def position(images, masks):
    rows, columns = np.indices(masks.shape[1:])
    return np.stack([(rows * masks).sum((1, 2)), (columns * masks).sum((1, 2))], 1) / masks.sum((1, 2))[:, None]


def contrast(images, masks):
    """The one statistic that the outline shows in: at one area, a longer outline has more edge."""
    return np.stack([np.abs(np.diff(images, axis=axis)).mean((1, 2, 3)) for axis in (2, 3)], 1)


@pytest.mark.parametrize(
    ("statistic", "most"), [(colour, 0.22), (coarse, 0.22), (object_colour, 0.22), (position, 0.22), (contrast, 0.3)]
)
def test_simple_statistics_do_not_tell_the_class(shapes, statistic, most):
    """Chance is 1/6, its standard deviation with 600 pictures 0.015."""
    features = [statistic(part.images.numpy() / 255, part.masks.numpy()) for part in (shapes.train, shapes.test)]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)).fit(features[0], shapes.train.labels)
    assert 0.1 < model.score(features[1], shapes.test.labels) < most


def test_this_test_can_fail(shapes):
    """Where the object is cut out, how far its pixels lie from its centre does tell the class."""

    def profile(images, masks):
        centres = np.rint(position(images, masks)).astype(int)
        padded = np.pad(masks, ((0, 0), (10, 10), (10, 10)))
        near = [m[r : r + 21, c : c + 21] for m, (r, c) in zip(padded, centres, strict=True)]
        rows, columns = np.indices((21, 21)) - 10
        rings = np.hypot(rows, columns).astype(int)
        return np.stack([[m[rings == k].mean() for k in range(10)] for m in near])

    features = [profile(part.images.numpy() / 255, part.masks.numpy()) for part in (shapes.train, shapes.test)]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300)).fit(features[0], shapes.train.labels)
    assert model.score(features[1], shapes.test.labels) > 0.4


def test_what_cannot_be_drawn():
    with pytest.raises(UsageError, match=r"^the data set 'shapes' takes no path, but got '/x': write just 'shapes'"):
        load_shapes(path="/x", image_size=None, seed=0)
    with pytest.raises(UsageError, match=r"^image size 8 is too small for the data set 'shapes': choose 16 or more"):
        load(image_size=8)
