"""Checks of the fields that methods share."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal, get_args, get_origin, get_type_hints


def check_fields(method: Any) -> None:
    """Refuse counts and sizes below one, and words that a field does not know.

    Raises:
        ValueError: naming the field, its value and the possible ones.
    """
    hints = get_type_hints(type(method))
    for field in dataclasses.fields(method):
        value, hint = getattr(method, field.name), hints[field.name]
        if type(value) is int and int in (hint, *get_args(hint)) and value < 1:
            raise ValueError(f"{field.name}={value} is not possible; choose 1 or more")
        if isinstance(value, str) and value not in words_of(hint):
            raise ValueError(f"{field.name}={value} is not possible; choose {' or '.join(words_of(hint))}")


def words_of(hint: Any) -> list[str]:
    """Return the words that a field of this type may hold."""
    if get_origin(hint) is Literal:
        return [word for word in get_args(hint) if isinstance(word, str)]
    return [word for part in get_args(hint) for word in words_of(part)]


def at_least(name: str, value: float, least: float) -> None:
    """Refuse a number that is too small.

    Raises:
        ValueError: naming the field, its value and the possible ones.
    """
    if value < least:
        raise ValueError(f"{name}={value} is not possible; choose {least:g} or more")
