"""What an image is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.interfaces import Batch

Baseline = Literal["zero", "blur", "mean", "dataset"]


def baseline_of(name: str, batch: Batch) -> Float[Tensor, "B C H W"]:
    """Return the baseline of each image: "zero", "blur", "mean" (of its own channels) or "dataset" (the background's).

    Raises:
        ValueError: if there is no baseline of that name.
    """
    x = batch.x
    if name == "zero":
        return torch.zeros_like(x)
    if name == "blur":
        return _blurred(x, sigma=max(x.shape[-2:]) / 8)
    if name == "mean":
        return x.mean((2, 3), keepdim=True).expand_as(x)
    if name == "dataset":
        return batch.background.mean(0, keepdim=True).expand_as(x)
    raise ValueError(f"there is no baseline '{name}'; there are zero, blur, mean, dataset")


def _blurred(x: Float[Tensor, "B C H W"], *, sigma: float) -> Float[Tensor, "B C H W"]:
    for axis in (2, 3):
        radius = min(int(3 * sigma + 0.5), x.shape[axis] - 1)  # reflection reaches no further
        offsets = torch.arange(-radius, radius + 1, dtype=x.dtype, device=x.device)
        kernel = torch.exp(-((offsets / sigma) ** 2) / 2)
        lines = x.movedim(axis, -1)
        padded = F.pad(lines.reshape(-1, 1, lines.shape[-1]), (radius, radius), mode="reflect")
        blurred = F.conv1d(padded, (kernel / kernel.sum())[None, None])
        x = blurred.view(lines.shape).movedim(-1, axis)
    return x
