"""GradCAM++."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import Batch, Maps, Point, Tap
from saliencynoise.methods.layer import LayerMethod

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jaxtyping import Float
    from torch import Tensor


@dataclass(frozen=True)
class GradCamPlusPlus(LayerMethod):
    """Sum of a layer's channels, weighted by their positive gradients g and these by alpha: `[B, 1, h, w]`.

    alpha = g^2 / (2 g^2 + g^3 sum(A)), with the channel's features A summed over the grid: the closed form for
    exp(logit) as the score, whose factor exp(logit), the same for all places of an image, is left out as in the
    common implementations. Signed as the features are: the last rectification is the view "relu". Meant for
    rectified features; where a channel's sum is negative, alpha has a pole, near which it is large.

    Source: Chattopadhyay et al., *Grad-CAM++*, WACV 2018, doi:10.1109/WACV.2018.00097.
    """

    def from_pass(self, taps: Mapping[Point, Tap], batch: Batch) -> Maps:  # noqa: ARG002 - the protocol's
        """Return the weighted sum of the layer's channels."""
        tap = taps[self.layer]
        weights = (alpha(tap) * tap.grad.relu()).sum(dim=(2, 3), keepdim=True)
        return Maps(values=(weights * tap.value).sum(dim=1, keepdim=True))


def alpha(tap: Tap) -> Float[Tensor, "B c h w"]:
    """Return the weight of each place's gradient; zero where that is zero, or on the pole."""
    # reduced by g^2: in float32 the cube of a gradient of 1e-13 is already zero
    denominator = 2 + tap.grad * tap.value.sum(dim=(2, 3), keepdim=True)
    return torch.where((tap.grad != 0) & (denominator != 0), 1 / denominator, 0)
