"""The order in which classes are numbered: natural, as text, or as the user lists it in `classes.txt`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from saliencynoise.data.words import few
from saliencynoise.interfaces import UsageError

FILE = "classes.txt"
LONGEST = 1_000_000
"""Bytes of a list of classes."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """The classes of a folder, in order.

    Attributes:
        classes: their names; a class's number is its index.
        note: a note on the order for the reader; empty where only one order is usual.
    """

    classes: tuple[str, ...]
    note: str


def natural(name: str) -> tuple[tuple[str | int, ...], str]:
    """Return a key that sorts numbers in names by value.

    >>> sorted(["10", "9", "cat 2", "cat 10"], key=natural)
    ['9', '10', 'cat 2', 'cat 10']
    """
    parts = re.split(r"(\d+)", name)
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts)), name


def usual_orders(classes: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the orders in which tools number these classes, by the name of the order.

    >>> usual_orders(["1", "2", "10"])["as text"]
    ('1', '10', '2')
    """
    return {
        "as text": tuple(sorted(classes)),
        "as text without regard to capitals": tuple(sorted(classes, key=lambda name: (name.casefold(), name))),
        "by the numbers in their names": tuple(sorted(classes, key=natural)),
    }


def read_order(root: Path, classes: Sequence[str]) -> Order:
    """Return the order of the classes: that of `classes.txt` in the folder (one name per line), else the natural order.

    A file of that name that lists none of the folders belongs to something else and is ignored, with a note.

    Args:
        root: the data set's folder.
        classes: the names of the class folders, in natural order.

    Raises:
        UsageError: if it lists some of the folders, but not each of them once.
    """
    listed = _lines(root / FILE)
    if listed is not None and set(listed) & set(classes):
        _check(root / FILE, listed, classes)
        return Order(classes=tuple(listed), note=f"classes in the order of {FILE}: {few(listed)}")
    ignored = "" if listed is None else f"{FILE} names none of the class folders and was ignored"
    return Order(classes=tuple(classes), note="; ".join(filter(None, (ignored, _differs(classes)))))


def _differs(classes: Sequence[str]) -> str:
    text = usual_orders(classes)["as text"]
    if text == tuple(classes):
        return ""
    return (
        f"classes in natural order ({few(classes)}); torchvision's ImageFolder sorts them as text ({few(text)}): for "
        f"networks trained with that order, list the class folders in that order in {FILE}, one name per line"
    )


def _lines(path: Path) -> list[str] | None:
    """Return the lines that are not empty, or None where there is no such file of text."""
    try:
        with path.open("rb") as file:
            content = file.read(LONGEST).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    return [line.strip() for line in content.splitlines() if line.strip()]


def _check(path: Path, listed: Sequence[str], classes: Sequence[str]) -> None:
    faults = {
        "it lacks": [name for name in classes if name not in listed],
        "there is no folder": [name for name in listed if name not in classes],
        "it has twice": sorted({name for name in listed if listed.count(name) > 1}, key=natural),
    }
    differences = "; ".join(f"{fault} {few(names)}" for fault, names in faults.items() if names)
    if differences:
        raise UsageError(f"{str(path)!r} must list each class folder once, one name per line: {differences}")
