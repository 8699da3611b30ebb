"""Guided GradCAM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch.nn import functional as F

from saliencynoise.interfaces import Batch, Maps, Scorer, Tap
from saliencynoise.methods.gradcam import GradCam
from saliencynoise.methods.guided_backprop import GuidedBackprop
from saliencynoise.methods.layer import Layer


@dataclass(frozen=True)
class GuidedGradCam:
    """Guided backpropagation times the rectified GradCAM of a layer, upsampled: `[B, C, H, W]`, signed.

    Here the rectification belongs to the formula: places that speak against the target are zero.

    Source: Selvaraju et al., *Grad-CAM*, ICCV 2017, doi:10.1109/ICCV.2017.74.

    Attributes:
        layer: the CAM point, "top" or "intermediate".
        upsampling: "nearest" as in captum, or "bilinear" as in the paper.
    """

    layer: Layer = "top"
    upsampling: Literal["nearest", "bilinear"] = "nearest"

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        """Return the product, from one guided pass and one plain pass."""
        guided = GuidedBackprop().attribute(net, batch).values
        tap = net.taps(batch.x[:, None], self.layer)[self.layer]
        tap = Tap(tap.value[:, 0], tap.grad[:, 0])
        cam = GradCam(layer=self.layer).from_pass({self.layer: tap}, batch).values
        return Maps(values=guided * F.interpolate(cam.relu(), size=guided.shape[2:], mode=self.upsampling))
