"""A table of paths and labels: its columns, parts, groups and mistakes."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from saliencynoise.data.csv_table import load_csv
from saliencynoise.data.folder import load_folder
from saliencynoise.interfaces import UsageError
from tests.data.builders import make_folder, pixels, save


def table(root, text, name="data.csv"):
    (root / name).write_text(text, encoding="utf-8-sig")
    return str(root / name)


def rows(folder, header, extra=lambda index: ""):
    """A line for each picture of a folder of classes, in the order of the names."""
    lines = [header]
    for index, path in enumerate(sorted(folder.rglob("*.png"))):
        lines.append(f"{path.relative_to(folder)},{path.parent.name}{extra(index)}")
    return "\n".join(lines) + "\n"


def load(path, **options):
    return load_csv(path=path, **{"image_size": None, "seed": 0} | options)


def images_of(dataset):
    return {
        name: (dataset.classes[label], image.numpy().tobytes())
        for split in (dataset.train, dataset.test)
        for name, label, image in zip(split.names, split.labels.tolist(), split.images, strict=True)
    }


def test_a_table_without_parts_is_the_folder_of_classes(tmp_path):
    make_folder(tmp_path, {"a": 6, "b": 7, "c10": 5, "c9": 5})
    folder = load_folder(path=str(tmp_path), image_size=None, seed=3)
    dataset = load(table(tmp_path, rows(tmp_path, "path,label")), seed=3)
    assert dataset.classes == folder.classes == ("a", "b", "c9", "c10")
    assert set(dataset.test.names) == set(folder.test.names)
    assert images_of(dataset) == images_of(folder)
    assert (dataset.mean, dataset.std) == (folder.mean, folder.std)
    assert any(note.startswith("columns read: path, label; classes in natural order") for note in dataset.notes)
    assert dataset.name == "csv:data.csv"


def test_parts_and_groups_are_columns_and_other_columns_may_have_any_name(tmp_path):
    make_folder(tmp_path, {"a": 6, "b": 6})
    extra = lambda index: f",{('train', 'train', 'VAL', 'test', 'train', 'extra')[index % 6]},p{index // 6}"  # noqa: E731
    path = table(tmp_path, rows(tmp_path, "Scan,Diagnosis,Split,patient_id", extra).replace(",", ";"))
    with pytest.raises(UsageError, match=r"has no column for the image \(one of path, .*name it, as in csv:"):
        load(path)
    dataset = load(f"{path}?image=Scan&label=Diagnosis")
    assert dataset.test.names == ("a/3.png", "b/3.png")
    assert dataset.test.groups == ("p0", "p1")
    assert len(dataset.train) == 6
    notes = " | ".join(dataset.notes)
    assert "split as in the column 'Split': 6 in train and 2 in test; not used: VAL, extra" in notes
    assert "2 groups of 2 in the test part are also in the training part" in notes


def test_numbers_of_folds_give_the_lowest_as_test_part(tmp_path):
    make_folder(tmp_path, {"a": 6, "b": 6})
    dataset = load(table(tmp_path, rows(tmp_path, "file,class,fold", lambda index: f",{index % 3}")))
    assert dataset.test.names == ("a/0.png", "a/3.png", "b/0.png", "b/3.png")
    assert any("8 in 1+2 and 4 in 0" in note for note in dataset.notes)


def test_a_suffix_may_be_left_out_and_missing_files_are_named(tmp_path):
    for index in range(8):
        save(tmp_path / f"{index}.png", pixels(index))
    lines = "".join(f"{index},{'ab'[index % 2]}\n" for index in range(9))
    dataset = load(table(tmp_path, f"image_id,target\n{lines}"))
    assert len(dataset.train) + len(dataset.test) == 8
    assert any("1 file could not be read and were left out: 8 (no such file" in note for note in dataset.notes)


def test_another_table_of_that_name_is_read_again(tmp_path):
    make_folder(tmp_path, {"a": 4, "b": 4})
    text = rows(tmp_path, "path,label")
    first = load(table(tmp_path, text))
    swapped = load(table(tmp_path, text.replace("a/0.png,a", "a/0.png,b").replace("b/0.png,b", "b/0.png,a")))
    assert images_of(first)["a/0.png"][0] == "a"
    assert images_of(swapped)["a/0.png"][0] == "b"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no rows"),
        ("path,label\n", "has no rows"),
        ("path,colour\na/0.png,a\n", "has no column for the label"),
        ("path,label\na/0.png,\n", "line 2: the column 'label' is empty"),
        ("path,label\na/0.png,a\na/0.png,b\n", "line 3: 'a/0.png' is also in line 2"),
        ("path,label\na/0.png,a\n", "has 1 class; a classifier needs two"),
        ("path,label,split\na/0.png,a,train\nb/0.png,b,train\n", "the column 'split' holds train; it must name a"),
        (
            "path,label,split\na/0.png,a,train\nb/0.png,b,test\n",
            "class 'b' of train holds no images: add images to it, or remove the class",
        ),
    ],
)
def test_mistakes_are_named(tmp_path, text, words):
    make_folder(tmp_path, {"a": 2, "b": 2})
    with pytest.raises(UsageError) as caught:
        load(table(tmp_path, text))
    assert words in str(caught.value)
    assert "data.csv" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_are_no_tables_are_named(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read the table '.*none\.csv': No such file"):
        load(str(tmp_path / "none.csv"))
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(UsageError, match=r"cannot read the table '.*a\.png': .*; name a CSV file"):
        load(str(tmp_path / "a.png"))
    with pytest.raises(UsageError, match="'colour' is no column that is read; name image, label"):
        load(f"{tmp_path}/none.csv?colour=x")


def test_a_suggested_column_of_images_is_the_one_with_paths(tmp_path):
    (tmp_path / "odd.csv").write_text("scan;diagnosis\na/0.png;sick\n")
    with pytest.raises(UsageError, match=r"odd\.csv\?image=scan$"):
        load_csv(path=str(tmp_path / "odd.csv"), image_size=None, seed=0)
    with pytest.raises(UsageError, match=r"odd\.csv\?image=scan&label=diagnosis$"):
        load_csv(path=f"{tmp_path / 'odd.csv'}?image=scan", image_size=None, seed=0)
