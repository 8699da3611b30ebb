"""Tests whether an accuracy is above chance; the balanced accuracy counts where classes are of unequal size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy.special import bdtrc
from scipy.stats import random_table

if TYPE_CHECKING:
    from jaxtyping import Int
    from torch import Tensor

CHANCE_LEVEL = 0.01
"""An accuracy counts as above chance if its p is below this."""

IMBALANCE = 3
"""Classes are unequal if the largest has this many times the images of the smallest."""

TABLES = 999
"""Random tables for the p of a balanced accuracy, which is at least 1 / (1 + TABLES)."""


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


def is_imbalanced(labels: Int[Tensor, " N"]) -> bool:
    """Return whether one class has at least `IMBALANCE` times the images of another; classes without any do not count.

    >>> import torch
    >>> is_imbalanced(torch.tensor([0, 0, 0, 2])), is_imbalanced(torch.tensor([0, 0, 2]))
    (True, False)
    """
    counts = labels.bincount()
    present = counts[counts > 0]
    return int(present.max()) >= IMBALANCE * int(present.min())


def balanced_accuracy(predicted: Int[Tensor, " N"], labels: Int[Tensor, " N"]) -> float:
    """Return the mean, over the classes of the labels, of the share of a class's images that are right, 0 to 1.

    K. Brodersen et al., The balanced accuracy and its posterior distribution, doi:10.1109/ICPR.2010.764.

    >>> import torch
    >>> balanced_accuracy(torch.tensor([0, 0, 0, 0]), torch.tensor([0, 0, 0, 1]))
    0.5
    """
    counts = labels.bincount()
    right = labels[predicted == labels].bincount(minlength=len(counts))
    present = counts > 0
    return float((right[present].double() / counts[present]).mean())


def p_of_balance(predicted: Int[Tensor, " N"], labels: Int[Tensor, " N"]) -> float:
    """Return the p that answers in random order have this balanced accuracy or a higher one.

    The classes keep their numbers of images, and the answers their frequencies; so naming one class always has p 1.
    `TABLES` random tables with these sums are drawn, the same each time.

    Args:
        predicted: the answers.
        labels: the true classes.
    """
    size = int(max(predicted.max(), labels.max())) + 1
    rows, columns = labels.bincount(minlength=size).numpy(), predicted.bincount(minlength=size).numpy()
    present = rows > 0
    tables = random_table(rows, columns, seed=0).rvs(TABLES)
    right = tables.diagonal(axis1=1, axis2=2)[:, present]
    drawn = (right / rows[present]).mean(1)
    return float(1 + (drawn >= balanced_accuracy(predicted, labels) - 1e-12).sum()) / (1 + TABLES)


def too_few(labels: Int[Tensor, " N"]) -> bool:
    """Return whether not even a network without a mistake would be above chance on so few images."""
    if p_by_chance(len(labels), labels) < CHANCE_LEVEL:
        return False
    return not is_imbalanced(labels) or p_of_balance(labels, labels) >= CHANCE_LEVEL
