"""Captum's methods by gradients of the image: maps `[B, C, H, W]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from torch import nn

from saliencynoise.interfaces import Batch, Network, UsageError, completeness_error
from saliencynoise_captum.adapter import CaptumMethod, point_of, reference, scores
from saliencynoise_captum.fields import at_least

if TYPE_CHECKING:
    from torch import Tensor

Quadrature = Literal["gausslegendre", "riemann_left", "riemann_middle", "riemann_right", "riemann_trapezoid"]


@dataclass(frozen=True)
class Saliency(CaptumMethod):
    """The input gradient, with its sign (captum's default takes the absolute value, a view here).

    Source: Simonyan, Vedaldi and Zisserman, *Deep Inside Convolutional Networks*, 2014, arXiv:1312.6034.
    """

    explainer = "Saliency"
    together = True

    def arguments(self, network: Network, part: Batch) -> dict[str, Any]:
        """Return the arguments, with captum's switch of the sign."""
        return {**super().arguments(network, part), "abs": False}


@dataclass(frozen=True)
class InputXGradient(CaptumMethod):
    """The input gradient times the image.

    Source: Shrikumar et al., *Not Just a Black Box*, 2016, arXiv:1605.01713.
    """

    explainer = "InputXGradient"
    together = True


@dataclass(frozen=True)
class IntegratedGradients(CaptumMethod):
    """The mean gradient between a baseline and the image, times their difference.

    Source: Sundararajan, Taly and Yan, *Axiomatic Attribution for Deep Networks*, ICML 2017, arXiv:1703.01365.

    Attributes:
        baselines: a colour (0 is the mean one of the training images), or "mean": the mean of the background.
        n_steps: points on the path.
        method: the rule of integration.
        internal_batch_size: rows of one pass (captum's default is all of them); the map does not depend on it.
    """

    explainer = "IntegratedGradients"

    baselines: float | Literal["mean"] = 0.0
    n_steps: int = 50
    method: Quadrature = "gausslegendre"
    internal_batch_size: int = 32

    def diagnostics(self, network: Network, part: Batch, attributions: Tensor) -> dict[str, Tensor]:
        """Return the completeness error."""
        base = reference(self.baselines, part)
        difference = scores(network, part.x, part.target) - scores(network, base, part.target)
        return {"completeness_error": completeness_error(attributions.flatten(1).sum(1), difference)}


@dataclass(frozen=True)
class GradientShap(CaptumMethod):
    """Gradients at random places between noisy copies of the image and images of the background.

    Source: Erion et al., *Improving performance of deep learning models with axiomatic attribution priors and expected
    gradients*, Nature Machine Intelligence 2021, arXiv:1906.10670.

    Attributes:
        n_samples: draws of an image, of the background and of a place between.
        stdevs: standard deviation of the noise, in units of the normalised image.
    """

    explainer = "GradientShap"

    n_samples: int = 5
    stdevs: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("stdevs", self.stdevs, 0)

    def arguments(self, network: Network, part: Batch) -> dict[str, Any]:
        """Return the arguments, with the background as baselines."""
        return {**super().arguments(network, part), "baselines": part.background}


@dataclass(frozen=True)
class ReluMethod(CaptumMethod):
    """Base of the methods that captum implements by changes to `nn.ReLU` modules only."""

    together = True

    def check(self, network: Network) -> None:
        """Refuse a network with activations none of which captum sees.

        Raises:
            UsageError: naming them.
        """
        modules = list(network.module.modules())
        activations = {type(module).__name__ for module in modules if "activation" in type(module).__module__}
        if activations and not any(isinstance(module, nn.ReLU) for module in modules):
            raise UsageError(
                f"captum's {self.explainer} changes nn.ReLU modules only and this network has none (but "
                f"{', '.join(sorted(activations))}): the result would be the plain gradient; use captum/saliency"
            )


@dataclass(frozen=True)
class GuidedBackprop(ReluMethod):
    """The input gradient, where ReLUs pass back positive derivatives only.

    Source: Springenberg et al., *Striving for Simplicity*, 2015, arXiv:1412.6806.
    """

    explainer = "GuidedBackprop"


@dataclass(frozen=True)
class Deconvolution(ReluMethod):
    """The input gradient, where ReLUs are applied to the derivatives in place of their own.

    Source: Zeiler and Fergus, *Visualizing and Understanding Convolutional Networks*, ECCV 2014, arXiv:1311.2901.
    """

    explainer = "Deconvolution"


@dataclass(frozen=True)
class GuidedGradCam(ReluMethod):
    """Guided backpropagation times the rectified GradCAM of a layer, scaled up to the image.

    Source: Selvaraju et al., *Grad-CAM*, ICCV 2017, doi:10.1109/ICCV.2017.74.

    Attributes:
        layer: the CAM point, "top" or "intermediate".
        interpolate_mode: how the CAM is scaled up.
    """

    explainer = "GuidedGradCam"
    adapted: ClassVar[frozenset[str]] = frozenset({"layer"})

    layer: Literal["top", "intermediate"] = "top"
    interpolate_mode: Literal["nearest", "bilinear", "bicubic", "area"] = "nearest"

    def check(self, network: Network) -> None:
        """Also refuse a layer whose channels do not come first.

        Raises:
            UsageError: naming it.
        """
        super().check(network)
        point = point_of(network, self.layer)
        if point.layout != "NCHW":
            raise UsageError(
                f"captum's GuidedGradCam takes the mean over the last axes of the layer '{point.module}', whose layout "
                f"is {point.layout}; use the built-in guided_gradcam"
            )

    def construction(self, network: Network, part: Batch) -> dict[str, Any]:  # noqa: ARG002 - the base's
        """Return the layer."""
        return {"layer": network.module.get_submodule(point_of(network, self.layer).module)}
