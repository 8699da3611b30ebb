from __future__ import annotations

import doctest

import pytest

from saliencynoise.data import orders
from saliencynoise.data.cautions import cautions
from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.data.folder import load_folder
from saliencynoise.data.orders import FILE, read_order, usual_orders
from saliencynoise.interfaces import UsageError
from tests.data.builders import make_folder

TWELVE = [str(number) for number in range(12)]
TEXTUAL = ["0", "1", "10", "11", "2", "3", "4", "5", "6", "7", "8", "9"]


def test_the_examples_hold():
    failed, tried = doctest.testmod(orders)
    assert (failed, tried) == (0, 2)


def test_the_orders_of_other_tools():
    result = usual_orders(["10", "9", "B", "a"])
    assert result["as text"] == ("10", "9", "B", "a")
    assert result["as text without regard to capitals"] == ("10", "9", "a", "B")
    assert result["by the numbers in their names"] == ("9", "10", "B", "a")


def test_the_natural_order_is_told_where_text_gives_another(tmp_path):
    order = read_order(tmp_path, TWELVE)
    assert order.classes == tuple(TWELVE)
    assert order.note.startswith("classes in natural order (0, 1, 2, 3, 4 and 7 more); torchvision's ImageFolder sorts")
    assert "as text (0, 1, 10, 11, 2 and 7 more)" in order.note
    assert FILE in order.note
    assert read_order(tmp_path, ["cat", "dog"]).note == ""


def folder_of(tmp_path, split):
    names = [f"{part}/{name}" for part in ("train", "test") for name in TWELVE] if split else TWELVE
    return make_folder(tmp_path / "pictures", dict.fromkeys(names, 2))


@pytest.mark.parametrize("split", [True, False])
def test_a_list_gives_the_order(tmp_path, split):
    root = folder_of(tmp_path, split)
    natural = load_folder(path=str(root), image_size=None, seed=0)
    assert natural.classes == tuple(TWELVE)
    (root / FILE).write_text("\ufeff" + "\r\n".join(TEXTUAL) + "\n\n", encoding="utf-8")
    listed = load_folder(path=str(root), image_size=None, seed=0)
    assert listed.classes == tuple(TEXTUAL)
    assert fingerprint(listed) != fingerprint(natural)
    by_name = {
        name: natural.classes[label] for name, label in zip(natural.test.names, natural.test.labels, strict=True)
    }
    assert by_name == {
        name: listed.classes[label] for name, label in zip(listed.test.names, listed.test.labels, strict=True)
    }
    assert "classes in the order of classes.txt: 0, 1, 10, 11, 2 and 7 more" in listed.notes
    assert not any("ignored" in note for note in listed.notes)
    assert cautions(listed) == ()
    (root / FILE).unlink()
    assert load_folder(path=str(root), image_size=None, seed=0).classes == tuple(TWELVE)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["a", "b", "c"], "it lacks d"),
        (["a", "b", "c", "d", "e"], "there is no folder e"),
        (["a", "b", "c", "d", "a"], "it has twice a"),
        (["a", "x"], "it lacks b, c, d; there is no folder x"),
    ],
)
def test_a_list_with_faults_is_refused(tmp_path, lines, words):
    (tmp_path / FILE).write_text("\n".join(lines))
    with pytest.raises(
        UsageError, match=rf"classes\.txt' must list each class folder once, one name per line: {words}"
    ):
        read_order(tmp_path, list("abcd"))


@pytest.mark.parametrize("content", [b"1 001.Albatross\n2 002.Auk\n", b"\xff\xfe", b""])
def test_a_list_of_something_else_is_passed_over(tmp_path, content):
    (tmp_path / FILE).write_bytes(content)
    order = read_order(tmp_path, ["a", "b"])
    assert order.classes == ("a", "b")
    assert (order.note == "classes.txt names none of the class folders and was ignored") == (content != b"\xff\xfe")
