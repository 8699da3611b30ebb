"""Checks of the fields that methods share."""

from __future__ import annotations


def check_count(name: str, value: int, *, least: int = 1) -> None:
    """Refuse a count that is too small.

    Raises:
        ValueError: naming the field, its value and the possible ones.
    """
    if value < least:
        raise ValueError(f"{name}={value} is not possible; choose {least} or more")


def check_colour(name: str, value: float | str) -> None:
    """Refuse words other than "mean" for a colour.

    Raises:
        ValueError: naming the field, its value and the possible ones.
    """
    if isinstance(value, str) and value != "mean":
        raise ValueError(f"{name}={value} is not possible; choose a number or mean")
