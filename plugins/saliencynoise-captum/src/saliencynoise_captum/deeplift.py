"""Captum's DeepLIFT: maps `[B, C, H, W]` that must sum up to the difference of the logits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch

from saliencynoise.interfaces import Batch, Maps, Network, completeness_error, refuse_incomplete, seeded
from saliencynoise_captum.adapter import CaptumMethod, reference, scores

if TYPE_CHECKING:
    from torch import Tensor

CHUNK = 16
"""Images of the background that go through one pass; the map is the mean over all of them."""


@dataclass(frozen=True)
class RescaleMethod(CaptumMethod):
    """Base of captum's four variants of DeepLIFT, with the check of completeness.

    Captum's is wrong without an error where a network has activations that it does not know (GELU, SiLU, layer norm,
    gates, attention), overlapping max-pools, or functions in the place of modules.

    Attributes:
        insist: report maps that do not sum up; else they are an error beyond 1e-3.
    """

    adapted: ClassVar[frozenset[str]] = frozenset({"insist"})
    advice: ClassVar[str] = "; use the built-in deeplift"
    name: ClassVar[str]

    insist: bool = False

    def attribute_module(self, network: Network, batch: Batch) -> Maps:
        """Return captum's maps, and their completeness error.

        Raises:
            UsageError: if captum cannot work on this network; or if the error is too large, without insisting.
        """
        maps = super().attribute_module(network, batch)
        with seeded(batch.noise.seeds[0]):  # in case the network draws random numbers
            score = scores(network, batch.x, batch.target)
            difference = score - expected(network, self.references(batch), batch.target)
        error = completeness_error(maps.diagnostics["total"], difference)
        if not self.insist:
            use = f"use the built-in deeplift, or insist: captum/{self.name}(insist=true)"
            refuse_incomplete(error, difference, score, explainer=f"captum's {self.explainer}", use=use)
        return replace(maps, diagnostics={"completeness_error": error})

    def diagnostics(self, network: Network, part: Batch, attributions: Tensor) -> dict[str, Tensor]:  # noqa: ARG002 - the base's
        """Return the sum of the attributions, which at a layer of tokens is more than the map's."""
        return {"total": attributions.flatten(1).sum(1)}

    def references(self, batch: Batch) -> Tensor:
        """Return the baseline images, `[R, C, H, W]`."""
        raise NotImplementedError


@dataclass(frozen=True)
class OneReference(RescaleMethod):
    """DeepLIFT from one baseline.

    Attributes:
        baselines: a colour (0 is the mean one of the training images), or "mean": the mean of the background.
    """

    together = True

    baselines: float | Literal["mean"] = 0.0

    def references(self, batch: Batch) -> Tensor:
        """Return the baseline."""
        return reference(self.baselines, batch)


@dataclass(frozen=True)
class ManyReferences(RescaleMethod):
    """The mean of DeepLIFT over the images of the background."""

    def references(self, batch: Batch) -> Tensor:
        """Return the background."""
        return batch.background

    def arguments(self, network: Network, part: Batch) -> dict[str, Any]:
        """Return the arguments, with the background as baselines."""
        return {**super().arguments(network, part), "baselines": part.background}

    def explain(self, network: Network, part: Batch) -> Tensor:
        """Call captum for some images of the background at a time, since it passes them all at once."""
        total = torch.zeros(())
        for some in torch.split(part.background, CHUNK):
            total = total.to(some) + super().explain(network, replace(part, background=some)) * len(some)
        return total / len(part.background)


@dataclass(frozen=True)
class DeepLift(OneReference):
    """Differences to a baseline, passed back by the rescale rule.

    Source: Shrikumar, Greenside and Kundaje, *Learning Important Features Through Propagating Activation Differences*,
    ICML 2017, arXiv:1704.02685.
    """

    explainer = "DeepLift"
    name = "deep_lift"


@dataclass(frozen=True)
class DeepLiftShap(ManyReferences):
    """The mean of DeepLIFT over the images of the background.

    Source: Lundberg and Lee, *A Unified Approach to Interpreting Model Predictions*, NeurIPS 2017, arXiv:1705.07874.
    """

    explainer = "DeepLiftShap"
    name = "deep_lift_shap"


def expected(network: Network, references: Tensor, target: Tensor) -> Tensor:
    """Return the mean score of the references for each target, `[B]`."""
    with torch.no_grad():
        logits = torch.cat([network.module(some.clone()) for some in torch.split(references, CHUNK)])
    return logits.mean(0)[target]
