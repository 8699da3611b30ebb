"""Captum's methods by perturbation: maps `[B, 1, H, W]`, all channels of a place perturbed together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch

from saliencynoise.interfaces import Batch, Network, UsageError, completeness_error
from saliencynoise_captum.adapter import CaptumMethod, reference
from saliencynoise_captum.fields import at_least

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class GridMethod(CaptumMethod):
    """A method that perturbs the cells of a grid.

    Attributes:
        grid: cells along each side.
        perturbations_per_eval: rows of one pass (captum's default is 1); the map does not depend on it.
    """

    adapted: ClassVar[frozenset[str]] = frozenset({"grid"})

    grid: int = 4
    perturbations_per_eval: int = 16

    def arguments(self, network: Network, part: Batch) -> dict[str, Any]:
        """Return the arguments, with the grid as captum's feature mask."""
        return {**super().arguments(network, part), "feature_mask": cells(self.grid, part.x)}

    def shaped(self, network: Network, attributions: Tensor) -> Tensor:  # noqa: ARG002 - the base's
        """Return one channel: captum gives the value of a cell at each of its places, in each channel."""
        return attributions[:, :1]


@dataclass(frozen=True)
class BaselineGridMethod(GridMethod):
    """A method that replaces cells by a baseline.

    Attributes:
        baselines: a colour (0 is the mean one of the training images), or "mean": the mean of the background.
    """

    baselines: float | Literal["mean"] = 0.0


@dataclass(frozen=True)
class FeatureAblation(BaselineGridMethod):
    """The loss of the logit when a cell is replaced by the baseline.

    Source: Zeiler and Fergus, *Visualizing and Understanding Convolutional Networks*, ECCV 2014, arXiv:1311.2901.
    """

    explainer = "FeatureAblation"


@dataclass(frozen=True)
class FeaturePermutation(GridMethod):
    """The mean loss of the logit when a cell is replaced by the same cell of images of the background.

    Captum permutes cells between the images of a batch, so that a map would depend on the other images; by its
    `perm_func` the cells come from the background in their place.

    Source: Fisher, Rudin and Dominici, *All Models are Wrong, but Many are Useful*, JMLR 2019, arXiv:1801.01489.

    Attributes:
        samples: images of the background that are drawn for each cell.
    """

    explainer = "FeaturePermutation"
    adapted: ClassVar[frozenset[str]] = frozenset({"grid", "samples"})

    samples: int = 8

    def construction(self, network: Network, part: Batch) -> dict[str, Any]:  # noqa: ARG002 - the base's
        """Return the draw from the background."""

        def replaced(x: Tensor, mask: Tensor) -> Tensor:
            drawn = torch.randint(len(part.background), (len(x),))
            return torch.where(mask, part.background[drawn.to(x.device)].to(x), x)

        return {"perm_func": replaced}

    def explain(self, network: Network, part: Batch) -> Tensor:
        """Call captum with a row for each sample, and return their mean."""
        repeated = Batch(
            x=part.x.expand(self.samples, -1, -1, -1),
            target=part.target.expand(self.samples),
            background=part.background,
            noise=part.noise,
        )
        return super().explain(network, repeated).mean(0, keepdim=True)


@dataclass(frozen=True)
class Occlusion(CaptumMethod):
    """The loss of the logit when a square is replaced by the baseline, averaged over the squares at each position.

    Source: Zeiler and Fergus, *Visualizing and Understanding Convolutional Networks*, ECCV 2014, arXiv:1311.2901.

    Attributes:
        window: side of the square, in pixels (captum's `sliding_window_shapes`).
        strides: pixels from square to square (captum's default of 1 takes four times as long).
        baselines: a colour (0 is the mean one of the training images), or "mean": the mean of the background.
        perturbations_per_eval: rows of one pass (captum's default is 1); the map does not depend on it.
    """

    explainer = "Occlusion"
    adapted: ClassVar[frozenset[str]] = frozenset({"window", "strides"})

    window: int = 4
    strides: int = 2
    baselines: float | Literal["mean"] = 0.0
    perturbations_per_eval: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.strides > self.window:
            raise ValueError(f"strides={self.strides} leaves out pixels; choose at most window={self.window}")

    def arguments(self, network: Network, part: Batch) -> dict[str, Any]:
        """Return the arguments, with a square over all channels."""
        channels, height, width = part.x.shape[1:]
        if self.window > min(height, width):
            raise UsageError(f"window={self.window} is larger than the images of {height}x{width} pixels")
        return {
            **super().arguments(network, part),
            "sliding_window_shapes": (channels, self.window, self.window),
            "strides": (channels, self.strides, self.strides),
        }

    def shaped(self, network: Network, attributions: Tensor) -> Tensor:  # noqa: ARG002 - the base's
        """Return one channel: they are equal."""
        return attributions[:, :1]


@dataclass(frozen=True)
class ShapleyMethod(BaselineGridMethod):
    """A method whose values of the cells sum up to the difference of the logits."""

    def diagnostics(self, network: Network, part: Batch, attributions: Tensor) -> dict[str, Tensor]:
        """Return the completeness error of the cells' values."""
        with torch.no_grad():
            rows = network.module(torch.cat([part.x, reference(self.baselines, part)]))[:, part.target]
        members = cells(self.grid, part.x).flatten()
        total = torch.stack([attributions[0, 0].flatten()[members == cell][0] for cell in range(self.grid**2)]).sum()
        return {"completeness_error": completeness_error(total[None].to(rows), rows[0] - rows[1])}


@dataclass(frozen=True)
class ShapleyValueSampling(ShapleyMethod):
    """Shapley values of the cells, from random orders in which they appear.

    Source: Castro, Gomez and Tejada, *Polynomial calculation of the Shapley value based on sampling*, 2009,
    doi:10.1016/j.cor.2008.04.004.

    Attributes:
        n_samples: orders.
    """

    explainer = "ShapleyValueSampling"

    n_samples: int = 25


@dataclass(frozen=True)
class ShapleyValues(ShapleyMethod):
    """Shapley values of the cells, from all orders in which they may appear.

    Source: Shapley, *A Value for n-Person Games*, 1953, doi:10.1515/9781400881970-018.

    Attributes:
        grid: cells along each side: at most 2, since nine cells have 362,880 orders.
    """

    explainer = "ShapleyValues"

    grid: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.grid > 2:
            orders = "362,880" if self.grid == 3 else "too many"
            raise ValueError(
                f"grid={self.grid} is not possible: {self.grid**2} cells have {orders} orders; choose 1 or 2, or "
                "captum/shapley_value_sampling"
            )


@dataclass(frozen=True)
class KernelShap(ShapleyMethod):
    """Shapley values of the cells, from a weighted linear fit to random sets of them.

    Source: Lundberg and Lee, *A Unified Approach to Interpreting Model Predictions*, NeurIPS 2017, arXiv:1705.07874.

    Attributes:
        n_samples: random sets (captum's default of 25 hardly determines 16 values).
    """

    explainer = "KernelShap"

    n_samples: int = 200

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("grid", self.grid, 2)


@dataclass(frozen=True)
class Lime(BaselineGridMethod):
    """Coefficients of the cells in a sparse linear fit to random sets of them, weighted by their nearness.

    Source: Ribeiro, Singh and Guestrin, *"Why Should I Trust You?"*, KDD 2016, arXiv:1602.04938.

    Attributes:
        n_samples: random sets (captum's default of 25 hardly determines 16 values).
        alpha: captum's weight of the lasso's penalty.
        kernel_width: of captum's exponential kernel of the cosine distance between the image and its perturbation.
    """

    explainer = "Lime"
    adapted: ClassVar[frozenset[str]] = frozenset({"grid", "alpha", "kernel_width"})

    n_samples: int = 200
    alpha: float = 0.01
    kernel_width: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least("alpha", self.alpha, 0)
        if self.kernel_width <= 0:
            raise ValueError(f"kernel_width={self.kernel_width} is not possible; choose more than 0")

    def construction(self, network: Network, part: Batch) -> dict[str, Any]:  # noqa: ARG002 - the base's
        """Return the fit and the kernel."""
        from captum._utils.models.linear_model import SkLearnLasso  # noqa: PLC0415 - takes a second
        from captum.attr._core.lime import get_exp_kernel_similarity_function  # noqa: PLC0415 - as above

        return {
            "interpretable_model": SkLearnLasso(alpha=self.alpha),
            "similarity_func": get_exp_kernel_similarity_function(kernel_width=self.kernel_width),
        }


def cells(grid: int, x: Tensor) -> Tensor:
    """Return the number of each pixel's cell, `[1, 1, H, W]`, counted line by line.

    Raises:
        UsageError: if there are more cells than pixels.
    """
    height, width = x.shape[-2:]
    if grid > min(height, width):
        raise UsageError(f"grid={grid} has more cells than the images of {height}x{width} have pixels")
    rows = torch.arange(height, device=x.device) * grid // height
    columns = torch.arange(width, device=x.device) * grid // width
    return (rows[:, None] * grid + columns)[None, None]
