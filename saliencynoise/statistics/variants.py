"""All that "the SNR" of a published table may have meant: views x definitions x norms, of one set of maps.

The poster does not say which. So each image's maps are measured in every view (signed, relu, abs), by each uncorrected
definition (mean of ``|m|/s`` over pixels, ratio of energies, root of that), raw and with each member's map divided by
its norm; beside them the corrected r = c / (1 - c) and its signed root, which the poster lacks. The figure of a study
is the mean over images; for r it is c that is averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import torch
from torch.nn import functional as F

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.draws import between_draws, crossed_gram
from saliencynoise.statistics.floors import noise_floor
from saliencynoise.statistics.gram import gram_matrix, means_without, scale_gram
from saliencynoise.statistics.intervals import Interval, Pooled, claim_interval
from saliencynoise.statistics.published import (
    snr_pixel,
    snr_pixel_without,
    snr_power,
    snr_power_without,
    snr_rms,
    snr_rms_without,
)
from saliencynoise.statistics.snr import amplitude, cosine, pooled_effective_pixels, snr_from_cosine
from saliencynoise.statistics.views import apply_view

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

VIEWS = ("signed", "relu", "abs")
"""The views in which the paper may have measured."""

Definition = Literal["pixel", "rms", "power", "r", "amplitude"]
Norm = Literal["raw", "unit"]

WORDS: Mapping[Definition, str] = MappingProxyType(
    {
        "pixel": "mean over pixels of |m|/s",
        "rms": "sqrt(sum m² / sum s²)",
        "power": "sum m² / sum s²",
        "r": "r = c/(1-c), corrected",
        "amplitude": "sqrt r, corrected",
    }
)
_KEYS: Mapping[Definition, str] = MappingProxyType(
    {"pixel": "snr_pixel", "rms": "snr_rms", "power": "snr_power", "r": "snr", "amplitude": "snr_amplitude"}
)
"""The names that `noise_floor` goes by."""


@dataclass(frozen=True)
class Variant:
    """One meaning of "SNR".

    Attributes:
        view: of the maps.
        definition: the formula.
        norm: "raw", or "unit" where each member's map has norm 1 on each image.
    """

    view: str
    definition: Definition
    norm: Norm

    @property
    def corrected(self) -> bool:
        """Whether pure noise gives 0 in the signed view, for any number of members; no published figure is so."""
        return self.definition in {"r", "amplitude"}

    @property
    def words(self) -> str:
        """What it is, in words."""
        scale = "maps of unit norm" if self.norm == "unit" else "raw maps"
        return f"{WORDS[self.definition]}, {self.view} view, {scale}"

    def of_means(self, means: Tensor) -> Tensor:
        """Return the figure from the mean over images: as it is, or for the corrected ones from the mean cosine c."""
        if not self.corrected:
            return means
        r = snr_from_cosine(means)
        return r if self.definition == "r" else amplitude(r)

    def floor(self, *, members: int, effective_pixels: float) -> float:
        """Return what pure noise gives."""
        key = _KEYS[self.definition]
        return noise_floor(key, view=self.view, members=members, effective_pixels=effective_pixels)


_NORMS: tuple[Norm, ...] = ("raw", "unit")
UNCORRECTED: tuple[Definition, ...] = ("pixel", "rms", "power")
CORRECTED: tuple[Definition, ...] = ("r", "amplitude")
VARIANTS: tuple[Variant, ...] = tuple(
    variant
    for view in VIEWS
    for variant in (
        *(Variant(view, definition, norm) for norm in _NORMS for definition in UNCORRECTED),
        *(Variant(view, definition, "unit") for definition in CORRECTED),
    )
)
"""In this order along every axis V."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageVariants:
    """What is kept of one image's maps.

    Attributes:
        values: `[V]`, by `VARIANTS`; for corrected ones c. NaN where all maps are zero.
        without: `[V, E]`, the same with each member left out; NaN with two members.
        gram: `[E, E]`, of single maps in the signed view, from different draws where there are several: for r.
        averaged: `[E, E]`, of the maps in the signed view averaged over draws.
    """

    values: Float[Tensor, " V"]
    without: Float[Tensor, "V E"]
    gram: Float[Tensor, "E E"]
    averaged: Float[Tensor, "E E"]


def variants(maps: Float[Tensor, "E *D P"]) -> ImageVariants:
    """Return all figures of one image's raw signed maps.

    Args:
        maps: `[E, P]`, the pixels (channels included) flattened; of a stochastic method `[E, D, P]`, the same draws for
            all members. Views are taken of each draw; uncorrected figures are of the mean over draws, corrected
            ones of single maps from different draws, as in a bench.

    Raises:
        UsageError: of another shape, or fewer than two members.

    >>> figures = variants(torch.tensor([[1.0, 0.0, 2.0], [3.0, 0.0, 4.0]]))
    >>> round(figures.values[VARIANTS.index(Variant("signed", "pixel", "raw"))].item(), 6)  # (2 + 3) / 2 / sqrt(2)
    1.767767
    """
    if maps.ndim not in {2, 3} or len(maps) < 2 or maps[0].numel() == 0:
        raise UsageError(f"maps of shape {list(maps.shape)}: need [members, pixels] with at least 2 members")
    drawn = (maps if maps.ndim == 3 else maps[:, None]).detach().to(device="cpu", dtype=torch.float64)
    views = [apply_view(drawn, name) for name in VIEWS]
    averaged = torch.stack([viewed.mean(1) for viewed in views])
    grams = torch.stack([gram_matrix(own) for own in averaged])
    singles = torch.stack([_single(viewed) for viewed in views])
    rows = _rows(_pixel(averaged), grams, singles)
    signed = list(VIEWS).index("signed")
    return ImageVariants(values=rows[:, 0], without=rows[:, 1:], gram=singles[signed], averaged=grams[signed])


