"""Expected gradients: SHAP values by sampling, for the target's logit only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import Batch, Maps, Scorer, completeness_error
from saliencynoise.methods.background import background_scores

if TYPE_CHECKING:
    from jaxtyping import Float, Int
    from torch import Tensor


@dataclass(frozen=True)
class ExpectedGradients:
    """Mean over background images r and places a on the path of (x - r) times the gradient at r + a (x - r).

    `[B, C, H, W]`, signed, in logits: SHAP values under independent features and a locally linear network, as shap's
    GradientExplainer computes them. Sampled without replacement where the background suffices, and a stratified:
    one place in each of `samples` equal parts of the path, in random order.

    "completeness_error" compares the map's sum with the logit of x less the mean logit of the drawn background images;
    it shrinks with the number of samples and is not zero.

    Source: Erion et al., *Improving performance of deep learning models with axiomatic attribution priors and expected
    gradients*, 2021, doi:10.1038/s42256-021-00343-w; Lundberg and Lee, 2017, arXiv:1705.07874.

    Attributes:
        samples: pairs of a background image and a place, an image and draw.
    """

    samples: int = 16

    def __post_init__(self) -> None:
        """Refuse impossible numbers of samples."""
        if self.samples < 1:
            raise ValueError(f"samples={self.samples} is not possible; give 1 or more")

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        """Return the maps of this draw and their completeness error."""
        drawn = [_draw(generator, len(batch.background), self.samples) for generator in batch.noise.generators()]
        indices = torch.stack([index for index, _ in drawn]).to(batch.x.device)
        places = torch.stack([place for _, place in drawn]).to(batch.x)
        values = expected_gradients(net, batch, indices=indices, places=places)
        references = background_scores(net, batch).gather(1, indices).mean(1)
        change = net.scores([batch.x[:, None]])[:, 0] - references
        error = completeness_error(values.sum((1, 2, 3)), change)
        return Maps(values=values, diagnostics={"completeness_error": error})


def expected_gradients(
    net: Scorer, batch: Batch, *, indices: Int[Tensor, "B S"], places: Float[Tensor, "B S"]
) -> Float[Tensor, "B C H W"]:
    """Return the mean over samples of (x - r) times the gradient at r + place (x - r), r = background[index]."""
    total = torch.zeros_like(batch.x)
    path = (
        (reference + place[:, None, None, None] * (batch.x - reference))[:, None]
        for reference, place in zip((batch.background[index] for index in indices.T), places.T, strict=True)
    )
    for index, gradient in zip(indices.T, net.gradients(path), strict=True):
        total += gradient[:, 0] * (batch.x - batch.background[index])
    return total / places.shape[1]


def _draw(generator: torch.Generator, count: int, samples: int) -> tuple[Tensor, Tensor]:
    """Return indices below `count` and places in [0, 1): each as evenly spread as can be, in random order."""
    rounds = -(-samples // count)
    indices = torch.cat([torch.randperm(count, generator=generator) for _ in range(rounds)])[:samples]
    jitter = torch.rand(samples, generator=generator, dtype=torch.float64)
    places = (torch.randperm(samples, generator=generator) + jitter) / samples
    return indices, places
