"""Own pictures become bit for bit what `folder:` data are."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from saliencynoise.data.folder import load_folder
from saliencynoise.explanation.pictures import LeftOut, picture_files, read_own
from saliencynoise.interfaces import UsageError


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def wild_pictures():
    """Pictures of every kind that needs care, by file name."""
    upright = Image.fromarray(noise(30, 40, 3))
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        "colour.png": (upright, {}),
        "grey.png": (Image.fromarray(noise(21, 34)), {}),
        "turned.jpg": (upright, {"exif": exif}),
        "alpha.png": (Image.fromarray(noise(25, 25, 4)), {}),
        "palette.gif": (upright.convert("P"), {}),
        "deep.png": (Image.fromarray(noise(20, 24).astype(np.uint16) * 257), {}),
        "cmyk.tif": (upright.convert("CMYK"), {}),
        "small.bmp": (Image.fromarray(noise(9, 9)), {}),
    }


def test_pixels_are_those_of_folder_data_bit_for_bit(tmp_path):
    for name, (image, options) in wild_pictures().items():
        for place in ("a", "b"):
            (tmp_path / "data" / "train" / place).mkdir(parents=True, exist_ok=True)
            (tmp_path / "data" / "test" / place).mkdir(parents=True, exist_ok=True)
            image.save(tmp_path / "data" / "train" / place / name, **options)
            image.save(tmp_path / "data" / "test" / place / name, **options)
    dataset = load_folder(path=str(tmp_path / "data"), image_size=16, seed=0)
    files = picture_files([str(tmp_path / "data" / "test" / "a")])
    assert len(files) == len(wild_pictures())
    for file in files:
        own = read_own(file, size=16, channels=3, levels=dataset.levels)
        due = dataset.test.images[dataset.test.names.index(f"test/a/{file.name}")]
        np.testing.assert_array_equal(own.seen.pixels, due.numpy(), err_msg=file.name)


def test_colours_become_grey_as_pillow_makes_them_and_it_is_said(tmp_path):
    image = Image.fromarray(noise(16, 16, 3))
    image.save(tmp_path / "a.png")
    own = read_own(picture_files([str(tmp_path / "a.png")])[0], size=16, channels=1)
    due = np.asarray(image.convert("L"), dtype=int)
    assert own.seen.pixels.shape == (1, 16, 16)
    assert np.abs(own.seen.pixels[0].astype(int) - due).max() <= 1
    assert own.seen.notes == ("colours turned into grey, as the data set is",)


def test_grey_becomes_colour_and_what_was_done_is_said(tmp_path):
    Image.fromarray(noise(20, 40)).save(tmp_path / "a.png")
    own = read_own(picture_files([str(tmp_path / "a.png")])[0], size=16, channels=3)
    assert (own.seen.pixels == own.seen.pixels[:1]).all()
    assert own.seen.size == (40, 20)
    assert own.seen.notes == (
        "cropped about its centre to a square: 50% of it is seen",
        "scaled from 20 to 16 pixels",
        "grey repeated in red, green and blue",
    )


def test_a_picture_of_the_right_kind_is_not_touched(tmp_path):
    pixels = noise(16, 16)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    own = read_own(picture_files([str(tmp_path / "a.png")])[0], size=16, channels=1)
    np.testing.assert_array_equal(own.seen.pixels[0], pixels)
    assert own.seen.notes == ()


def test_data_of_other_channels_are_not_guessed_at(tmp_path):
    Image.fromarray(noise(16, 16)).save(tmp_path / "a.png")
    found = read_own(picture_files([str(tmp_path / "a.png")])[0], size=16, channels=4)
    assert isinstance(found, LeftOut)
    assert found.reason == "the data set's images have 4 channels, not 1 or 3"


def test_folders_are_searched_and_names_do_not_clash(tmp_path):
    for name in (
        "a/7.png",
        "b/7.png",
        "b/10.png",
        "b/.hidden.png",
        ".cache/1.png",
        "b/notes.txt",
        "index.png",
        "B_7.PNG",
    ):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "7.png").touch()
    files = picture_files(
        [str(tmp_path / "in"), str(tmp_path / "other" / "7.png"), str(tmp_path / "in" / "a" / "7.png")]
    )
    places = ["B_7.PNG", "a/7.png", "b/7.png", "b/10.png", "index.png", "7.png"]
    assert sorted(file.place for file in files) == sorted(places)
    assert files[-1].place == "7.png"
    assert [f.place for f in files].index("b/7.png") < [f.place for f in files].index("b/10.png")
    slugs = [file.slug for file in files]
    assert len({slug.lower() for slug in slugs}) == len(slugs)
    assert "index" not in slugs
    assert "a-7" in slugs


def test_pictures_of_one_name_are_kept_apart(tmp_path):
    for place in ("x", "y"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "7.png").touch()
    one, two = picture_files([str(tmp_path / "x" / "7.png"), str(tmp_path / "y" / "7.png")])
    assert one.name == two.name == "7.png"
    assert one.slug != two.slug


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="holds no image files"):
        picture_files([str(tmp_path)])


def test_a_name_is_kept_as_it_is_but_for_bytes_that_no_json_holds(tmp_path):
    (tmp_path / "a\x1b[2J\nb.png").touch()
    (file,) = picture_files([str(tmp_path)])
    assert file.place == "a\x1b[2J\nb.png"
    assert file.slug.isascii()
    other = tmp_path / "other"
    other.mkdir()
    (other / os.fsdecode(b"\xff.png")).touch()
    (file,) = picture_files([str(other)])
    assert file.place == r"\xff.png"
