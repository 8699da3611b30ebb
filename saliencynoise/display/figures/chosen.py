"""Choices of a caller by name: a name is a list of one, and an unknown one is an error that lists all."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TypeVar

from saliencynoise.interfaces import UsageError

T = TypeVar("T", str, int)


def as_list(value: T | Sequence[T] | None) -> list[T] | None:
    """Return names or numbers in a list; one alone is a list of one, and None stays None.

    >>> as_list("gradient"), as_list((0, 3)), as_list(None)
    (['gradient'], [0, 3], None)
    """
    if value is None:
        return None
    return [value] if isinstance(value, str | int) else list(value)


def chosen(names: str | Sequence[str], available: Sequence[str], *, kind: str = "column") -> list[str]:
    """Return the chosen names in the order given, each once.

    >>> chosen("mean", ["picture", "mean"])
    ['mean']

    Raises:
        UsageError: a name is not available, or none is given.
    """
    listed = [str(name) for name in as_list(names) or []]
    possible = ", ".join(dict.fromkeys(available))
    if not listed:
        raise UsageError(f"no {kind} is named; choose from {possible}")
    for name in listed:
        if name not in available:
            near = get_close_matches(name, available, 1)
            meant = f"; did you mean '{near[0]}'? There are {possible}" if near else f"; choose from {possible}"
            raise UsageError(f"there is no {kind} '{name}'{meant}")
    return list(dict.fromkeys(listed))
