"""What pictures look like, and which are unusual."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from saliencynoise.explanation.training_range import out_of_range, picture_statistics, training_ranges


def test_looks_are_plain_means_and_deviations():
    images = np.random.default_rng(0).integers(0, 256, (5, 3, 8, 8), dtype=np.uint8)
    found = picture_statistics(torch.from_numpy(images))
    pixels = images / 255
    np.testing.assert_allclose(found["brightness"], pixels.mean((1, 2, 3)))
    np.testing.assert_allclose(found["contrast"], pixels.mean(1).std((1, 2)))
    np.testing.assert_allclose(found["tint"], np.ptp(pixels.mean((2, 3)), axis=1))
    assert "tint" not in picture_statistics(torch.from_numpy(images[:, :1]))


def test_of_the_training_pictures_about_a_hundredth_is_unusual(digits):
    usual = training_ranges(digits.train.images)
    for name, values in picture_statistics(digits.train.images).items():
        low, high = usual[name]
        outside = ((values < low) | (values > high)).double().mean()
        assert 0 < outside <= 4 / 64  # of so few, the quantiles lie inside the extremes


def test_of_many_test_pictures_few_are_unusual():
    from saliencynoise.engine.config import config_from
    from saliencynoise.engine.dataset import load_dataset

    dataset = load_dataset(config_from({}))[1]
    usual = training_ranges(dataset.train.images)
    unusual = [bool(out_of_range(image, usual)) for image in dataset.test.images]
    assert np.mean(unusual) < 0.05


def test_an_inverted_digit_is_unusual_and_the_example_is_not(pytestconfig):
    from saliencynoise.engine.config import config_from
    from saliencynoise.engine.dataset import load_dataset
    from saliencynoise.explanation.pictures import picture_files, read_own

    usual = training_ranges(load_dataset(config_from({}))[1].train.images)
    (file,) = picture_files([str(pytestconfig.rootpath / "examples" / "digit.png")])
    pixels = torch.from_numpy(read_own(file, size=16, channels=1).seen.pixels.copy())
    assert out_of_range(pixels, usual) == {}
    assert set(out_of_range(255 - pixels, usual)) == {"brightness"}
    assert Image.open(file.path).size == (64, 64)


@pytest.mark.parametrize(("name", "changed"), [("contrast", lambda x: x // 4 + 30), ("brightness", lambda x: x // 2)])
def test_washed_out_and_dark_digits_are_unusual(digits, name, changed):
    usual = training_ranges(digits.train.images)
    assert name in out_of_range(changed(digits.test.images[0]), usual)
