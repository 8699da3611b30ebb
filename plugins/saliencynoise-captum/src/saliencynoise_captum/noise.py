"""Captum's `NoiseTunnel` around the input gradient: maps `[B, C, H, W]`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from saliencynoise.interfaces import Batch, Network
from saliencynoise_captum.adapter import CaptumMethod
from saliencynoise_captum.fields import at_least

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class NoiseTunnel(CaptumMethod):
    """The input gradient at noisy copies of the image, with its sign.

    Attributes:
        nt_type: captum's name of the statistic of the gradients.
        nt_samples: noisy copies.
        nt_samples_batch_size: copies that go through one pass; None for all. Captum draws the noise pass by pass.
        stdevs: standard deviation of the noise, in units of the normalised image (captum's 1 is a lot: the paper
            recommends 0.1 to 0.2 of the image's range).
    """

    explainer = "NoiseTunnel"
    nt_type: ClassVar[str]

    nt_samples: int = 5
    nt_samples_batch_size: int | None = None
    stdevs: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("stdevs", self.stdevs, 0)

    def explain(self, network: Network, part: Batch) -> Tensor:
        """Call captum's tunnel around its saliency."""
        from captum.attr import NoiseTunnel, Saliency  # noqa: PLC0415 - takes a second

        tunnel = NoiseTunnel(Saliency(network.module))
        x = part.x.clone().requires_grad_()
        attributions: Tensor = tunnel.attribute(x, target=part.target, **self.arguments(network, part))
        return attributions

    def arguments(self, network: Network, part: Batch) -> dict[str, Any]:
        """Return the arguments, with the statistic and the switch of the sign."""
        return {**super().arguments(network, part), "nt_type": self.nt_type, "abs": False}


@dataclass(frozen=True)
class SmoothGrad(NoiseTunnel):
    """Mean of the gradients at noisy copies of the image.

    Source: Smilkov et al., *SmoothGrad*, 2017, arXiv:1706.03825.
    """

    nt_type = "smoothgrad"


@dataclass(frozen=True)
class SmoothGradSquare(NoiseTunnel):
    """Mean of the squared gradients at noisy copies of the image.

    Source: Hooker et al., *A Benchmark for Interpretability Methods*, NeurIPS 2019, arXiv:1806.10758.
    """

    nt_type = "smoothgrad_sq"


@dataclass(frozen=True)
class VarGrad(NoiseTunnel):
    """Variance of the gradients at noisy copies of the image.

    Source: Adebayo et al., *Local Explanation Methods for Deep Neural Networks*, 2018, arXiv:1810.03307.
    """

    nt_type = "vargrad"
