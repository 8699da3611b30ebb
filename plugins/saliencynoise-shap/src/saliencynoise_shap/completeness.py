"""Whether attributions sum up to the difference of the scores that they explain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

LIMIT = 1e-3
"""The largest error, relative to the difference of the scores, that is reported without insisting."""

ROUNDING = 1e-5
"""Relative to the scores: where they hardly differ, rounding alone makes a large relative error."""


def completeness_error(total: Float[Tensor, " B"], difference: Float[Tensor, " B"]) -> Float[Tensor, " B"]:
    """Return |sum of the map - difference of scores| / |difference of scores|; where that is zero, the absolute error.

    >>> import torch
    >>> completeness_error(torch.tensor([1.5, 0.0]), torch.tensor([2.0, 0.0])).tolist()
    [0.25, 0.0]
    """
    gap = (total - difference).abs()
    return gap / difference.abs().where(difference != 0, 1.0)


def refuse_incomplete(
    error: Float[Tensor, " B"], difference: Float[Tensor, " B"], score: Float[Tensor, " B"], *, explainer: str, use: str
) -> None:
    """Refuse maps that do not sum up, beyond `LIMIT` and what rounding explains.

    Raises:
        UsageError: with the largest error, its image, and what to `use`.
    """
    wrong = (error > LIMIT) & (error * difference.abs() > ROUNDING * (score.abs() + (score - difference).abs()))
    if wrong.any():
        worst = int(error.where(wrong, -1.0).argmax())
        raise UsageError(
            f"{explainer} is wrong on this network: on image {worst} of {len(error)} the attributions miss the "
            f"difference of the logits by {float(error[worst]):.2g} of it (completeness; {LIMIT:g} is allowed); {use}"
        )
