"""Completeness: whether an attribution adds up to the difference of scores that it explains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.interfaces.errors import UsageError

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


LIMIT = 1e-3
"""The largest error, relative to the difference of the scores, that a library's map may have."""

ROUNDING = 1e-5
"""Relative to the scores: where they hardly differ, rounding alone makes a large relative error."""


def completeness_error(total: Float[Tensor, " B"], difference: Float[Tensor, " B"]) -> Float[Tensor, " B"]:
    """Return |total - difference| / |difference|; the absolute error where there is no difference.

    Args:
        total: `[B]`, the sum of each image's attributions.
        difference: `[B]`, the score of the image minus the score of its reference.

    >>> import torch
    >>> completeness_error(torch.tensor([1.5, 0.0]), torch.tensor([2.0, 0.0])).tolist()
    [0.25, 0.0]
    """
    return (total - difference).abs() / difference.abs().where(difference != 0, 1.0)


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
            f"difference of the scores by {float(error[worst]):.2g} of it (completeness; {LIMIT:g} is allowed); {use}"
        )
