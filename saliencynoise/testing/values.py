"""Comparison of maps and parameters; a difference becomes an error in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.interfaces import ConfigurationError, UsageError
from saliencynoise.registry.parameters import build, canonical, parse_call
from saliencynoise.testing.checks import ContractBroken

if TYPE_CHECKING:
    from torch import Tensor

TOLERANCE = 1e-10
"""Largest relative difference of two tensors that are equal in float64 up to rounding."""


def distance(actual: Tensor, expected: Tensor) -> float:
    """Return the largest difference relative to the largest expected value; infinite for other shapes or NaN."""
    if actual.shape != expected.shape:
        return float("inf")
    largest = max(float(expected.detach().abs().max()), 1e-300)
    difference = float((actual.detach() - expected.detach()).abs().max())
    return difference / largest if difference == difference else float("inf")  # noqa: PLR0124 - false for NaN


def require_equal(actual: Tensor, expected: Tensor, what: str, *, tolerance: float = TOLERANCE) -> None:
    """Raise unless two tensors are equal up to rounding.

    Raises:
        ContractBroken: naming `what` and the size of the difference.
    """
    if actual.shape != expected.shape:
        raise ContractBroken(f"{what}: {list(actual.shape)} instead of {list(expected.shape)}")
    far = distance(actual, expected)
    if far > tolerance:
        raise ContractBroken(f"{what}: the largest relative difference is {far:.2g}")


def require_different(first: Tensor, second: Tensor, what: str) -> None:
    """Raise if two tensors are equal up to rounding.

    Raises:
        ContractBroken: naming `what`.
    """
    if distance(first, second) <= TOLERANCE:
        raise ContractBroken(what)


def require_readable(instance: object) -> None:
    """Raise unless the canonical text of an instance's parameters reads back to an equal one.

    Raises:
        ContractBroken: with the text.
    """
    frozen = getattr(getattr(instance, "__dataclass_params__", None), "frozen", False)
    if not frozen:
        raise ContractBroken(f"{type(instance).__name__} is no frozen dataclass")
    text = f"name{canonical(instance)}"
    try:
        again = build(type(instance), parse_call(text)[1], where=text)
    except (UsageError, ConfigurationError) as error:
        raise ContractBroken(f"its parameters, written as {text}, do not read back: {error}") from error
    if again != instance:
        raise ContractBroken(f"its parameters, written as {text}, read back as {again!r} instead of {instance!r}")
