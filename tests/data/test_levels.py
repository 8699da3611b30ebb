"""Pictures of more than 8 bits: nothing is lost, whatever part of the 16 bits they use."""

from __future__ import annotations

import doctest
import struct
import sys
import zlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image, TiffImagePlugin

from saliencynoise.data import folder, levels
from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.data.folder import load_folder
from saliencynoise.data.levels import joint, likely, scaled_levels, shown
from saliencynoise.data.loading import check_dataset
from saliencynoise.data.own_pictures import as_seen
from saliencynoise.data.pictures import Picture, Unreadable, read_picture
from saliencynoise.data.tensors import channel_statistics, to_float
from saliencynoise.interfaces import ConfigurationError
from tests.data.builders import make_dataset, make_folder

COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}
"""PNG's number for grey, grey with transparency, colour, colour with transparency."""


def write_png(path, array):
    """Write 16 bits a channel, [H, W, C], which Pillow cannot; checked against the standard by torchvision's reader."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, channels = array.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    header = struct.pack(">IIBBBBB", width, height, 16, COLOURS[channels], 0, 0, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def random_levels(seed, top, channels=1, side=8):
    return np.random.default_rng(seed).integers(0, top + 1, (side, side, channels)).astype(np.uint16)


def deep_folder(root, top, channels=1):
    """Six pictures of each of two classes, and the levels of each by its name."""
    arrays = {}
    for index in range(12):
        name = f"{'ab'[index % 2]}/{index}.png"
        arrays[name] = random_levels(index, top, channels)
        write_png(root / name, arrays[name])
    return arrays


def load(root, **options):
    return load_folder(path=str(root), **{"image_size": None, "seed": 0, **options})


def test_without_a_reader_of_16_bits_in_colour_the_reason_is_said(tmp_path, monkeypatch):
    write_png(tmp_path / "a.png", random_levels(0, 4095, 3))
    monkeypatch.setitem(sys.modules, "torchvision.io", None)
    assert read_picture(str(tmp_path / "a.png"), 8) == Unreadable(
        "16 bits in colour, which this torchvision does not read: save it with 8"
    )


def test_the_examples_hold():
    failed, tried = doctest.testmod(levels)
    assert not failed
    assert tried >= 3


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("top", [1, 1023, 4095, 16383, 65535])
def test_every_level_is_kept_whatever_part_of_the_bits_is_used(tmp_path, top, channels):
    arrays = deep_folder(tmp_path, top, channels)
    low, high = min(a.min() for a in arrays.values()), max(a.max() for a in arrays.values())
    dataset = load(tmp_path)
    assert dataset.levels == (low, high)
    assert check_dataset(dataset) is dataset
    for split in (dataset.train, dataset.test):
        assert split.images.dtype == torch.float32
        for name, image in zip(split.names, split.images, strict=True):
            expected = (arrays[name].astype(float) - low) * 255 / (high - low)
            np.testing.assert_allclose(image.numpy(), expected.transpose(2, 0, 1), rtol=1e-6, atol=1e-5)
            assert len(image.unique()) == len(np.unique(arrays[name]))
    assert (
        f"12 images of more than 8 bits: the levels {low} to {high}, their range, became 0 to 255, without rounding "
        "(float32)"
    ) in dataset.notes


def test_the_cache_keeps_levels_and_floats(tmp_path, monkeypatch):
    deep_folder(tmp_path, 4095)
    first = load(tmp_path)
    monkeypatch.setattr(folder, "decode", None)  # would be called if the cache did not serve
    second = load(tmp_path)
    assert second.levels == first.levels
    assert torch.equal(second.train.images, first.train.images)
    assert fingerprint(second) == fingerprint(first)


def test_signed_levels_are_read(tmp_path):
    for index in range(12):
        array = np.random.default_rng(index).integers(-1000, 1001, (8, 8)).astype(np.int32)
        info = TiffImagePlugin.ImageFileDirectory_v2()
        info[339] = 2  # signed
        path = tmp_path / "ab"[index % 2] / f"{index}.tif"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(array).save(path, tiffinfo=info)
    dataset = load(tmp_path)
    low, high = dataset.levels
    assert -1000 <= low < -900
    assert 900 < high <= 1000
    assert float(dataset.train.images.min()) == 0 or float(dataset.test.images.min()) == 0


def signed_16_bits(path, array):
    """A little-endian TIFF of 16 signed bits, which Pillow does not write."""
    height, width = array.shape
    tags = [(256, 3, width), (257, 3, height), (258, 3, 16), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1)]
    tags += [(278, 3, height), (279, 4, array.nbytes), (339, 3, 2)]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    content = b"II*\0" + struct.pack("<I", 8 + array.nbytes) + array.astype("<i2").tobytes()
    path.write_bytes(content + struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0))


def test_16_signed_bits_are_not_called_32(tmp_path):
    array = np.random.default_rng(0).integers(-1024, 3000, (8, 8)).astype(np.int16)
    signed_16_bits(tmp_path / "a.tif", array)
    result = read_picture(str(tmp_path / "a.tif"), 8)
    assert isinstance(result, Picture)
    assert np.array_equal(result.pixels[0], array)
    assert result.levels == (array.min(), array.max())


def test_8_bits_beside_them_stay_and_it_is_said(tmp_path):
    make_folder(tmp_path, {"a": 3, "b": 3}, channels=1)
    expected = {
        split.names[i]: split.images[i]
        for split in (load(tmp_path).train, load(tmp_path).test)
        for i in range(len(split))
    }
    write_png(tmp_path / "a" / "deep.png", random_levels(0, 4095))
    dataset = load(tmp_path)
    assert dataset.levels == (0, 4095)
    assert "6 images of 8 bits beside them, whose levels stayed 0 to 255" in dataset.notes
    for split in (dataset.train, dataset.test):
        for name, image in zip(split.names, split.images, strict=True):
            assert name == "a/deep.png" or torch.equal(image, expected[name].float())


def test_transparent_parts_lie_over_the_brightest_level(tmp_path):
    array = random_levels(0, 4095, 2)
    array[..., 1] = 65535
    array[0, 0, 1] = 0
    write_png(tmp_path / "a.png", array)
    result = read_picture(str(tmp_path / "a.png"), 8)
    assert result.traits == {"deep", "transparent"}
    expected = array[..., 0].astype(float)
    expected[0, 0] = expected.max()
    np.testing.assert_allclose(result.pixels[0], expected)


def test_they_are_turned_cropped_and_scaled_as_others(tmp_path):
    array = np.arange(96, dtype=np.uint16).reshape(8, 12) * 40
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(array).save(tmp_path / "a.png", exif=exif)
    result = read_picture(str(tmp_path / "a.png"), 8)
    assert result.traits == {"deep", "cropped"}
    assert np.array_equal(result.pixels[0], np.rot90(array, -1)[2:10])
    assert result.levels == (0, 95 * 40)
    smaller = read_picture(str(tmp_path / "a.png"), 4)
    assert smaller.traits == {"deep", "cropped", "resized"}
    assert 0 < smaller.pixels.min() < smaller.pixels.max() < 95 * 40


def tiff_in_colour(path, array):
    """An uncompressed TIFF of 16 bits in three channels."""
    height, width, _ = array.shape
    bits = 8 + array.nbytes
    tags = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, bits), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 8)]
    tags += [(277, 3, 1, 3), (278, 3, 1, height), (279, 4, 1, array.nbytes), (284, 3, 1, 1)]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    content = b"II*\0" + struct.pack("<I", bits + 6) + array.astype("<u2").tobytes() + struct.pack("<HHH", 16, 16, 16)
    path.write_bytes(content + struct.pack("<H", len(tags)) + entries + struct.pack("<I", 0))


def test_colour_tiff_is_read_with_its_upper_bits_and_refused_where_those_say_little(tmp_path):
    array = random_levels(0, 65535, 3)
    tiff_in_colour(tmp_path / "a.tif", array)
    result = read_picture(str(tmp_path / "a.tif"), 8)
    assert result.traits == {"halved"}
    assert np.array_equal(result.pixels, (array >> 8).transpose(2, 0, 1))
    tiff_in_colour(tmp_path / "b.tif", array >> 2)
    assert read_picture(str(tmp_path / "b.tif"), 8) == Unreadable(
        "a colour TIFF of 16 bits that uses 14 or fewer: save it as PNG with 16 bits"
    )


def test_a_users_picture_is_scaled_as_the_data_set_is(tmp_path):
    arrays = deep_folder(tmp_path / "data", 4095)
    dataset = load(tmp_path / "data")
    name = dataset.test.names[0]
    seen = as_seen(tmp_path / "data" / name, size=8, channels=1, levels=dataset.levels)
    assert np.array_equal(seen.pixels, dataset.test.images[0].numpy())
    low, high = dataset.levels
    words = f"levels {low:.0f} to {high:.0f} of more than 8 bits turned into 0 to 255, as in the data set"
    assert seen.notes == (words,)
    alone = as_seen(tmp_path / "data" / name, size=8, channels=1)
    assert alone.pixels.dtype == np.uint8
    assert np.abs(alone.pixels - arrays[name].transpose(2, 0, 1) * (255 / 4095)).max() <= 0.5
    assert alone.notes == ("levels 0 to 4095 of more than 8 bits turned into 0 to 255, rounded",)


def test_bytes_keep_the_fingerprints_that_they_had():
    dataset = make_dataset()
    assert fingerprint(dataset) == "33b4760da618f5366cad2b22a08d5a1abd6049ae26f325b6457626cec0a9e7dc"
    deep = replace(dataset, train=replace(dataset.train, images=dataset.train.images.float()))
    deep = replace(deep, test=replace(dataset.test, images=dataset.test.images.float()))
    assert fingerprint(deep) != fingerprint(dataset)
    other = replace(deep, test=replace(deep.test, images=deep.test.images + 0.001))
    assert fingerprint(other) != fingerprint(deep)


def test_floats_are_normalised_as_bytes_are_and_stay_as_they_were():
    images = torch.randint(256, (5, 3, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    mean, std = channel_statistics(images)
    again = channel_statistics(images.float())
    torch.testing.assert_close(torch.tensor(again), torch.tensor((mean, std)), rtol=1e-8, atol=0)
    floats = images.float()
    assert torch.equal(to_float(floats, mean, std), to_float(images, mean, std))
    assert torch.equal(floats, images.float())
    assert channel_statistics(torch.zeros(1, 1, 2, 2)) == ((0.0,), (1.0,))


@pytest.mark.parametrize("odd", [-1.0, 256.0, float("nan")])
def test_floats_beyond_bytes_are_refused(odd):
    dataset = make_dataset()
    images = dataset.train.images.float()
    images[0, 0, 0, 0] = odd
    with pytest.raises(ConfigurationError, match=r"train\.images must be in 0\.\.255, the range of bytes"):
        check_dataset(replace(dataset, train=replace(dataset.train, images=images)))


def test_constant_levels_become_nothing_and_bytes_are_shown_as_they_are():
    assert scaled_levels(np.full((1, 2, 2), 7.0), (7, 7)).tolist() == [[[0, 0], [0, 0]]]
    assert joint([]) is None
    assert likely((0, 255)) == (0, 255)
    assert likely((0, 256)) == (0, 1023)
    images = torch.tensor([0.4, 0.6, 254.9])
    assert shown(images).tolist() == [0, 1, 255]
    assert shown(images.to(torch.uint8)).tolist() == [0, 0, 254]


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        ("int32", -(2**31), 2**31),
        ("uint32", 0, 2**32),
        ("int8", -128, 128),
        ("int16", -3000, 3000),
        ("float32", None, 0),
    ],
)
def test_every_tiff_of_one_channel_is_read_by_its_number_format(tmp_path, dtype, low, high):
    tifffile = pytest.importorskip("tifffile")  # comes with scikit-image
    random = np.random.default_rng(0)
    array = random.normal(size=(8, 8)) if low is None else random.integers(low, high, (8, 8))
    array = array.astype(dtype)
    tifffile.imwrite(tmp_path / "a.tif", array)
    result = read_picture(str(tmp_path / "a.tif"), 8)
    assert isinstance(result, Picture)
    np.testing.assert_allclose(result.pixels[0], array, rtol=1e-7)
    assert result.levels == pytest.approx((array.min(), array.max()), rel=1e-7)
    assert result.traits == ({"deep", "floating"} if low is None else {"deep"})


def test_of_many_pages_the_first_is_read_and_it_is_said(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    pages = np.random.default_rng(0).integers(0, 4096, (3, 8, 8)).astype(np.uint16)
    for index in range(12):
        (tmp_path / "ab"[index % 2]).mkdir(exist_ok=True)
        tifffile.imwrite(tmp_path / "ab"[index % 2] / f"{index}.tif", pages, photometric="minisblack")
    result = read_picture(str(tmp_path / "a" / "0.tif"), 8)
    assert isinstance(result, Picture)
    assert np.array_equal(result.pixels[0], pages[0])
    assert "12 images with several frames, of which the first was used" in load(tmp_path).notes


def test_floating_point_is_scaled_by_its_range(tmp_path):
    arrays = {}
    for index in range(12):
        name = f"{'ab'[index % 2]}/{index}.tif"
        arrays[name] = np.random.default_rng(index).normal(size=(8, 8)).astype(np.float32)
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(arrays[name]).save(tmp_path / name)
    dataset = load(tmp_path)
    low, high = min(map(np.min, arrays.values())), max(map(np.max, arrays.values()))
    for split in (dataset.train, dataset.test):
        for name, image in zip(split.names, split.images, strict=True):
            np.testing.assert_allclose(image[0], (arrays[name].astype(float) - low) / (high - low) * 255, atol=1e-4)
    (note,) = [note for note in dataset.notes if "levels" in note]
    assert note.startswith("12 images of more than 8 bits (12 of floating point): the levels ")
    make_folder(tmp_path, {"a": 1}, channels=1)  # a byte beside them
    assert load(tmp_path).levels == (low, high)
    assert likely((0.2, 0.9), floating=True) == (0, 1)
    assert likely((0, 200.5), floating=True) == (0, 255)
