"""Ablation-CAM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import Batch, Maps, Scorer
from saliencynoise.methods.layer import Layer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.interfaces.specs import Sign


@dataclass(frozen=True)
class AblationCam:
    """Sum of a layer's channels, each weighted by how far the logit falls without it: `[B, 1, h, w]`.

    The weight of channel k is y - y_k, where y_k is the logit with the channel set to zero. Signed: positive where the
    features raise the target's logit; the rectified map of the paper is the view "relu".

    Source: Desai and Ramaswamy, *Ablation-CAM*, WACV 2020, doi:10.1109/WACV45572.2020.9093360.

    Attributes:
        layer: the CAM point, "top" or "intermediate".
        relative: divide the weights by y, as in the paper. That turns the map's sign where the logit is negative, and
            is unstable where it is near zero (where it is zero, so is the map).
    """

    layer: Layer = "top"
    relative: bool = False

    @property
    def sign(self) -> Sign:
        """Divided by the logit, the weights no longer turn with it."""
        return "leaning" if self.relative else "signed"

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        """Return the weighted sum of the layer's channels; a forward pass for each of them, and one."""
        features = net.taps(batch.x[:, None], self.layer)[self.layer].value[:, 0]
        scores = net.scores(_ablated(features), point=self.layer)
        whole, without = scores[:, :1], scores[:, 1:]
        weights = whole - without
        if self.relative:
            weights = torch.where(whole == 0, 0, weights / whole)
        return Maps(values=(weights[:, :, None, None] * features).sum(dim=1, keepdim=True))


def _ablated(features: Float[Tensor, "B c h w"]) -> Iterator[Float[Tensor, "B 1 c h w"]]:
    """Yield the features, then those without each channel."""
    yield features[:, None]
    for channel in range(features.shape[1]):
        without = features.clone()
        without[:, channel] = 0
        yield without[:, None]
