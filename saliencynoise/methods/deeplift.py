"""DeepLIFT."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import INPUT, Batch, Maps, Scorer, completeness_error
from saliencynoise.methods.baselines import BaselineName, baseline_of
from saliencynoise.methods.rescale import Rescale

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


@dataclass(frozen=True)
class DeepLift:
    """Multiplier times (image - baseline), by the rescale rule: `[B, C, H, W]`, signed, in logits.

    Sums to the difference of the scores of image and baseline, on every architecture; by how much it does not is the
    diagnostic "completeness_error".

    Source: Shrikumar, Greenside and Kundaje, *Learning Important Features Through Propagating Activation Differences*,
    ICML 2017, arXiv:1704.02685.

    Attributes:
        baseline: the reference image: "zero", itself under a "blur", the "mean" of its own channels, or the
            mean image of the "dataset". A baseline that is the same everywhere may give a layer norm nothing to
            normalise, as zero does without biases; its multipliers are then large and cancel.
    """

    baseline: BaselineName = "zero"

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        """Return the contributions of the pixels."""
        baseline = baseline_of(self.baseline, batch)
        values = contributions(net, batch.x, baseline)
        scores = net.scores([torch.stack([batch.x, baseline], 1)])
        error = completeness_error(values.sum((1, 2, 3)), scores[:, 0] - scores[:, 1])
        return Maps(values=values, diagnostics={"completeness_error": error})


def contributions(
    net: Scorer, x: Float[Tensor, "B C H W"], reference: Float[Tensor, "B C H W"]
) -> Float[Tensor, "B C H W"]:
    """Return the contribution of each pixel to the difference of the scores of `x` and `reference`."""
    taps = net.taps(torch.stack([x, reference], 1), INPUT, mode=Rescale)
    return taps[INPUT].grad[:, 0] * (x - reference)
