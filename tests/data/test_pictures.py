from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from saliencynoise.data.pictures import Picture, Unreadable, read_all, read_picture, read_size
from tests.data.builders import pixels

if TYPE_CHECKING:
    from pathlib import Path


def _read(image: Image.Image, path: Path, size: int = 8, **options: object) -> Picture:
    image.save(path, **options)
    result = read_picture(str(path), size)
    assert isinstance(result, Picture), result
    return result


def _reason(path: Path) -> str:
    result = read_picture(str(path), 8)
    assert isinstance(result, Unreadable)
    return result.reason


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "ppm", "webp"])
def test_colour_of_the_right_size_is_bit_exact(tmp_path, suffix):
    array = pixels(0)
    options = {"lossless": True} if suffix == "webp" else {}
    result = _read(Image.fromarray(array), tmp_path / f"a.{suffix}", **options)
    assert np.array_equal(result.pixels, array.transpose(2, 0, 1))
    assert result.traits == set()


def test_jpegs_are_pillows(tmp_path):
    result = _read(Image.fromarray(pixels(0)), tmp_path / "a.JPEG")
    assert np.array_equal(result.pixels, np.asarray(Image.open(tmp_path / "a.JPEG")).transpose(2, 0, 1))


def test_the_name_may_lie_about_the_format(tmp_path):
    array = pixels(0)
    result = _read(Image.fromarray(array), tmp_path / "a.jpg", format="PNG")
    assert np.array_equal(result.pixels, array.transpose(2, 0, 1))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P"])
def test_grey_is_told_by_the_pixels(tmp_path, mode):
    array = pixels(0, channels=1)
    result = _read(Image.fromarray(array).convert(mode), tmp_path / "a.png")
    assert result.pixels.shape == (1, 8, 8)
    assert np.array_equal(result.pixels[0], array)


def test_one_pixel_of_colour_makes_it_colour(tmp_path):
    array = np.repeat(pixels(0, channels=1)[..., None], 3, axis=2)
    array[7, 7, 2] ^= 1
    assert _read(Image.fromarray(array), tmp_path / "a.png").pixels.shape == (3, 8, 8)


def test_black_and_white(tmp_path):
    array = pixels(0, channels=1) > 127
    assert np.array_equal(_read(Image.fromarray(array), tmp_path / "a.png").pixels[0], array * np.uint8(255))


def test_palettes_are_looked_up(tmp_path):
    image = Image.fromarray(pixels(0)).quantize(16)
    result = _read(image, tmp_path / "a.gif")
    assert np.array_equal(result.pixels, np.asarray(image.convert("RGB")).transpose(2, 0, 1))


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_16_bits_are_read_as_they_are(tmp_path, suffix):
    levels = np.random.default_rng(0).integers(0, 65536, (8, 8), dtype=np.uint16)
    result = _read(Image.fromarray(levels), tmp_path / f"a.{suffix}")
    assert result.traits == {"deep"}
    assert result.pixels.dtype == np.float32
    assert np.array_equal(result.pixels[0], levels)
    assert result.levels == (levels.min(), levels.max())


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_pixels_that_are_no_numbers_are_refused(tmp_path, odd):
    array = np.zeros((8, 8), np.float32)
    array[0, 0] = odd
    Image.fromarray(array).save(tmp_path / "a.tiff")
    assert _reason(tmp_path / "a.tiff") == "levels that are NaN or infinite: replace them"


def test_transparent_parts_lie_on_white(tmp_path):
    array = pixels(0, channels=4)
    result = _read(Image.fromarray(array), tmp_path / "a.png")
    alpha = array[..., 3:] / 255
    by_hand = array[..., :3] * alpha + 255 * (1 - alpha)
    assert result.traits == {"transparent"}
    assert np.abs(result.pixels.transpose(1, 2, 0) - by_hand).max() <= 1


def test_an_opaque_alpha_channel_changes_nothing(tmp_path):
    array = pixels(0, channels=4)
    array[..., 3] = 255
    result = _read(Image.fromarray(array), tmp_path / "a.png")
    assert result.traits == set()
    assert np.array_equal(result.pixels.transpose(1, 2, 0), array[..., :3])


def test_a_transparent_palette_entry_is_white(tmp_path):
    image = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) % 2, mode=None)
    image.putpalette([10, 20, 30, 200, 100, 50])
    result = _read(image, tmp_path / "a.png", transparency=0)
    assert result.pixels[:, 0, 0].tolist() == [255, 255, 255]
    assert result.pixels[:, 0, 1].tolist() == [200, 100, 50]


