"""How maps are compared, in words where they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.testing.checks import ContractBroken

if TYPE_CHECKING:
    from torch import Tensor

TOLERANCE = 1e-10
"""Largest difference, relative to the largest value, of what is equal in float64 up to rounding."""


def distance(found: Tensor, due: Tensor) -> float:
    """Return the largest difference relative to the largest value that is due; infinite for other shapes or NaN."""
    if found.shape != due.shape:
        return float("inf")
    largest = max(float(due.detach().abs().max()), 1e-300)
    difference = float((found.detach() - due.detach()).abs().max())
    return difference / largest if difference == difference else float("inf")  # noqa: PLR0124 - false for NaN


def require_equal(found: Tensor, due: Tensor, what: str, *, tolerance: float = TOLERANCE) -> None:
    """Raise unless two tensors are equal up to rounding.

    Raises:
        ContractBroken: naming `what` differs, and by how much.
    """
    if found.shape != due.shape:
        raise ContractBroken(f"{what}: {list(found.shape)} instead of {list(due.shape)}")
    far = distance(found, due)
    if far > tolerance:
        raise ContractBroken(f"{what}: the largest relative difference is {far:.2g}")


def require_different(found: Tensor, other: Tensor, what: str) -> None:
    """Raise if two tensors are equal up to rounding.

    Raises:
        ContractBroken: naming `what` does not differ.
    """
    if distance(found, other) <= TOLERANCE:
        raise ContractBroken(what)
