"""Captum's methods at a layer: maps `[B, 1, h, w]`, the sum over the layer's channels, as fine as the layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch

from saliencynoise.interfaces import Batch, CamPoint, Network, UsageError, completeness_error
from saliencynoise_captum.adapter import CaptumMethod, point_of, reference, scores
from saliencynoise_captum.deeplift import ManyReferences, OneReference
from saliencynoise_captum.gradients import GradientShap, Quadrature

if TYPE_CHECKING:
    from torch import Tensor

Layer = Literal["top", "intermediate"]

CANCELLED = 1e-4
"""Share of the sum of a position's absolute values below which channels cancel; layer norm leaves 1e-6 or less."""


@dataclass(frozen=True)
class LayerMethod(CaptumMethod):
    """A method at a layer.

    Attributes:
        layer: the CAM point, "top" or "intermediate".
    """

    adapted: ClassVar[frozenset[str]] = frozenset({"layer"})

    layer: Layer = "top"

    def construction(self, network: Network, part: Batch) -> dict[str, Any]:  # noqa: ARG002 - the base's
        """Return the layer."""
        return {"layer": network.module.get_submodule(point_of(network, self.layer).module)}

    def shaped(self, network: Network, attributions: Tensor) -> Tensor:
        """Return the sum over the channels of the layer's grid; class and register tokens are left out.

        Raises:
            UsageError: if the channels cancel, so that the sum is only rounding.
        """
        point = point_of(network, self.layer)
        grid = point.to_grid(attributions)
        values = grid.sum(1, keepdim=True)
        largest = grid.abs().sum(1).amax(dim=(1, 2))
        if (values.abs().amax(dim=(1, 2, 3)) < CANCELLED * largest).any():
            raise UsageError(
                f"captum's {self.explainer} says nothing at the layer '{point.module}': its channels cancel, as they "
                "do where layer norm follows; use captum/layer_integrated_gradients or the built-in gradcam"
            )
        return values

    def blank(self, network: Network, part: Batch) -> Tensor:
        """Return zeros, as the layer is laid out."""
        return torch.cat([torch.zeros_like(numbered(point_of(network, self.layer))).to(part.x)] * len(part.x))


@dataclass(frozen=True)
class LayerGradCam(LayerMethod):
    """Sum of the layer's channels, each weighted by its mean gradient; with its sign.

    Source: Selvaraju et al., *Grad-CAM*, ICCV 2017, doi:10.1109/ICCV.2017.74.
    """

    explainer = "LayerGradCam"
    together = True

    def check(self, network: Network) -> None:
        """Refuse a layer whose channels do not come first.

        Raises:
            UsageError: naming it.
        """
        point = point_of(network, self.layer)
        if point.layout != "NCHW":
            raise UsageError(
                f"captum's LayerGradCam takes the mean over the last axes of the layer '{point.module}', whose layout "
                f"is {point.layout}; use the built-in gradcam"
            )


@dataclass(frozen=True)
class LayerGradientXActivation(LayerMethod):
    """The layer's values times their gradients.

    Source: Ancona et al., *Towards better understanding of gradient-based attribution methods*, ICLR 2018,
    arXiv:1711.06104.
    """

    explainer = "LayerGradientXActivation"
    together = True


@dataclass(frozen=True)
class InternalInfluence(LayerMethod):
    """The layer's mean gradient while the image changes from the baseline to itself.

    Source: Leino et al., *Influence-Directed Explanations for Deep Convolutional Networks*, ITC 2018, arXiv:1802.03788.

    Attributes:
        baselines: a colour (0 is the mean one of the training images), or "mean": the mean of the background.
        n_steps: points on the path.
        method: the rule of integration.
        internal_batch_size: rows of one pass (captum's default is all of them); the map does not depend on it.
    """

    explainer = "InternalInfluence"

    baselines: float | Literal["mean"] = 0.0
    n_steps: int = 50
    method: Quadrature = "gausslegendre"
    internal_batch_size: int = 32


