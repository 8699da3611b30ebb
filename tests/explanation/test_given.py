"""Pictures in memory are read as the same pictures in files are."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image

from saliencynoise.explanation.given import given_files
from saliencynoise.explanation.pictures import read_own
from saliencynoise.interfaces import UsageError

COLOURS = np.random.default_rng(0).integers(0, 256, (3, 12, 12), dtype=np.uint8)


def seen(picture):
    (file,) = given_files([picture])
    return read_own(file, size=12, channels=3).seen.pixels


@pytest.mark.parametrize(
    "picture",
    [
        COLOURS,
        COLOURS.transpose(1, 2, 0),
        torch.from_numpy(COLOURS)[None],
        torch.from_numpy(COLOURS).float().div(255).requires_grad_(),
        torch.from_numpy(COLOURS).int(),
        COLOURS.astype(np.float64) / 255,
        Image.fromarray(COLOURS.transpose(1, 2, 0)),
    ],
    ids=["CHW", "HWC", "batch of one", "floating tensor", "whole numbers", "floating array", "Pillow"],
)
def test_the_pixels_are_those_given(picture):
    np.testing.assert_array_equal(seen(picture), COLOURS)


def test_grey_pictures_may_lack_their_channel():
    np.testing.assert_array_equal(seen(COLOURS[0]), seen(torch.from_numpy(COLOURS[:1])))


def test_a_picture_of_pillow_is_read_as_its_file_is(tmp_path):
    tall = Image.fromarray(np.random.default_rng(1).integers(0, 256, (40, 20, 3), dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    tall.save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(seen(Image.open(tmp_path / "turned.png")), seen(tmp_path / "turned.png"))
    cmyk = Image.fromarray(COLOURS.transpose(1, 2, 0)).convert("CMYK")
    stream = io.BytesIO()
    cmyk.save(stream, "TIFF")
    (tmp_path / "cmyk.tif").write_bytes(stream.getvalue())
    np.testing.assert_array_equal(seen(cmyk), seen(str(tmp_path / "cmyk.tif")))


def test_each_of_several_has_a_name_of_its_own(tmp_path):
    Image.fromarray(COLOURS[0]).save(tmp_path / "a.png")
    names = [file.name for file in given_files([COLOURS, tmp_path / "a.png", COLOURS])]
    assert names == ["picture-0", "a.png", "picture-2"]


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        (torch.zeros(5, 3, 8, 8), r"the shape \[5, 3, 8, 8\], of 5 pictures; give them as a list: list\(images\)"),
        (np.zeros((8, 8, 2)), r"the shape \[8, 8, 2\]; give \[C, H, W\]"),
        (np.zeros(0), r"the shape \[0\]"),
        (torch.full((3, 8, 8), -1.5), r"values from -1.5 to -1.5 \(float32\); give pixels before they are normalised"),
        (np.full((3, 8, 8), 200.0), r"values from 200 to 200 \(float64\)"),
        (np.full((8, 8), np.nan), "NaN or infinity"),
        (np.zeros((8, 8), dtype=bool), "is of type bool; give uint8"),
        (7, "is of type int; give a path, a picture of Pillow"),
    ],
)
def test_what_is_no_picture_is_refused_with_the_fix(picture, message):
    with pytest.raises(UsageError, match=message):
        given_files([picture])


def test_one_of_several_is_named_by_its_number():
    with pytest.raises(UsageError, match="picture 1 is of type int"):
        given_files([COLOURS, 3])