def test_cmyk_becomes_rgb(tmp_path):
    solid = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    result = _read(solid, tmp_path / "a.jpg", quality=100)
    assert np.abs(result.pixels[:, 4, 4].astype(int) - [255, 0, 0]).max() <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(tmp_path, orientation):
    array = pixels(0, 8, 8)
    turned = {1: array, 2: array[:, ::-1], 3: array[::-1, ::-1], 4: array[::-1], 5: array.transpose(1, 0, 2)}
    turned |= {6: np.rot90(array, -1), 7: array[::-1, ::-1].transpose(1, 0, 2), 8: np.rot90(array)}
    exif = Image.Exif()
    exif[0x0112] = orientation
    result = _read(Image.fromarray(array), tmp_path / "a.png", exif=exif)
    assert np.array_equal(result.pixels.transpose(1, 2, 0), turned[orientation])


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_costs_nothing(tmp_path):
    array = pixels(0)
    result = _read(Image.fromarray(array), tmp_path / "a.png", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff nonsense")
    assert np.array_equal(result.pixels.transpose(1, 2, 0), array)


def test_of_an_animation_the_first_frame(tmp_path):
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    result = _read(first, tmp_path / "a.gif", save_all=True, append_images=[second])
    assert result.traits == {"animated"}
    assert result.pixels[:, 0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(("height", "width"), [(16, 16), (32, 16), (16, 64), (4, 8)])
def test_scaling_and_cropping_are_pillows_of_the_whole_image(tmp_path, height, width):
    image = Image.fromarray(pixels(0, height, width))
    result = _read(image, tmp_path / "a.png")
    factor = 8 / min(height, width)
    whole = image.resize((round(width * factor), round(height * factor)), Image.Resampling.BILINEAR)
    left, top = (whole.width - 8) // 2, (whole.height - 8) // 2
    expected = np.asarray(whole.crop((left, top, left + 8, top + 8))).astype(int)
    assert np.abs(result.pixels.transpose(1, 2, 0) - expected).max() <= 1
    assert result.traits == ({"resized"} if height == width else {"resized", "cropped"})


@pytest.mark.parametrize(("height", "width"), [(8, 11), (20, 8), (8, 9)])
def test_a_fitting_shorter_side_is_cropped_bit_exactly(tmp_path, height, width):
    array = pixels(0, height, width)
    result = _read(Image.fromarray(array), tmp_path / "a.png")
    top, left = (height - 8) // 2, (width - 8) // 2
    assert np.array_equal(result.pixels.transpose(1, 2, 0), array[top : top + 8, left : left + 8])
    assert result.traits == {"cropped"}


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 20_000), (3, 2)])
def test_tiny_and_extreme_shapes(tmp_path, height, width):
    assert _read(Image.fromarray(pixels(0, height, width)), tmp_path / "a.png").pixels.shape == (3, 8, 8)


def test_what_cannot_be_read_says_why(tmp_path):
    good = io.BytesIO()
    Image.fromarray(pixels(0, 64, 64)).save(good, "JPEG")
    files = {"empty.png": b"", "text.jpg": b"not an image", "half.jpg": good.getvalue()[:-900]}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    assert _reason(tmp_path / "empty.png") == "not an image that can be read"
    assert _reason(tmp_path / "text.jpg") == "not an image that can be read"
    assert _reason(tmp_path / "half.jpg").startswith("image file is truncated")
    assert _reason(tmp_path / "none.jpg") == "no such file or directory"
    (tmp_path / "huge.png").write_bytes(_png_header(60_000, 60_000))
    assert "exceeds limit" in _reason(tmp_path / "huge.png")


def _png_header(width: int, height: int) -> bytes:
    import struct
    import zlib

    data = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    header = struct.pack(">I", 13) + data + struct.pack(">I", zlib.crc32(data))
    return b"\x89PNG\r\n\x1a\n" + header + struct.pack(">I", 10) + b"IDAT"


def test_programs_are_not_run_for_postscript(tmp_path):
    (tmp_path / "a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n")
    assert _reason(tmp_path / "a.png") == "not an image that can be read"


def test_sizes_come_from_headers(tmp_path):
    Image.fromarray(pixels(0, 5, 9)).save(tmp_path / "a.png")
    assert read_size(str(tmp_path / "a.png")) == (9, 5)
    assert read_size(str(tmp_path / "none.png")) is None


def test_reading_many_keeps_the_order_and_the_warning_filters():
    filters = list(warnings.filters)
    paths = [str(index) for index in range(1000)]
    assert read_all(int, paths) == list(range(1000))
    assert read_all(int, []) == []
    assert list(warnings.filters) == filters
