"""Completeness: whether an attribution adds up to the difference that it explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jaxtyping import Float
    from torch import Tensor


def completeness(total: Float[Tensor, " B"], due: Float[Tensor, " B"]) -> Mapping[str, Float[Tensor, " B"]]:
    """Return the diagnostic |total - due| / |due|, with the difference itself where nothing is due.

    Args:
        total: `[B]`, the sum of each image's attributions.
        due: `[B]`, the score of the image less that of its baseline.

    >>> completeness(torch.tensor([1.5, 0.0]), torch.tensor([1.0, 0.0]))["completeness_error"].tolist()
    [0.5, 0.0]
    """
    return {"completeness_error": (total - due).abs() / torch.where(due == 0, 1.0, due.abs())}
