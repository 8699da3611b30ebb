from __future__ import annotations

import pytest

from saliencynoise.data.layout import read_layout
from saliencynoise.interfaces import UsageError
from tests.data.builders import make_folder


def _message(root) -> str:
    with pytest.raises(UsageError) as caught:
        read_layout(root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def _both(*parts: str) -> dict[str, int]:
    return {f"{part}/{label}": 1 for part in parts for label in ("a", "b")}


@pytest.mark.parametrize("part", ["val", "test"])
def test_a_folder_that_is_split(tmp_path, part):
    layout = read_layout(make_folder(tmp_path, _both("train", part)))
    assert (layout.test_part, layout.classes, layout.unused) == (part, ("a", "b"), ())
    assert [(file.name, file.part) for file in layout.listing.files] == [
        ("train/a/0.png", "train"),
        ("train/b/0.png", "train"),
        (f"{part}/a/0.png", "test"),
        (f"{part}/b/0.png", "test"),
    ]


@pytest.mark.parametrize(
    ("parts", "read", "unused"),
    [
        (("Train", "Test"), ("Train", "Test"), ()),
        (("TRAIN", "VALID"), ("TRAIN", "VALID"), ()),
        (("training", "validation"), ("training", "validation"), ()),
        (("Train", "train", "testing", "Test", "valid"), ("train", "Test"), ("Train", "testing", "valid")),
        (("train", "training", "dev"), ("train", "dev"), ("training",)),
    ],
)
def test_parts_have_the_usual_names_in_any_case_and_others_are_named(tmp_path, parts, read, unused):
    layout = read_layout(make_folder(tmp_path, _both(*parts)))
    assert (layout.train_part, layout.test_part) == read
    assert layout.unused == unused
    assert {file.name.partition("/")[0]: file.part for file in layout.listing.files} == {
        read[0]: "train",
        read[1]: "test",
    }


def test_of_val_and_test_the_test(tmp_path):
    layout = read_layout(make_folder(tmp_path, _both("train", "val", "test") | {"extra/c": 1}))
    assert (layout.test_part, layout.unused) == ("test", ("extra", "val"))


def test_an_unlabelled_test_part_gives_way_to_val(tmp_path):
    layout = read_layout(make_folder(tmp_path, _both("train", "val") | {"test": 3}))
    assert (layout.test_part, layout.unused) == ("val", ("test",))


def test_a_folder_of_classes(tmp_path):
    layout = read_layout(make_folder(tmp_path, {"train": 1, "car": 1}))
    assert (layout.test_part, layout.classes) == (None, ("car", "train"))


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (
            {"train/a": 1, "train/b": 1, "test/a": 1},
            "class 'b' is in train/ but not in test/: give every class",
        ),
        (
            {"train/a": 1, "val/a": 1, "val/10": 1, "val/9": 1},
            "class '9' (and 1 more) is in val/ but not in tr",
        ),
        (
            {"train/a": 1, "test/a": 1},
            "has only one class, 'a': a classifier needs two or more class folders",
        ),
        ({"train": 2, "test": 2}, "has no class folders (2 images are directly in it)"),
        (
            {"Val/a": 1, "Test/a": 1},
            "holds 'Test', 'Val', which look like parts of a data set, not classes",
        ),
        (
            {"train/a": 1, "train/b": 1},
            "holds 'train', which look like parts of a data set, not classes: name",
        ),
        ({"only": 2}, "has only one class, 'only': a classifier needs two or more class folders"),
    ],
)
def test_folders_that_are_no_data_set(tmp_path, counts, words):
    assert words in _message(make_folder(tmp_path, counts))


def test_a_level_too_high_gets_a_hint(tmp_path):
    make_folder(tmp_path / "cifar10", _both("train", "test"))
    assert _message(tmp_path).endswith(f"; did you mean {str(tmp_path / 'cifar10')!r}?")
