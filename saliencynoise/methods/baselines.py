"""Images that stand for "nothing to see"."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import Batch

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


def baseline_of(name: str, batch: Batch) -> Float[Tensor, "B C H W"]:
    """Return a baseline for each image: "zero", "mean" (of each channel), "blur", or "dataset" (mean background).

    Raises:
        ValueError: if there is no such baseline.
    """
    if name == "zero":
        return torch.zeros_like(batch.x)
    if name == "mean":
        return batch.x.mean((2, 3), keepdim=True).expand_as(batch.x)
    if name == "dataset":
        return batch.background.mean(0).to(batch.x).expand_as(batch.x)
    if name == "blur":
        return _blurred(batch.x, sigma=max(batch.x.shape[2:]) / 8)
    raise ValueError(f"baseline={name} is not possible; choose zero, mean, blur or dataset")


def _blurred(x: Float[Tensor, "B C H W"], *, sigma: float) -> Float[Tensor, "B C H W"]:
    vertical, horizontal = (_gaussian(size, sigma).to(x) for size in x.shape[2:])
    return torch.einsum("bchw,yh,xw->bcyx", x, vertical, horizontal)


def _gaussian(size: int, sigma: float) -> Float[Tensor, "n n"]:
    places = torch.arange(size, dtype=torch.float64)
    weights = (-((places[:, None] - places) ** 2) / (2 * sigma**2)).exp()
    return weights / weights.sum(1, keepdim=True)
