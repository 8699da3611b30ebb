"""DeepSHAP."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from saliencynoise.interfaces import Batch, Maps, Scorer, completeness_error
from saliencynoise.methods.background import background_scores
from saliencynoise.methods.deeplift import contributions


@dataclass(frozen=True)
class DeepShap:
    """Mean of DeepLIFT over images of the background as references: `[B, C, H, W]`, signed, in logits.

    Sums to the score of the image less the mean score of the references; by how much it does not is the diagnostic
    "completeness_error".

    Source: Lundberg and Lee, *A Unified Approach to Interpreting Model Predictions*, NeurIPS 2017, arXiv:1705.07874.

    Attributes:
        references: how many: the first ones of the background, or all of them if it has fewer.
    """

    references: int = 16

    def __post_init__(self) -> None:
        """Refuse an empty background."""
        if self.references < 1:
            raise ValueError(f"references={self.references} is not possible; it is a number of images, at least 1")

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        """Return the mean contributions of the pixels."""
        batch = replace(batch, background=batch.background[: self.references])
        values = torch.zeros_like(batch.x)
        for reference in batch.background:
            values += contributions(net, batch.x, reference.expand_as(batch.x)) / len(batch.background)
        difference = net.scores([batch.x[:, None]])[:, 0] - background_scores(net, batch).mean(1)
        error = completeness_error(values.sum((1, 2, 3)), difference)
        return Maps(values=values, diagnostics={"completeness_error": error})
