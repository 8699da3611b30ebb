"""shap's DeepExplainer, whose maps must sum up to the difference of the logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import Batch, Maps, Network, UsageError, completeness_error, one_line, refuse_incomplete
from saliencynoise_shap.network import OneClass, copies, logits, quiet

if TYPE_CHECKING:
    from torch import Tensor

CHUNK = 16
"""Images of the background that go through one pass; the map is the mean over all of them."""


@dataclass(frozen=True)
class DeepExplainer:
    """The mean of DeepLIFT over the images of the background: maps `[B, C, H, W]`.

    shap's is wrong without an error where a network has activations or functions that it does not know, or
    overlapping max-pools; and it stops at activations in place and at `x += shortcut`.

    Source: Lundberg and Lee, *A Unified Approach to Interpreting Model Predictions*, NeurIPS 2017, arXiv:1705.07874.

    Attributes:
        insist: report maps that do not sum up; else they are an error beyond 1e-3.
    """

    insist: bool = False

    def attribute_module(self, network: Network, batch: Batch) -> Maps:
        """Return shap's values of each image's target, and their completeness error.

        Raises:
            UsageError: if shap cannot work on this network; or if the error is too large, without insisting.
        """
        ones = copies(network, batch)
        rows = list(zip(ones, torch.split(batch.x, 1), batch.noise.seeds, strict=True))
        with quiet(batch.noise.seeds[0], batch.x.dtype):  # in case the network draws random numbers
            score = torch.cat([logits(single_class, x) for single_class, x, _ in rows])
            difference = score - torch.stack([logits(single_class, batch.background).mean() for single_class in ones])
        values = torch.cat([_image(single_class, x, seed, batch.background) for single_class, x, seed in rows])
        error = completeness_error(values.flatten(1).sum(1), difference)
        if not self.insist:
            use = "use the built-in deep_shap, or insist: shap/deep_explainer(insist=true)"
            refuse_incomplete(error, difference, score, explainer="shap's DeepExplainer", use=use)
        return Maps(values=values, diagnostics={"completeness_error": error})


def _image(single_class: OneClass, x: Tensor, seed: int, background: Tensor) -> Tensor:
    """Return the mean over parts of the background, since shap passes all of it at once."""
    total = torch.zeros_like(x)
    try:
        with quiet(seed, x.dtype):
            for part in torch.split(background, CHUNK):
                total += _part(single_class, x, part) * len(part)
    except (AssertionError, AttributeError, RuntimeError, TypeError) as error:
        if isinstance(error, RuntimeError) and not _known(error):
            raise
        reason = one_line(error).partition(". ")[0]
        raise UsageError(
            f"shap's DeepExplainer cannot work on this network ({reason}): it stops at operations in place, "
            "as of activations and of shortcuts (x += shortcut); use the built-in deep_shap"
        ) from error
    return total / len(background)


def _part(single_class: OneClass, x: Tensor, part: Tensor) -> Tensor:
    import shap  # noqa: PLC0415 - takes seconds

    values = shap.DeepExplainer(single_class, part).shap_values(x.clone(), check_additivity=False)
    return torch.from_numpy(values[..., 0]).to(x)


def _known(error: RuntimeError) -> bool:
    return "inplace" in str(error) or "in-place" in str(error)
