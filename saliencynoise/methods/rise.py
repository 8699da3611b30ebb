"""RISE."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

from saliencynoise.interfaces import Batch, Maps, Scorer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Float
    from torch import Tensor


@dataclass(frozen=True)
class Rise:
    """Association of the target's logit with a visible pixel, over random masks: `[B, 1, H, W]`, signed.

    A mask M is a random binary grid, upsampled bilinearly by one cell more than the image and cut out at a random
    place; N masked images x M are scored. The map is sum((score - mean score) M) / ((N - 1) p), the covariance of
    score and visibility over p. The paper's plain estimator sum(score M) / (N p) does not subtract the mean: in
    expectation it is higher by the mean score at every pixel. That changes no order of pixels, but is not zero for a
    network that ignores the image, and adds the noise of the mean mask.

    Source: Petsiuk, Das and Saenko, *RISE*, BMVC 2018, arXiv:1806.07421.

    Attributes:
        samples: number N of masks of an image (4,000 to 8,000 in the paper).
        cells: rows and columns of the grid; at most the number of pixels of the image's longer side.
        probability: p, with which a cell is visible.
    """

    samples: int = 1000
    cells: int = 7
    probability: float = 0.5

    def __post_init__(self) -> None:
        """Refuse parameters that give no estimate."""
        if self.samples < 2:
            raise ValueError(f"samples={self.samples} is not possible; it must be 2 or more")
        if self.cells < 1:
            raise ValueError(f"cells={self.cells} is not possible; it must be 1 or more")
        if not 0 < self.probability < 1:
            raise ValueError(f"probability={self.probability} is not possible; it must be between 0 and 1")

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        """Return the covariance of score and visibility; a forward pass for each mask."""
        scores = net.scores((batch.x * mask)[:, None] for mask in self.masks(batch))
        scores = scores - scores[:, :1]  # else the mean of equal scores might differ from them
        weights = (scores - scores.mean(dim=1, keepdim=True)) / ((self.samples - 1) * self.probability)
        values = batch.x.new_zeros(len(batch.x), 1, *batch.x.shape[2:])
        for weight, mask in zip(weights.T, self.masks(batch), strict=True):
            values += weight[:, None, None, None] * mask
        return Maps(values=values)

    def masks(self, batch: Batch) -> Iterator[Float[Tensor, "B 1 H W"]]:
        """Yield the masks, one for each image at a time: the same whenever they are asked for, so none is kept."""
        height, width = batch.x.shape[2:]
        cells = min(self.cells, max(height, width))
        cell = math.ceil(height / cells), math.ceil(width / cells)
        draws = [self._draw(generator, cells, *cell) for generator in batch.noise.generators()]
        size = [(cells + 1) * side for side in cell]
        for sample in range(self.samples):
            grids = torch.stack([grid[sample] for grid, _, _ in draws])[:, None].to(batch.x)
            smooth = F.interpolate(grids, size=size, mode="bilinear", align_corners=False)
            corners = [(int(tops[sample]), int(lefts[sample])) for _, tops, lefts in draws]
            yield torch.stack(
                [
                    mask[:, top : top + height, left : left + width]
                    for mask, (top, left) in zip(smooth, corners, strict=True)
                ]
            )

    def _draw(self, generator: torch.Generator, cells: int, height: int, width: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return an image's grids and the corners at which their masks are cut out, within a cell."""
        shape = (self.samples, cells, cells)
        grids = torch.rand(shape, generator=generator, dtype=torch.float32) < self.probability
        tops, lefts = (torch.randint(side, (self.samples,), generator=generator) for side in (height, width))
        return grids, tops, lefts
