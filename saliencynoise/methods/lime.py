"""LIME on a fixed grid or superpixels, in tensors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from saliencynoise.interfaces import Batch, Maps, Scorer
from saliencynoise.methods.baselines import baseline_of
from saliencynoise.methods.segments import Segmentation, counts, masked, segment_means, segments_of, spread

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

    from saliencynoise.interfaces.specs import Sign

RIDGE = 1.0
"""Penalty of the package's ridge regression."""


@dataclass(frozen=True)
class Lime:
    """Coefficients of a weighted ridge regression of scores on which segments are shown: `[B, 1, H, W]`, signed.

    In units of the score, repeated in each pixel of a segment. With the same segments, seed and
    `score="probability"` equal to the lime package 0.2 (whose draws, kernel and ridge it takes over). Masks,
    weights and factorisation depend on the draw alone and serve all members and classes.

    Source: Ribeiro, Singh and Guestrin, *"Why Should I Trust You?"*, KDD 2016, doi:10.1145/2939672.2939778.

    Attributes:
        samples: masks an image and draw.
        segments: "grid", or superpixels: "slic", "felzenszwalb", "quickshift".
        grid: cells a side; superpixels are about its square.
        kernel_width: of the exponential kernel on the cosine distance between a mask and the whole image.
        fill: the content of a hidden segment: "segment_mean" (its mean colour, the package's choice), or a baseline.
        score: "logit" or "probability" (the package's choice). A run that explains another score than a logit fits
            that score.
    """

    samples: int = 64
    segments: Segmentation = "grid"
    grid: int = 4
    kernel_width: float = 0.25
    fill: Literal["segment_mean", "zero", "blur", "mean", "dataset"] = "segment_mean"
    score: Literal["logit", "probability"] = "logit"

    def __post_init__(self) -> None:
        """Refuse impossible values."""
        for name, least in (("samples", 2), ("grid", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}={getattr(self, name)} is not possible; give {least} or more")
        if self.kernel_width <= 0:
            raise ValueError(f"kernel_width={self.kernel_width} is not possible; give a positive number")

    @property
    def sign(self) -> Sign:
        """A probability does not turn its sign with the logit."""
        return "leaning" if self.score == "probability" else "signed"

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        """Return the maps of this draw."""
        segments = segments_of(batch.x, kind=self.segments, grid=self.grid)
        surrogates = [
            surrogate(seed % 2**32, players, self.samples, self.kernel_width)
            for seed, players in zip(batch.noise.seeds, counts(segments), strict=True)
        ]
        fill = segment_means(batch.x, segments) if self.fill == "segment_mean" else baseline_of(self.fill, batch)
        masks = [fit.masks for fit in surrogates]
        scores = net.scores(masked(batch.x, fill, segments, masks), score=self.score).double().cpu()
        coefficients = [fit.solver @ row for fit, row in zip(surrogates, scores, strict=True)]
        return Maps(values=spread(coefficients, segments).to(batch.x))


@dataclass(frozen=True, eq=False)
class Surrogate:
    """The linear model of one draw.

    Attributes:
        masks: `[S, P]`, which of P segments a sample shows; the first shows all.
        solver: `[P, S]`, float64, turns scores into coefficients.
    """

    masks: Bool[Tensor, "S P"]
    solver: Float[Tensor, "P S"]


@lru_cache(maxsize=1024)
def surrogate(seed: int, players: int, samples: int, kernel_width: float) -> Surrogate:
    """Return the surrogate of a seed of 32 bits; the same for all members, which do not draw or factorise again."""
    state = np.random.RandomState(seed)
    state.randint(0, high=1000)  # the package draws the seed of its segmentation first
    drawn = state.randint(0, 2, samples * players).reshape(samples, players)
    drawn[0] = 1
    masks = torch.from_numpy(drawn).double()
    distance = 1 - (masks.sum(1) / players).sqrt()  # cosine distance from the whole image
    weights = (-distance.square() / kernel_width**2).exp().sqrt()
    share = weights / weights.sum()
    centred = masks - share @ masks
    normal = (centred.T * weights) @ centred + RIDGE * torch.eye(players, dtype=torch.float64)
    solver = torch.cholesky_solve(centred.T * weights, torch.linalg.cholesky(normal))
    # scores are centred as well; this changes nothing, since centred masks have a weighted mean of zero
    return Surrogate(masks=masks.bool(), solver=solver)
