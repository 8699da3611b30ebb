"""Numbers and names in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMED = 5


def count(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> count(1, "image"), count(2, "image")
    ('1 image', '2 images')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def few(names: Sequence[str]) -> str:
    """Return the first five names and how many more there are, in one line whatever the names hold.

    >>> few(["a", "b", "c", "d", "e", "f"])
    'a, b, c, d, e and 1 more'
    """
    shown = ", ".join(name if name.isprintable() else repr(name) for name in names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
