"""Score-CAM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

from saliencynoise.interfaces import Batch, Maps, Scorer
from saliencynoise.methods.layer import Layer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Float
    from torch import Tensor


@dataclass(frozen=True)
class ScoreCam:
    """Sum of a layer's channels, weighted by the logit of the image seen through each: `[B, 1, h, w]`.

    As in the paper's algorithm: a channel's mask is the channel, upsampled bilinearly and then stretched to [0, 1]
    (a constant channel shows nothing); the weights are the softmax over channels of how much each masked image raises
    the logit over that of a black one, `x = 0`. The softmax is the same without that subtraction, which is left out.
    So weights are positive and sum to one, also for a network that ignores the image. Another score than the logit
    takes its place as it is; probabilities, which differ by less than 1, give nearly equal weights. Signed as the
    features are: the last rectification is the view "relu".

    Source: Wang et al., *Score-CAM*, CVPR Workshops 2020, arXiv:1910.01279.

    Attributes:
        layer: the CAM point, "top" or "intermediate".
    """

    layer: Layer = "top"

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        """Return the weighted sum of the layer's channels; a forward pass for each of them."""
        features = net.taps(batch.x[:, None], self.layer)[self.layer].value[:, 0]
        weights = net.scores(_masked(batch.x, features)).softmax(dim=1)
        return Maps(values=(weights[:, :, None, None] * features).sum(dim=1, keepdim=True))


def unit_range(channel: Float[Tensor, "B 1 H W"]) -> Float[Tensor, "B 1 H W"]:
    """Stretch each image's channel to [0, 1]; zero where it is constant up to rounding."""
    low, high = channel.amin((2, 3), keepdim=True), channel.amax((2, 3), keepdim=True)
    rounding = 16 * torch.finfo(channel.dtype).eps * torch.maximum(low.abs(), high.abs())
    return torch.where(high - low > rounding, (channel - low) / (high - low), 0)


def _masked(x: Float[Tensor, "B C H W"], features: Float[Tensor, "B c h w"]) -> Iterator[Float[Tensor, "B 1 C H W"]]:
    for k in range(features.shape[1]):
        mask = unit_range(F.interpolate(features[:, k : k + 1], size=x.shape[2:], mode="bilinear", align_corners=False))
        yield (x * mask)[:, None]
