from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn import datasets

from saliencynoise.data.digits import load_digits
from saliencynoise.data.loading import check_dataset
from saliencynoise.interfaces import UsageError


@pytest.fixture(scope="module")
def digits():
    return load_digits(path=None, image_size=None, seed=0)


@pytest.fixture(scope="module")
def bunch():
    return datasets.load_digits()


def _indices(names: tuple[str, ...]) -> list[int]:
    return [int(name.removeprefix("digits/")) for name in names]


def test_it_keeps_the_contract(digits):
    check_dataset(digits)
    assert digits.name == "digits"
    assert digits.classes == tuple("0123456789")
    assert digits.augmentations == {"shift"}
    assert digits.train.images.shape == (1437, 1, 16, 16)
    assert digits.test.images.shape == (360, 1, 16, 16)


def test_names_point_into_scikit_learns_order(digits, bunch):
    indices = _indices(digits.train.names) + _indices(digits.test.names)
    assert sorted(indices) == list(range(1797))
    labels = torch.cat([digits.train.labels, digits.test.labels])
    assert np.array_equal(labels.numpy(), bunch.target[indices])


@pytest.mark.parametrize("size", [5, 8, 16, 21, 32])
def test_pixels_are_pillows_bilinear_ones(bunch, size):
    result = load_digits(path=None, image_size=size, seed=0).test
    for place in range(0, 360, 40):
        levels = bunch.images[_indices(result.names)[place]].astype(np.float32) * (255 / 16)
        scaled = Image.fromarray(levels).resize((size, size), Image.Resampling.BILINEAR)
        assert np.abs(result.images[place, 0].numpy() - np.asarray(scaled)).max() <= 0.51


def test_the_split_is_stratified(digits, bunch):
    shares = np.bincount(digits.test.labels.numpy()) / np.bincount(bunch.target)
    assert np.abs(shares - 0.2).max() < 0.005


def test_the_split_is_fixed_for_good(digits):
    assert load_digits(path=None, image_size=None, seed=5).test.names == digits.test.names
    # trained members and published figures rest on it
    assert hashlib.sha256(" ".join(digits.test.names).encode()).hexdigest()[:16] == "e8bf3af1a3767c32"


def test_statistics_are_those_of_the_training_pixels(digits):
    scaled = digits.train.images.double() / 255
    assert digits.mean == pytest.approx((scaled.mean().item(),))
    assert digits.std == pytest.approx((scaled.std(correction=0).item(),))


def test_the_notes_say_what_a_reader_must_know(digits):
    assert digits.notes == (
        "digits of 8x8 pixels, scaled to 16x16",
        "fixed split, 1437 to train on and 360 to test; the same writers in both",
    )


def test_a_path_is_refused():
    with pytest.raises(UsageError, match=r"^the data set 'digits' takes no path, but got '/x': write just 'dig"):
        load_digits(path="/x", image_size=None, seed=0)


def test_an_image_size_that_cannot_be_used_is_refused():
    with pytest.raises(UsageError, match=r"^image size 3 cannot be used"):
        load_digits(path=None, image_size=3, seed=0)
