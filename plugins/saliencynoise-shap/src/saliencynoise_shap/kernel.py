"""shap's KernelExplainer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from saliencynoise.interfaces import Batch, Maps, Network, UsageError, completeness_error
from saliencynoise_shap.fields import check_colour, check_count
from saliencynoise_shap.network import OneClass, copies, logits, quiet, uniform

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class KernelExplainer:
    """Shapley values of a grid's cells, from a weighted linear fit to sets of them: maps `[B, 1, H, W]`.

    The fit is not sparse (shap's `l1_reg=False`; its default keeps ten cells). Where there are no more sets than
    samples, all of them are used and the values are exact.

    Source: Lundberg and Lee, *A Unified Approach to Interpreting Model Predictions*, NeurIPS 2017, arXiv:1705.07874.

    Attributes:
        grid: cells along each side.
        samples: sets of cells (shap's `nsamples`).
        mask_value: replacement of hidden cells: a colour (0 is the mean one of the training images), or "mean":
            the mean of the background.
    """

    grid: int = 4
    samples: int = 512
    mask_value: float | Literal["mean"] = 0.0

    def __post_init__(self) -> None:
        check_count("grid", self.grid, least=2)
        check_count("samples", self.samples, least=2 * self.grid**2)
        check_colour("mask_value", self.mask_value)

    def attribute_module(self, network: Network, batch: Batch) -> Maps:
        """Return shap's values of each image's target, and the completeness error of the cells' values."""
        hidden = uniform(self.mask_value, batch)
        cells = grid_cells(self.grid, *batch.x.shape[2:]).to(batch.x.device)
        ones = copies(network, batch)
        rows = list(zip(ones, torch.split(batch.x, 1), batch.noise.seeds, strict=True))
        values = torch.cat([self._image(single_class, x, seed, hidden, cells) for single_class, x, seed in rows])
        with quiet(batch.noise.seeds[0], batch.x.dtype):  # in case the network draws random numbers
            difference = torch.cat(
                [logits(single_class, x) - logits(single_class, hidden) for single_class, x, _ in rows]
            )
        return Maps(
            values=values[:, cells][:, None],
            diagnostics={"completeness_error": completeness_error(values.sum(1), difference)},
        )

    def _image(self, single_class: OneClass, x: Tensor, seed: int, hidden: Tensor, cells: Tensor) -> Tensor:
        """Return the cells' values, `[1, grid * grid]`."""
        import shap  # noqa: PLC0415 - takes seconds

        def score(shown: Any) -> Any:
            masks = torch.from_numpy(shown).to(x.device, torch.bool)[:, cells][:, None]
            parts = [logits(single_class, torch.where(part, x, hidden)) for part in torch.split(masks, 64)]
            return torch.cat(parts).double().cpu().numpy()

        players = self.grid**2
        with quiet(seed, x.dtype):
            explainer = shap.KernelExplainer(score, np.zeros((1, players)))
            shap_values = explainer.shap_values(
                np.ones((1, players)), nsamples=self.samples, l1_reg=False, silent=True, gc_collect=False
            )
        return torch.from_numpy(np.asarray(shap_values)).to(x)


def grid_cells(grid: int, height: int, width: int) -> Tensor:
    """Return the number of each pixel's cell, `[H, W]`, counted line by line.

    Raises:
        UsageError: if there are more cells than pixels.
    """
    if grid > min(height, width):
        raise UsageError(f"grid={grid} has more cells than the images of {height}x{width} have pixels")
    return (torch.arange(height) * grid // height)[:, None] * grid + torch.arange(width) * grid // width
