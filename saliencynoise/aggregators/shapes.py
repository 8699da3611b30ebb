"""Checks of every aggregator: it refuses maps of different shapes, and too few maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def require_shape(values: Tensor, shape: tuple[int, ...]) -> None:
    """Refuse a map of another shape than the others'.

    Raises:
        ValueError: with both shapes.
    """
    if tuple(values.shape) != tuple(shape):
        raise ValueError(f"a map of shape {tuple(values.shape)} among maps of shape {tuple(shape)}")


def require_members(members: int, what: str, *, least: int = 1) -> None:
    """Refuse to make a map of too few members.

    Raises:
        ValueError: it says that `what` is not defined, or how many members it needs.
    """
    if members == 0:
        raise ValueError(f"{what} of no members is not defined")
    if members < least:
        raise ValueError(f"{what} needs {least} members or more, not {members}")
