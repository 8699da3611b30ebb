"""GradCAM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.interfaces import Batch, Maps, Point, Tap
from saliencynoise.methods.layer import LayerMethod

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class GradCam(LayerMethod):
    """Sum of a layer's channels, each weighted by its mean gradient: `[B, 1, h, w]`, as fine as the layer.

    Signed: positive where the features raise the target's logit. The rectified map of the paper is the view
    "relu".

    Source: Selvaraju et al., *Grad-CAM*, ICCV 2017, doi:10.1109/ICCV.2017.74.
    """

    def from_pass(self, taps: Mapping[Point, Tap], batch: Batch) -> Maps:  # noqa: ARG002 - the protocol's
        """Return the weighted sum of the layer's channels."""
        tap = taps[self.layer]
        weights = tap.grad.mean(dim=(2, 3), keepdim=True)
        return Maps(values=(weights * tap.value).sum(dim=1, keepdim=True))
