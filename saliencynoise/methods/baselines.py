"""Baselines of path and perturbation methods: the images with which an image is compared."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, get_args

import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.interfaces import Batch

BaselineName = Literal["zero", "blur", "mean", "dataset"]


def baseline_of(name: BaselineName, batch: Batch) -> Float[Tensor, "B C H W"]:
    """Return each image's baseline, in the units of `Batch.x`.

    Args:
        name: "zero": 0 everywhere, the data set's mean colour in normalised units; "blur": the image under a
            Gaussian of sigma max(H, W) / 8 pixels, cut at 3 sigma, with edge pixels repeated; "mean": the image's own
            mean colour; "dataset": the mean of the background images.
        batch: the images.

    Raises:
        ValueError: if there is no such baseline.
    """
    x = batch.x
    if name == "zero":
        return torch.zeros_like(x)
    if name == "mean":
        return x.mean((2, 3), keepdim=True).expand_as(x)
    if name == "dataset":
        return batch.background.to(x).mean(0, keepdim=True).expand_as(x)
    if name == "blur":
        return _blurred(x, sigma=max(x.shape[-2:]) / 8)
    raise ValueError(f"baseline={name} is not possible; choose {', '.join(get_args(BaselineName))}")


def _blurred(x: Tensor, *, sigma: float) -> Tensor:
    reach = math.ceil(3 * sigma)
    offsets = torch.arange(-reach, reach + 1, dtype=x.dtype, device=x.device)
    weights = (-offsets.square() / (2 * sigma**2)).exp()
    weights = (weights / weights.sum()).expand(x.shape[1], 1, -1)
    padded = F.pad(x, (reach, reach, reach, reach), mode="replicate")
    rows = F.conv2d(padded, weights[:, :, :, None], groups=x.shape[1])
    return F.conv2d(rows, weights[:, :, None, :], groups=x.shape[1])