def on_grid(maps: Float[Tensor, "*n c h w"], size: tuple[int, int]) -> Float[Tensor, "*n 1 H W"]:
    """Return signed maps on a coarser grid: summed over channels, then averaged over areas.

    Where the grid does not divide the map, neighbouring areas overlap by a pixel (adaptive average pooling).

    >>> on_grid(torch.tensor([[[1.0, 3.0], [5.0, 7.0]]]), (1, 1)).item()
    4.0
    """
    summed = maps.sum(-3, keepdim=True)
    pooled = F.adaptive_avg_pool2d(summed.flatten(0, -4) if summed.ndim > 3 else summed[None], size)
    return pooled.reshape(*summed.shape[:-2], *size)


@dataclass(frozen=True, kw_only=True, eq=False)
class CellVariants:
    """The figures of one method on one architecture, over all images.

    Attributes:
        per_image: `[V, B]`; NaN for images whose maps are all zero.
        without: `[V, B, E]`, with each member left out.
        gram: `[B, E, E]`, as in `ImageVariants`.
        effective_pixels: of all images, for the floors.
    """

    per_image: Float[Tensor, "V B"]
    without: Float[Tensor, "V B E"]
    gram: Float[Tensor, "B E E"]
    effective_pixels: float

    @property
    def members(self) -> int:
        """E."""
        return self.without.shape[-1]

    def value(self, at: int) -> float:
        """Return the figure of `VARIANTS[at]`; NaN where no image has maps."""
        return float(VARIANTS[at].of_means(self.per_image[at].nanmean()))

    def interval(self, at: int, *, seed: int) -> Interval | None:
        """Return its interval for new members and new images; None below 3 members or without a value."""
        used = ~self.per_image[at].isnan()
        if not bool(used.any()):
            return None
        variant = VARIANTS[at]
        pooled = Pooled(
            per_image=self.per_image[at][used],
            without=self.without[at][used],
            link=variant.of_means,
            lowest=float(variant.of_means(torch.tensor(-1 / (self.members - 1)))) if variant.corrected else 0.0,
        )
        return claim_interval(pooled, seed=seed)

    def floor(self, at: int) -> float:
        """Return what pure noise gives."""
        return VARIANTS[at].floor(members=self.members, effective_pixels=self.effective_pixels)


def gather(images: Sequence[ImageVariants]) -> CellVariants:
    """Return the figures of a cell from those of its images.

    >>> gather([variants(torch.eye(3)), variants(torch.ones(3, 3))]).per_image.shape == (len(VARIANTS), 2)
    True
    """
    return CellVariants(
        per_image=torch.stack([image.values for image in images], 1),
        without=torch.stack([image.without for image in images], 1),
        gram=torch.stack([image.gram for image in images]),
        effective_pixels=float(pooled_effective_pixels(torch.stack([image.averaged for image in images]))),
    )


def _single(drawn: Tensor) -> Tensor:
    """Return the Gram matrix of which r is a figure."""
    return gram_matrix(drawn[:, 0]) if drawn.shape[1] == 1 else between_draws(crossed_gram(drawn)[None])[0]


def _pixel(maps: Float[Tensor, "W E P"]) -> Tensor:
    """Return `snr_pixel` of the maps in each view, raw and of unit norm, after it with each member left out."""
    norm = maps.norm(dim=-1, keepdim=True)
    own = torch.stack([maps, torch.where(norm > 0, maps / norm, 0.0)]).movedim(2, 0)  # [E, N, W, P]
    return _before(snr_pixel(own), snr_pixel_without(own)).movedim(1, 0)


def _rows(pixel: Float[Tensor, "W N E+1"], grams: Float[Tensor, "W E E"], singles: Float[Tensor, "W E E"]) -> Tensor:
    """Return the figures in the order of `VARIANTS`, each before itself with each member left out, `[V, E+1]`."""
    inner = torch.stack([grams, scale_gram(grams, "unit")], 1)
    rms = _before(snr_rms(inner), snr_rms_without(inner))
    power = _before(snr_power(inner), snr_power_without(inner))
    uncorrected = torch.stack([pixel, rms, power], 2).flatten(1, 2)
    diag, off, _ = means_without(scale_gram(singles, "unit"))
    corrected = _before(cosine(singles), off / diag)[:, None].expand(-1, len(CORRECTED), -1)
    return torch.cat([uncorrected, corrected], 1).flatten(0, 1)


def _before(value: Tensor, without: Tensor) -> Tensor:
    return torch.cat([value[..., None], without], -1)
