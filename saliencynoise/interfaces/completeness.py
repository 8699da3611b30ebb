"""Completeness: whether an attribution adds up to the difference of scores that it explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


def completeness_error(total: Float[Tensor, " B"], difference: Float[Tensor, " B"]) -> Float[Tensor, " B"]:
    """Return |total - difference| / |difference|; the absolute error where there is no difference.

    Args:
        total: `[B]`, the sum of each image's attributions.
        difference: `[B]`, the score of the image less that of what it is compared with.

    >>> import torch
    >>> completeness_error(torch.tensor([1.5, 0.0]), torch.tensor([2.0, 0.0])).tolist()
    [0.25, 0.0]
    """
    return (total - difference).abs() / difference.abs().where(difference != 0, 1.0)
