"""The lime package's explainer of images."""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import torch

from saliencynoise.interfaces import Batch, Maps, Network, UsageError, seeded
from saliencynoise_lime.segments import SEGMENTERS, Segmenter

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.interfaces.specs import Sign

ROWS = 50
"""Rows of one pass."""


@dataclass(frozen=True)
class Lime:
    """Coefficients of segments in a linear fit to images with some of them hidden: maps `[B, 1, H, W]`.

    Each pixel has the coefficient of its segment: positive where showing it raises the score. Ridge regression with
    alpha 1, samples weighted by the exponential kernel of the cosine distance, as in the package.

    Source: Ribeiro, Singh and Guestrin, *"Why Should I Trust You?"*, KDD 2016, arXiv:1602.04938.

    Attributes:
        segments: "grid"; or skimage's "quickshift", which is lime's own (it makes one segment of a picture of 32
            pixels), or "slic".
        grid: cells along each side; of "slic", grid * grid segments are asked for.
        samples: images with hidden segments.
        kernel_width: of the exponential kernel.
        hide_color: replacement of hidden segments: a number, or none for the segment's mean colour.
        score: the fitted score: the target's "probability", as in the package, or its "logit". A run that explains
            another score than a logit fits that score.
    """

    segments: Literal["grid", "quickshift", "slic"] = "grid"
    grid: int = 4
    samples: int = 1000
    kernel_width: float = 0.25
    hide_color: float | None = None
    score: Literal["logit", "probability"] = "probability"

    def __post_init__(self) -> None:
        for name, choices in (("segments", tuple(SEGMENTERS)), ("score", ("logit", "probability"))):
            if getattr(self, name) not in choices:
                raise ValueError(f"{name}={getattr(self, name)} is not possible; choose {' or '.join(choices)}")
        for name, least in (("grid", 1), ("samples", 2)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}={getattr(self, name)} is not possible; choose {least} or more")
        if self.kernel_width <= 0:
            raise ValueError(f"kernel_width={self.kernel_width} is not possible; choose more than 0")

    @property
    def sign(self) -> Sign:
        """A probability does not turn its sign with the logit."""
        return "leaning" if self.score == "probability" else "signed"

    def attribute_module(self, network: Network, batch: Batch) -> Maps:
        """Return lime's coefficients of each image's target.

        Raises:
            UsageError: if images have neither one nor three channels, or fewer pixels than the grid has cells.
        """
        if batch.x.shape[1] not in {1, 3}:
            raise UsageError(f"lime takes images of one or three channels, not of {batch.x.shape[1]}")
        network = replace(network, module=copy.deepcopy(network.module))
        rows = zip(batch.x, batch.target.tolist(), batch.noise.seeds, strict=True)
        return Maps(values=torch.stack([self._image(network, x, target, seed) for x, target, seed in rows]))

    def _image(self, network: Network, x: Float[Tensor, "C H W"], target: int, seed: int) -> Float[Tensor, "1 H W"]:
        from lime.lime_image import LimeImageExplainer  # noqa: PLC0415 - takes seconds

        picture = x.expand(3, -1, -1).permute(1, 2, 0).contiguous().cpu().numpy()
        segmenter: Segmenter = SEGMENTERS[self.segments](self.grid, seed % 2**32)
        with seeded(seed), warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):  # lime's progress bar
            warnings.simplefilter("ignore")
            explainer = LimeImageExplainer(
                kernel_width=self.kernel_width, feature_selection="none", random_state=seed % 2**32
            )
            explanation = explainer.explain_instance(
                picture,
                self._classifier(network, x),
                labels=(target,),
                top_labels=None,
                hide_color=self.hide_color,
                num_samples=self.samples,
                batch_size=ROWS,
                segmentation_fn=segmenter,
            )
        coefficients = dict(explanation.local_exp[target])
        of_segment = torch.tensor(
            [float(coefficients[segment]) for segment in range(len(coefficients))], dtype=torch.float64
        )
        return of_segment[torch.from_numpy(explanation.segments)][None].to(x)

    def _classifier(self, network: Network, like: Tensor) -> Any:
        """Return lime's function of pictures `[N, H, W, 3]`; for images of one channel their mean."""

        def classify(pictures: Any) -> Any:
            rows = torch.from_numpy(pictures).to(like).permute(0, 3, 1, 2)
            if len(like) == 1:
                rows = rows.mean(1, keepdim=True)
            with torch.no_grad():
                outputs = network.module(rows)
            values = network.probabilities(outputs) if self.score == "probability" else outputs
            return values.double().cpu().numpy()

        return classify
