"""The possible meanings of "the SNR" of a published table: views x definitions x norms, for one set of maps.

The poster does not state its definition. So each image's maps are measured in every view (signed, relu, abs), by each
uncorrected definition (mean of ``|m|/s`` over pixels, ratio of energies, root of this ratio), raw and with each
member's map divided by its norm. In addition there are the corrected r = c / (1 - c) and its signed root, which the
poster lacks. The figure of a study is the mean over images; for r the mean is over c. The poster does not state either
whether the networks share a stochastic method's random numbers: the caller gives the maps of one draw, of either kind.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import torch
from torch.nn import functional as F

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.floors import noise_floor
from saliencynoise.statistics.gram import gram_matrix, means_without, scale_gram
from saliencynoise.statistics.groups import Groups, chosen
from saliencynoise.statistics.intervals import Interval, Pooled, claim_interval
from saliencynoise.statistics.snr import amplitude, cosine, pooled_effective_pixels, snr_from_cosine
from saliencynoise.statistics.uncorrected_snr import (
    snr_pixel,
    snr_pixel_without,
    snr_power,
    snr_power_without,
    snr_rms,
    snr_rms_without,
)
from saliencynoise.statistics.views import apply_view

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

VIEWS = ("signed", "relu", "abs")
"""The views in which the paper may have measured, in their order along axes W."""

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
"""The names of the definitions in `noise_floor`."""


@dataclass(frozen=True)
class Variant:
    """One meaning of "SNR".

    Attributes:
        view: view of the maps.
        definition: the formula.
        norm: "raw", or "unit" where each member's map has norm 1 on each image.
    """

    view: str
    definition: Definition
    norm: Norm

    @property
    def corrected(self) -> bool:
        """Whether pure noise gives 0 in the signed view, for any number of members; published figures are not."""
        return self.definition in {"r", "amplitude"}

    @property
    def words(self) -> str:
        """The definition in words."""
        scale = "maps of unit norm" if self.norm == "unit" else "raw maps"
        return f"{WORDS[self.definition]}, {self.view} view, {scale}"

    def of_means(self, means: Tensor) -> Tensor:
        """Return the figure from the mean over images: the mean, or for a corrected figure a function of it."""
        if not self.corrected:
            return means
        r = snr_from_cosine(means)
        return r if self.definition == "r" else amplitude(r)

    def floor(self, *, members: int, effective_pixels: float) -> float:
        """Return the value of pure noise."""
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
"""The variants, in their order along every axis V."""
MOST_GROUPS, DIVISIONS = 20, 7
"""The largest number of groups that are all used, and the number of random divisions where there are more groups."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageVariants:
    """The figures of one image's maps, without the maps.

    Attributes:
        values: `[V]`, by `VARIANTS`; c for the corrected ones. NaN where all maps are zero.
        without: `[V, E]`, the same with each member left out; NaN with two members.
        gram: `[E, E]`, Gram matrix of the maps in the signed view, for r.
        networks: number of networks behind a figure: E, or the smaller number of `fewer`.
    """

    values: Float[Tensor, " V"]
    without: Float[Tensor, "V E"]
    gram: Float[Tensor, "E E"]
    networks: int


def variants(maps: Float[Tensor, "E P"]) -> ImageVariants:
    """Return all figures of one image's raw signed maps.

    Args:
        maps: `[E, P]`, the pixels (channels included) flattened; for a stochastic method the maps of one draw.

    Raises:
        UsageError: if the shape is another one, or there are fewer than two members.

    >>> figures = variants(torch.tensor([[1.0, 0.0, 2.0], [3.0, 0.0, 4.0]]))
    >>> round(figures.values[VARIANTS.index(Variant("signed", "pixel", "raw"))].item(), 6)  # (2 + 3) / 2 / sqrt(2)
    1.767767
    """
    viewed = _viewed(maps)
    grams = torch.stack([gram_matrix(view_maps) for view_maps in viewed])
    scaled, inner = _scaled(viewed), torch.stack([grams, scale_gram(grams, "unit")], 1)
    diag, off, _ = means_without(scale_gram(grams, "unit"))
    rows = _rows(
        pixel=_before(snr_pixel(scaled), snr_pixel_without(scaled)).movedim(1, 0),
        rms=_before(snr_rms(inner), snr_rms_without(inner)),
        power=_before(snr_power(inner), snr_power_without(inner)),
        cosines=_before(cosine(grams), off / diag),
    )
    return ImageVariants(
        values=rows[:, 0], without=rows[:, 1:], gram=grams[VIEWS.index("signed")], networks=len(maps)
    )  # fmt: skip