@dataclass(frozen=True)
class IntegralMethod(InternalInfluence):
    """A method by integration, whose values at a layer sum up to the difference of the logits."""

    def diagnostics(self, network: Network, part: Batch, attributions: Tensor) -> dict[str, Tensor]:
        """Return the completeness error, class and register tokens included."""
        base = reference(self.baselines, part)
        difference = scores(network, part.x, part.target) - scores(network, base, part.target)
        return {"completeness_error": completeness_error(attributions.flatten(1).sum(1), difference)}


@dataclass(frozen=True)
class LayerConductance(IntegralMethod):
    """The part of the image's integrated gradients that flows through the layer's values.

    Source: Dhamdhere, Sundararajan and Yan, *How Important Is a Neuron?*, ICLR 2019, arXiv:1805.12233.
    """

    explainer = "LayerConductance"


@dataclass(frozen=True)
class LayerIntegratedGradients(IntegralMethod):
    """Integrated gradients of the layer's values, on a straight path from the baseline's values.

    Source: Sundararajan, Taly and Yan, *Axiomatic Attribution for Deep Networks*, ICML 2017, arXiv:1703.01365.
    """

    explainer = "LayerIntegratedGradients"


@dataclass(frozen=True)
class LayerGradientShap(GradientShap, LayerMethod):
    """Gradients of the layer at random places between noisy copies of the image and images of the background.

    Source: Erion et al., *Improving performance of deep learning models with axiomatic attribution priors and expected
    gradients*, Nature Machine Intelligence 2021, arXiv:1906.10670.
    """

    explainer = "LayerGradientShap"


@dataclass(frozen=True)
class LayerDeepLift(OneReference, LayerMethod):
    """Differences to a baseline, passed back to the layer by the rescale rule.

    Source: Shrikumar, Greenside and Kundaje, *Learning Important Features Through Propagating Activation Differences*,
    ICML 2017, arXiv:1704.02685.
    """

    explainer = "LayerDeepLift"
    name = "layer_deep_lift"
    adapted: ClassVar[frozenset[str]] = frozenset({"insist", "layer"})


@dataclass(frozen=True)
class LayerDeepLiftShap(ManyReferences, LayerMethod):
    """The mean of a layer's DeepLIFT over the images of the background.

    Source: Lundberg and Lee, *A Unified Approach to Interpreting Model Predictions*, NeurIPS 2017, arXiv:1705.07874.
    """

    explainer = "LayerDeepLiftShap"
    name = "layer_deep_lift_shap"
    adapted: ClassVar[frozenset[str]] = frozenset({"insist", "layer"})


@dataclass(frozen=True)
class LayerFeatureAblation(LayerMethod):
    """The loss of the logit when a position of the layer, all channels, is replaced by a number.

    Source: Zeiler and Fergus, *Visualizing and Understanding Convolutional Networks*, ECCV 2014, arXiv:1311.2901.

    Attributes:
        layer_baselines: the number.
        perturbations_per_eval: rows of one pass (captum's default is 1); the map does not depend on it.
    """

    explainer = "LayerFeatureAblation"

    layer_baselines: float = 0.0
    perturbations_per_eval: int = 16

    def arguments(self, network: Network, part: Batch) -> dict[str, Any]:
        """Return the arguments, with the places as captum's mask."""
        mask = numbered(point_of(network, self.layer)).to(part.x.device)
        return {**super().arguments(network, part), "layer_mask": mask}

    def shaped(self, network: Network, attributions: Tensor) -> Tensor:
        """Return one channel: captum gives the value of a place in each channel."""
        return point_of(network, self.layer).to_grid(attributions)[:, :1]


def numbered(point: CamPoint) -> Tensor:
    """Return the places of a layer numbered, as it is laid out, with one channel."""
    height, width = point.grid
    if point.layout == "tokens":
        return torch.arange(point.prefix_tokens + height * width).reshape(1, -1, 1)
    shape = (1, 1, height, width) if point.layout == "NCHW" else (1, height, width, 1)
    return torch.arange(height * width).reshape(shape)
