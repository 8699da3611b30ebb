"""SmoothGrad, and its squared and variance forms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch

from saliencynoise.interfaces import Batch, Maps, Scorer

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.interfaces.specs import Sign


@dataclass(frozen=True)
class SmoothGrad:
    """Gradients of noisy copies of the image, averaged: `[B, C, H, W]`, in logits per unit of `Batch.x`.

    Source: Smilkov et al., *SmoothGrad*, 2017, arXiv:1706.03825; VarGrad: Adebayo et al., *Local Explanation Methods
    for Deep Neural Networks Lack Sensitivity to Parameter Values*, 2018, arXiv:1810.03307.

    Attributes:
        samples: noisy copies an image and draw.
        sigma: standard deviation of the noise, relative to the image's range (its largest less its smallest value).
        statistic: "mean" (signed), "square" (the mean of squared gradients: SmoothGrad-Squared) or "variance"
            (VarGrad, unbiased); the last two are not negative and in squared units.
    """

    samples: int = 16
    sigma: float = 0.15
    statistic: Literal["mean", "square", "variance"] = "mean"

    def __post_init__(self) -> None:
        """Refuse impossible values."""
        least = 2 if self.statistic == "variance" else 1
        if self.samples < least:
            raise ValueError(f"samples={self.samples} is not possible; give {least} or more")
        if self.sigma <= 0:
            raise ValueError(f"sigma={self.sigma} is not possible; give a positive share of the image's range")

    @property
    def sign(self) -> Sign:
        """The sign of the maps: gradients have both, squares and variances are not negative."""
        return "signed" if self.statistic == "mean" else "nonnegative"

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        """Return the statistic of the gradients of this draw's copies."""
        mean = torch.zeros_like(batch.x)
        deviations = torch.zeros_like(batch.x)  # Welford's: sums of squares would cancel
        squares = torch.zeros_like(batch.x)
        for count, block in enumerate(net.gradients(self._copies(batch)), start=1):
            gradient = block[:, 0]
            before = gradient - mean
            mean += before / count
            deviations += before * (gradient - mean)
            squares += gradient.square()
        if self.statistic == "mean":
            return Maps(values=mean)
        return Maps(values=squares / self.samples if self.statistic == "square" else deviations / (self.samples - 1))

    def _copies(self, batch: Batch) -> Iterator[Float[Tensor, "B 1 C H W"]]:
        generators = batch.noise.generators()
        spread = self.sigma * (batch.x.amax((1, 2, 3)) - batch.x.amin((1, 2, 3)))
        for _ in range(self.samples):
            noise = [torch.randn(batch.x.shape[1:], generator=generator) for generator in generators]
            scaled = torch.stack(noise).to(batch.x) * spread[:, None, None, None]
            yield (batch.x + scaled)[:, None]
