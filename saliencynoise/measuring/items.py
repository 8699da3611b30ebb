"""What a user says of items and members: labels, names, clusters, features, each as values or as a file of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from saliencynoise.data.orders import natural
from saliencynoise.interfaces import UsageError, one_line

Listed = Sequence[Any] | str | Path | Any
"""Values in a list, an array or a tensor; or a file with one a line, or one value after another with commas."""


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
    listed = values.tolist() if hasattr(values, "tolist") else list(values)
    if any(isinstance(value, list) for value in listed):
        raise UsageError(f"{option} has several values for each of the {of}; give one")
    if len(listed) != count:
        raise UsageError(f"{option} has {len(listed)} values, and there are {count} {of}; give one for each")
    return tuple(str(value).strip() for value in listed)


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
        return path.read_text(encoding="utf-8").splitlines()
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
