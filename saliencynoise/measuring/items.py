"""What a user says of items and members: labels, names, clusters, features, each as values or as a file of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np

from saliencynoise.data.orders import natural
from saliencynoise.interfaces import UsageError, one_line

Listed = Sequence[Any] | str | Path | Any
"""Values in a list, an array or a tensor; or a file with one a line, or one value after another with commas."""

MISSING = {"nan", "None", "<NA>", "NaT"}
"""The texts of values that are no text and say that there is none."""


def texts_of(given: Listed | None, *, count: int, option: str, of: str) -> tuple[str, ...]:
    """Return values as texts; none where none were given.

    Args:
        given: a list, array or tensor, a path of a .npy file or of a text file with one a line, or a text with commas.
        count: how many there must be.
        option: the option's name, for messages.
        of: what there is one for each of, in the plural.

    Raises:
        UsageError: if there are more or fewer, or the file cannot be read.

    >>> texts_of([3, 5], count=2, option="labels", of="items"), texts_of("a, b", count=2, option="labels", of="items")
    (('3', '5'), ('a', 'b'))
    """
    if given is None:
        return ()
    values = _read(given, option) if isinstance(given, str | Path) else given
    listed = listed_of(values, option=option, of=of)
    if len(listed) != count:
        raise UsageError(f"{option} has {len(listed)} values, and there are {count} {of}; give one for each")
    return present(listed, option=option)


def listed_of(values: Any, *, option: str, of: str) -> list[Any]:
    """Return the values of a list, an array, a tensor or another collection with an order.

    Raises:
        UsageError: if it is no such collection, or has several values for one of what it lists.

    >>> listed_of(np.arange(3), option="labels", of="items")
    [0, 1, 2]
    """
    shape = getattr(values, "shape", None)
    if shape is not None and len(shape) > 1:
        raise UsageError(f"{option} has several values for each of the {of}; give one")
    if shape == () or isinstance(values, bytes | Mapping | Set) or not isinstance(values, Iterable):
        raise UsageError(f"{option}={values!r} is no list; give a list with one value for each of the {of}")
    listed = values.tolist() if hasattr(values, "tolist") else list(values)
    if any(isinstance(value, list | tuple) for value in listed):
        raise UsageError(f"{option} has several values for each of the {of}; give one")
    return listed


def present(values: Iterable[Any], *, option: str) -> tuple[str, ...]:
    """Return values as texts after checking that none is missing.

    Raises:
        UsageError: naming the first that is NaN, None or empty.
    """
    texts = []
    for index, value in enumerate(values):
        text = str(value).strip()
        if not text or (not isinstance(value, str) and text in MISSING):
            raise UsageError(f"{option} has no value at position {index} ({value!r}); give one for each")
        texts.append(text)
    return tuple(texts)


def _read(given: str | Path, option: str) -> Any:
    path = Path(given)
    if not path.is_file():
        if isinstance(given, str) and "," in given:
            return given.split(",")
        raise UsageError(
            f"{option}={given}: there is no such file; give a file with one value a line, a .npy file, or values with "
            "commas between them"
        )
    try:
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False)
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise UsageError(f"{option}={given} cannot be read: {one_line(error)}") from error


def unique(texts: tuple[str, ...], *, option: str) -> tuple[str, ...]:
    """Return names after checking that each is there once.

    Raises:
        UsageError: naming the first that is there twice.
    """
    seen: set[str] = set()
    for text in texts:
        if text in seen:
            raise UsageError(f"{option} has '{text}' twice; give each a name of its own")
        seen.add(text)
    return texts


def classes_of(labels: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the classes in natural order, and the number of each label.

    >>> classes_of(("10", "9", "10"))
    (('9', '10'), (1, 0, 1))
    """
    classes = tuple(sorted(set(labels), key=natural))
    return classes, tuple(classes.index(label) for label in labels)
