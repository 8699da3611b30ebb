from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.data.folder import load_folder
from saliencynoise.data.loading import check_dataset
from saliencynoise.interfaces import Dataset, UsageError
from tests.data.builders import make_folder, pixels, save

CIFAR = Path(__file__).parents[3] / "shared" / "data" / "cifar10-jpeg.tar.xz"


def _load(root: Path, *, image_size: int | None = None, seed: int = 0) -> Dataset:
    return check_dataset(load_folder(path=str(root), image_size=image_size, seed=seed))


def _message(root: Path, **options: object) -> str:
    with pytest.raises(UsageError) as caught:
        _load(root, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_pixels_labels_and_names_are_those_of_the_files(tmp_path):
    result = _load(make_folder(tmp_path / "birds", {"2": 10, "10": 5}))
    assert (result.name, result.classes) == ("folder:birds", ("2", "10"))
    assert (len(result.train), len(result.test)) == (12, 3)
    for split in (result.train, result.test):
        for image, label, name in zip(split.images, split.labels, split.names, strict=True):
            array = np.asarray(Image.open(tmp_path / "birds" / name))
            assert np.array_equal(image.numpy(), array.transpose(2, 0, 1))
            assert result.classes[label] == name.split("/")[0]
    assert set(result.train.names) | set(result.test.names) == (
        {f"2/{i}.png" for i in range(10)} | {f"10/{i}.png" for i in range(5)}
    )
    assert result.augmentations == {"shift", "flip"}
    assert result.notes[:2] == (
        "images of 8x8 pixels, as they are in the files",
        "split by seed 0, stratified by class: 12 to train on and 3 to test",
    )
    assert result.notes[2].startswith("classes in natural order (2, 10); torchvision's")


def test_statistics_are_those_of_the_training_pixels(tmp_path):
    result = _load(make_folder(tmp_path, {"a": 10, "b": 10}))
    scaled = result.train.images.double() / 255
    assert result.mean == pytest.approx(scaled.mean((0, 2, 3)).tolist())
    assert result.std == pytest.approx(scaled.std((0, 2, 3), correction=0).tolist())


def test_the_split_depends_on_the_seed_only(tmp_path):
    root = make_folder(tmp_path, {"a": 20, "b": 20})
    first, again, other = _load(root, seed=0), _load(root, seed=0), _load(root, seed=1)
    assert fingerprint(first) == fingerprint(again)
    assert first.test.names != other.test.names


def test_a_split_that_is_there_is_taken(tmp_path):
    root = make_folder(tmp_path, {"train/a": 3, "train/b": 2, "val/a": 1, "val/b": 4, "extra/c": 1})
    result = _load(root, seed=1)
    assert result.train.labels.tolist() == [0, 0, 0, 1, 1]
    assert result.test.names == ("val/a/0.png", *(f"val/b/{index}.png" for index in range(4)))
    assert result.notes[1] == "split as in the folder: 5 in train/ and 5 in val/; not used: extra"
    assert fingerprint(result) == fingerprint(_load(root, seed=2))


def test_grey_folders_have_one_channel_and_are_not_flipped(tmp_path):
    result = _load(make_folder(tmp_path, {"a": 2, "b": 2}, channels=1))
    assert result.train.images.shape == (2, 1, 8, 8)
    assert result.augmentations == {"shift"}
    assert result.notes[2] == ("all images are grey: one channel, never flipped (a flipped digit or letter is another)")


def test_one_colour_image_makes_three_channels(tmp_path):
    root = make_folder(tmp_path, {"a": 3, "b": 3}, channels=1)
    save(root / "b" / "3.png", pixels(0))
    result = _load(root)
    assert result.train.images.shape[1] == 3
    assert result.notes[2] == "6 grey images among colour images given three equal channels"
    split, name = next((s, n) for s in (result.train, result.test) for n in s.names if n == "a/0.png")
    array = np.asarray(Image.open(root / name))
    assert all(np.array_equal(channel, array) for channel in split.images[split.names.index(name)])


def test_mixed_sizes_get_the_median_of_the_shorter_sides(tmp_path):
    root = make_folder(tmp_path, {"a": 3}, side=12)
    for index, (height, width) in enumerate([(12, 40), (20, 13), (5, 90)]):
        save(root / "b" / f"{index}.png", pixels(index, height, width))
    result = _load(root)
    assert result.train.images.shape[2:] == (12, 12)
    assert result.notes[0] == (
        "images of 12x12 pixels (the median of the shorter sides): of 6, 2 were scaled and 3 cropped about the centre"
    )
    assert _load(root, image_size=7).train.images.shape[2:] == (7, 7)


def test_files_that_cannot_be_read_are_left_out_and_named(tmp_path):
    root = make_folder(tmp_path, {"a": 10, "b": 10})
    clean = _load(root)
    for index in range(7):
        (root / "a" / f"bad {index}.jpg").write_bytes(b"x" * index)
    (root / "b" / "notes.txt").touch()
    (root / "stray.png").touch()
    result = _load(root)
    assert fingerprint(result) == fingerprint(clean)
    why = "not an image that can be read"
    named = ", ".join(f"a/bad {index}.jpg ({why})" for index in range(5))
    assert result.notes[2:] == (
        f"7 files could not be read and were left out: {named} and 2 more",
        "1 file ignored, since they are no images: b/notes.txt",
        "1 image outside the class folders were ignored: stray.png",
    )


def test_adding_an_image_moves_no_other_by_more_than_the_share(tmp_path):
    root = make_folder(tmp_path, {"a": 20, "b": 20})
    before = set(_load(root).test.names)
    save(root / "a" / "99.png", pixels(99))
    assert len(before ^ set(_load(root).test.names)) <= 3


@pytest.mark.parametrize(
    ("counts", "bad", "words"),
    [
        (
            {"a": 2, "b": 0},
            ["b/x.png"],
            "class 'b' has no image that can be read, replace its files: b/x.png (",
        ),
        ({"a": 2, "b": 0}, ["b/x.txt"], "class 'b' holds no images: add images to it, or remove the folder"),
        (
            {"a": 2, "b": 1},
            [],
            "class 'b' has only 1 readable image, too few to train and to test: add images",
        ),
        ({"a": 2, "b": 1}, ["b/x.png"], "class 'b' has only 1 readable image"),
        (
            {"train/a": 1, "train/b": 1, "test/a": 1, "test/b": 0},
            ["test/b/x.png"],
            "class 'b' of test/ has no image that can be read, replace its files: test/b/x.png (not an image",
        ),
    ],
)
def test_classes_without_enough_images(tmp_path, counts, bad, words):
    make_folder(tmp_path, counts)
    for name in bad:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert words in _message(tmp_path)


def test_only_one_class(tmp_path):
    assert "has only one class, 'a'" in _message(make_folder(tmp_path, {"a": 4}))


@pytest.mark.parametrize("size", [3, 5000])
def test_sizes_that_cannot_be_used(tmp_path, size):
    root = make_folder(tmp_path, {"a": 2, "b": 2})
    assert _message(root, image_size=size) == f"image size {size} cannot be used: choose 4 to 4096 pixels"


def test_images_of_one_pixel_need_a_size(tmp_path):
    root = make_folder(tmp_path, {"a": 2, "b": 2}, side=1)
    assert "give an image size of 4 to 4096 pixels" in _message(root)
    assert _load(root, image_size=4).train.images.shape == (2, 3, 4, 4)


def test_a_folder_of_one_colour_has_a_deviation(tmp_path):
    for name in ("a/0", "a/1", "b/0", "b/1"):
        save(tmp_path / f"{name}.png", np.zeros((8, 8, 3), np.uint8))
    assert _load(tmp_path).std == (1.0,)


def test_names_with_line_breaks_and_bytes_do_no_harm(tmp_path):
    root = make_folder(tmp_path, {"a\nb": 3, "{braces}": 3})
    (root / "a\nb" / "bad\n.png").touch()
    result = _load(root)
    assert result.classes == ("a\nb", "{braces}")
    assert not any("\n" in note for note in result.notes)


def test_groups_of_a_folder_are_those_of_its_table(tmp_path):
    make_folder(tmp_path, {"a": 10, "b": 10})
    alone = _load(tmp_path)
    names = [*alone.train.names, *alone.test.names]
    rows = "".join(f"{name},writer {place % 3}\n" for place, name in enumerate(names))
    (tmp_path / "groups.csv").write_text("file,group\n" + rows)
    found = _load(tmp_path)
    check_dataset(found)
    assert found.test.groups == tuple(f"writer {names.index(name) % 3}" for name in found.test.names)
    assert fingerprint(found) == fingerprint(alone)
    assert found.notes[-1] == (
        "3 groups of 3 in the test part are also in the training part (writer 0, writer 1, writer 2): accuracy and "
        "maps do not hold for new groups"
    )
    assert not any("groups.csv" in note for note in found.notes)
    (tmp_path / "groups.csv").write_text("file,group\n" + rows.replace(found.test.names[0], "elsewhere.png"))
    assert f"lack 1 image, such as {found.test.names[0]!r}" in _message(tmp_path)


@pytest.mark.skipif(not CIFAR.exists(), reason=f"needs the real images: {CIFAR} is not there")
def test_real_images(tmp_path):
    # of the test part only, which comes first: unpacking all of it takes 10 s
    with tarfile.open(CIFAR) as archive:
        for member in archive:
            _, _, label, name = ["", "", "", *member.name.split("/")][-4:]
            if label in {"cat", "bird"} and name < "0030.jpg":
                archive.extract(member, tmp_path, filter="data")
            elif label == "deer":
                break
    root = tmp_path / "cifar10-jpeg" / "test"
    result = _load(root)
    assert result.classes == ("bird", "cat")
    assert result.train.images.shape == (48, 3, 32, 32)
    for image, name in zip(result.test.images, result.test.names, strict=True):
        expected = np.asarray(Image.open(root / name).convert("RGB"))
        assert np.array_equal(image.numpy().transpose(1, 2, 0), expected)
    assert all(0.3 < mean < 0.65 for mean in result.mean)
    assert all(0.15 < std < 0.35 for std in result.std)
