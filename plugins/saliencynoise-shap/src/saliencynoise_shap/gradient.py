"""shap's GradientExplainer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import Batch, Maps, Network
from saliencynoise_shap.fields import check_count
from saliencynoise_shap.network import copies, quiet

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class GradientExplainer:
    """Gradients at random places between images of the background and the image: maps `[B, C, H, W]`.

    Source: Erion et al., *Improving performance of deep learning models with axiomatic attribution priors and expected
    gradients*, Nature Machine Intelligence 2021, arXiv:1906.10670.

    Attributes:
        samples: draws of an image of the background and of a place (shap's `nsamples`).
        local_smoothing: standard deviation of noise that is added to the image, in units of the normalised image.
        batch_size: rows of one pass; the map does not depend on it.
    """

    samples: int = 200
    local_smoothing: float = 0.0
    batch_size: int = 50

    def __post_init__(self) -> None:
        check_count("samples", self.samples)
        check_count("batch_size", self.batch_size)
        if self.local_smoothing < 0:
            raise ValueError(f"local_smoothing={self.local_smoothing} is not possible; choose 0 or more")

    def attribute_module(self, network: Network, batch: Batch) -> Maps:
        """Return shap's values of each image's target."""
        rows = zip(copies(network, batch), torch.split(batch.x, 1), batch.noise.seeds, strict=True)
        return Maps(
            values=torch.cat([self._image(single_class, x, seed, batch.background) for single_class, x, seed in rows])
        )

    def _image(self, single_class: torch.nn.Module, x: Tensor, seed: int, background: Tensor) -> Tensor:
        import shap  # noqa: PLC0415 - takes seconds

        with quiet(seed, x.dtype):
            explainer = shap.GradientExplainer(
                single_class, background, batch_size=self.batch_size, local_smoothing=self.local_smoothing
            )
            values = explainer.shap_values(x.clone(), nsamples=self.samples, rseed=seed % 2**32)
        return torch.from_numpy(values[..., 0]).to(x)