def fewer(maps: Float[Tensor, "E P"], networks: int) -> ImageVariants:
    """Return the figures that `networks` of the members would give: the mean over groups of members.

    The groups are all groups if they are few, else the groups of random divisions of the members, the same for every
    image. With a member left out, the mean is over the groups without this member.

    Args:
        maps: as in `variants`.
        networks: size of a group: 2 or more, and fewer than the members.

    Raises:
        UsageError: if the number is another one, or as `variants`.

    >>> maps = torch.randn(6, 9999, generator=torch.Generator().manual_seed(0))
    >>> index = VARIANTS.index(Variant("signed", "rms", "raw"))      # noise has 1/sqrt(E)
    >>> round(variants(maps).values[index].item(), 1), round(fewer(maps, 3).values[index].item(), 1)
    (0.4, 0.6)
    """
    if not 2 <= networks < len(maps):
        raise UsageError(f"{networks} of {len(maps)} networks is not possible; give 2 or more, and fewer than all")
    groups = _groups(len(maps), networks)
    figures = torch.stack([_point(maps[list(group)]) for group in groups])
    out = [torch.tensor([member not in group for group in groups]) for member in range(len(maps))]
    return ImageVariants(
        values=figures.mean(0),
        without=torch.stack([figures[chosen].mean(0) for chosen in out], -1),
        gram=gram_matrix(maps.detach().to(device="cpu", dtype=torch.float64)),
        networks=networks,
    )


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
        effective_pixels: effective number of pixels over all images, for the floors.
        networks: as in `ImageVariants`.
        groups: groups of the images, if some belong together; the variance is then over groups.
    """

    per_image: Float[Tensor, "V B"]
    without: Float[Tensor, "V B E"]
    gram: Float[Tensor, "B E E"]
    effective_pixels: float
    networks: int
    groups: Groups | None = None

    @property
    def members(self) -> int:
        """E, the number of members; the jackknife leaves each out once."""
        return self.without.shape[-1]

    def value(self, index: int) -> float:
        """Return the figure of `VARIANTS[index]`; NaN where no image has maps."""
        return float(VARIANTS[index].of_means(self.per_image[index].nanmean()))

    def interval(self, index: int, *, seed: int) -> Interval | None:
        """Return the interval of a figure for new members and new images; None below 3 members or without a value."""
        used = ~self.per_image[index].isnan()
        if not bool(used.any()):
            return None
        variant = VARIANTS[index]
        pooled = Pooled(
            per_image=self.per_image[index][used],
            without=self.without[index][used],
            link=variant.of_means,
            lowest=float(variant.of_means(torch.tensor(-1 / (self.members - 1)))) if variant.corrected else 0.0,
            groups=chosen(self.groups, used),
        )
        return claim_interval(pooled, seed=seed)

    def floor(self, index: int) -> float:
        """Return the value of pure noise."""
        return VARIANTS[index].floor(members=self.networks, effective_pixels=self.effective_pixels)


def gather(images: Sequence[ImageVariants], *, groups: Groups | None = None) -> CellVariants:
    """Return the figures of a cell from the figures of its images.

    >>> gather([variants(torch.eye(3)), variants(torch.ones(3, 3))]).per_image.shape == (len(VARIANTS), 2)
    True
    """
    return CellVariants(
        per_image=torch.stack([image.values for image in images], 1),
        without=torch.stack([image.without for image in images], 1),
        gram=torch.stack([image.gram for image in images]),
        effective_pixels=float(pooled_effective_pixels(torch.stack([image.gram for image in images]))),
        networks=images[0].networks,
        groups=groups,
    )


@cache
def _groups(members: int, networks: int) -> tuple[frozenset[int], ...]:
    """Return all groups of `networks` members; beyond `MOST_GROUPS`, the groups of some random divisions."""
    if math.comb(members, networks) <= MOST_GROUPS:
        return tuple(map(frozenset, combinations(range(members), networks)))
    generator = torch.Generator().manual_seed(0)
    orders = [torch.randperm(members, generator=generator).tolist() for _ in range(DIVISIONS)]
    starts = range(0, members - networks + 1, networks)
    return tuple(frozenset(order[start : start + networks]) for order in orders for start in starts)


def _viewed(maps: Tensor) -> Float[Tensor, "W E P"]:
    if maps.ndim != 2 or len(maps) < 2 or maps.shape[1] == 0:
        raise UsageError(f"maps of shape {list(maps.shape)}: need [members, pixels] with at least 2 members")
    plain = maps.detach().to(device="cpu", dtype=torch.float64)
    return torch.stack([apply_view(plain, name) for name in VIEWS])


def _scaled(viewed: Float[Tensor, "W E P"]) -> Float[Tensor, "E N W P"]:
    """Return the maps raw and of unit norm."""
    norm = viewed.norm(dim=-1, keepdim=True)
    return torch.stack([viewed, torch.where(norm > 0, viewed / norm, 0.0)]).movedim(2, 0)


def _point(maps: Float[Tensor, "E P"]) -> Float[Tensor, " V"]:
    """Return the figures, without leaving out members."""
    viewed = _viewed(maps)
    grams = torch.stack([gram_matrix(view_maps) for view_maps in viewed])
    inner = torch.stack([grams, scale_gram(grams, "unit")], 1)
    pixel = snr_pixel(_scaled(viewed)).movedim(1, 0)
    return _rows(pixel=pixel, rms=snr_rms(inner), power=snr_power(inner), cosines=cosine(grams))


def _rows(
    *,
    pixel: Float[Tensor, "W N ..."],
    rms: Float[Tensor, "W N ..."],
    power: Float[Tensor, "W N ..."],
    cosines: Float[Tensor, "W ..."],
) -> Float[Tensor, "V ..."]:
    """Return the figures in the order of `VARIANTS`."""
    uncorrected = torch.stack([pixel, rms, power], 2).flatten(1, 2)
    corrected = torch.stack([cosines] * len(CORRECTED), 1)
    return torch.cat([uncorrected, corrected], 1).flatten(0, 1)


def _before(value: Tensor, without: Tensor) -> Tensor:
    """Return a figure followed by its values with each member left out, `[..., E+1]`."""
    return torch.cat([value[..., None], without], -1)
