"""An exact test whether an accuracy is above that of always naming the largest class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy.special import bdtrc

if TYPE_CHECKING:
    from jaxtyping import Int
    from torch import Tensor

CHANCE_LEVEL = 0.01
"""An accuracy counts as above chance if its p is below this."""


def largest_share(labels: Int[Tensor, " N"]) -> float:
    """Return the share of the most frequent label: the accuracy of naming it always, 0 to 1."""
    return float(labels.bincount().max()) / len(labels)


def p_by_chance(correct: int, labels: Int[Tensor, " N"]) -> float:
    """Return the p of the one-sided binomial test that answers are right more often than the largest class is.

    Args:
        correct: right answers among the N.
        labels: the true ones.

    >>> import torch
    >>> p_by_chance(4, torch.tensor([0, 1, 0, 1]))
    0.0625
    """
    return float(bdtrc(correct - 1, len(labels), largest_share(labels))) if correct else 1.0


def too_few(labels: Int[Tensor, " N"]) -> bool:
    """Return whether not even a network without a mistake would be above chance on so few images."""
    return p_by_chance(len(labels), labels) >= CHANCE_LEVEL
