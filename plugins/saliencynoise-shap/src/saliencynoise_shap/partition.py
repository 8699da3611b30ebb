"""shap's PartitionExplainer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch

from saliencynoise.interfaces import Batch, Maps, Network, completeness_error
from saliencynoise_shap.fields import check_colour, check_count
from saliencynoise_shap.network import OneClass, copies, logits, quiet, uniform

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class PartitionExplainer:
    """Owen values of rectangles, divided where the logit changes most: maps `[B, C, H, W]`.

    Values sum up to the difference of the logits; within a rectangle that is not divided any more they are equal.
    Ties in the order of division are broken by a fixed seed, so the map depends on no draw. shap's image masks "blur"
    and "inpaint" are not offered: they need OpenCV.

    Source: Lundberg and Lee, *A Unified Approach to Interpreting Model Predictions*, NeurIPS 2017, arXiv:1705.07874.

    Attributes:
        max_evals: passes of an image.
        mask_value: replacement of hidden parts: a colour (0 is the mean one of the training images), or "mean":
            the mean of the background.
        batch_size: rows of one pass (shap divides rectangles a batch at a time: the map depends on it).
    """

    max_evals: int = 500
    mask_value: float | Literal["mean"] = 0.0
    batch_size: int = 10

    def __post_init__(self) -> None:
        check_count("max_evals", self.max_evals, least=4)
        check_count("batch_size", self.batch_size)
        check_colour("mask_value", self.mask_value)

    def attribute_module(self, network: Network, batch: Batch) -> Maps:
        """Return shap's values of each image's target, and their completeness error."""
        hidden = uniform(self.mask_value, batch)
        rows = list(zip(copies(network, batch), torch.split(batch.x, 1), strict=True))
        values = torch.cat([self._image(single_class, x, hidden) for single_class, x in rows])
        with quiet(0, batch.x.dtype):  # in case the network draws random numbers
            difference = torch.cat([logits(single_class, x) - logits(single_class, hidden) for single_class, x in rows])
        return Maps(
            values=values,
            diagnostics={"completeness_error": completeness_error(values.flatten(1).sum(1), difference)},
        )

    def _image(self, single_class: OneClass, x: Tensor, hidden: Tensor) -> Tensor:
        import shap  # noqa: PLC0415 - takes seconds

        def score(pictures: Any) -> Any:
            return logits(single_class, torch.from_numpy(pictures).to(x).permute(0, 3, 1, 2)).cpu().numpy()

        picture, mask = (image.permute(0, 2, 3, 1).contiguous().cpu().numpy() for image in (x, hidden))
        with quiet(0, x.dtype):
            explainer = shap.PartitionExplainer(score, shap.maskers.Image(mask[0]))
            explanation = explainer(picture, max_evals=self.max_evals, batch_size=self.batch_size, silent=True)
        return torch.from_numpy(explanation.values).to(x).permute(0, 3, 1, 2)
