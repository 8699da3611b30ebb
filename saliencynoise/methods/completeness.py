"""How well a map adds up to what it explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


def completeness_error(
    values: Float[Tensor, "B C H W"], difference: Float[Tensor, " B"], *, floor: float = 0.0
) -> Float[Tensor, " B"]:
    """Return |sum of the map - difference| / |difference| for each image; 0 where both are 0.

    Args:
        values: the maps.
        difference: score of the image less score of what it is compared with.
        floor: the least that the error is divided by.

    >>> import torch
    >>> completeness_error(torch.tensor([[[[1.0, 2.5]]], [[[0.0, 0.0]]]]), torch.tensor([4.0, 0.0])).tolist()
    [0.125, 0.0]
    """
    error = (values.flatten(1).sum(1) - difference).abs()
    return (error / difference.abs().clamp_min(floor)).where(error > 0, 0.0)
