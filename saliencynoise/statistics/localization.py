"""Localisation: four measures of the agreement of one map with the mask of the pixels that cause the label.

A map is first brought to the mask's size (bilinear), then into its view, then summed over channels; the absolute value
of that sum is the *relevance* of a pixel. So a signed map counts evidence for and against the class alike (a gradient's
sign says only whether brighter or darker), the view relu evidence for it only. All four measures depend on relevance
alone; a map that says nothing, such as one of zeros, gets the value of chance in each of them.

Without pixels inside and outside of the mask there is nothing to separate: all are NaN.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.views import apply_view

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jaxtyping import Bool, Float
    from torch import Tensor


def upsampled(maps: Float[Tensor, "*n c h w"], size: tuple[int, int]) -> Float[Tensor, "*n c H W"]:
    """Return maps at another size, by bilinear interpolation between the centres of pixels; linear in the maps.

    >>> upsampled(torch.tensor([[[0.0, 1.0]]]), (1, 4)).tolist()
    [[[0.0, 0.25, 0.75, 1.0]]]
    """
    if tuple(maps.shape[-2:]) == tuple(size):
        return maps
    flat = maps.reshape(-1, *maps.shape[-3:])
    return F.interpolate(flat, size=size, mode="bilinear", align_corners=False).reshape(*maps.shape[:-2], *size)


def relevance(maps: Float[Tensor, "*n c H W"], view: str) -> Float[Tensor, "*n H W"]:
    """Return ``|sum over channels|`` of maps in a view; at least 0, in the units of the maps.

    Raises:
        UsageError: there is no such view.

    >>> relevance(torch.tensor([[[-3.0, 2.0]], [[1.0, -1.0]]]), "signed").tolist()
    [[2.0, 1.0]]
    >>> relevance(torch.tensor([[[-3.0, 2.0]], [[1.0, -1.0]]]), "relu").tolist()
    [[1.0, 2.0]]
    """
    return apply_view(maps, view).sum(-3).abs()


def relevance_mass(rows: Float[Tensor, "N P"], mask: Bool[Tensor, " P"]) -> Float[Tensor, " N"]:
    """Return the share of all relevance on the mask, 0 to 1; by chance it is the mask's share of the pixels.

    Relevance mass accuracy of Arras, Osman and Samek, "CLEVR-XAI", Information Fusion 2022,
    doi:10.1016/j.inffus.2021.11.008. A map of zeros counts as an even one.

    >>> relevance_mass(torch.tensor([[3.0, 1.0, 0.0, 0.0]]), torch.tensor([True, False, False, False])).item()
    0.75
    """
    total = rows.sum(-1)
    share = rows[:, mask].sum(-1) / total
    return _nan_without_contrast(torch.where(total > 0, share, float(mask.double().mean())), mask)


def relevance_rank(rows: Float[Tensor, "N P"], mask: Bool[Tensor, " P"]) -> Float[Tensor, " N"]:
    """Return the share of the K most relevant pixels on the mask of K pixels, 0 to 1; chance as for the mass.

    Relevance rank accuracy of Arras, Osman and Samek 2022. Pixels that tie for the last places share them: the value
    is that to be expected if ties are broken at random.

    >>> relevance_rank(torch.tensor([[3.0, 1.0, 1.0, 0.0]]), torch.tensor([True, True, False, False])).item()
    0.75
    """
    count = int(mask.sum())
    if not 0 < count < len(mask):
        return _nan_without_contrast(rows.sum(-1), mask)
    ordered = np.partition(rows.numpy(), -count, axis=-1)  # takes a quarter of the time of torch's topk
    last = torch.from_numpy(ordered)[:, -count, None]
    above, tied = (rows > last).double(), (rows == last).double()
    share = (count - above.sum(-1)) / tied.sum(-1)  # that each of the tied pixels gets
    return (above[:, mask].sum(-1) + share * tied[:, mask].sum(-1)) / count


def pointing_game(rows: Float[Tensor, "N P"], mask: Bool[Tensor, " P"]) -> Float[Tensor, " N"]:
    """Return whether the most relevant pixel is on the mask, 1 or 0; chance as for the mass.

    Zhang et al., "Top-Down Neural Attention by Excitation Backprop", IJCV 2018, doi:10.1007/s11263-017-1059-x, without
    their margin of 15 pixels, as masks are exact here. Tied maxima give the share of them on the mask.

    >>> pointing_game(torch.tensor([[3.0, 3.0, 1.0, 0.0]]), torch.tensor([True, False, False, False])).item()
    0.5
    """
    top = (rows == rows.amax(-1, keepdim=True)).double()
    return _nan_without_contrast(top[:, mask].sum(-1) / top.sum(-1), mask)


def roc_auc(rows: Float[Tensor, "N P"], mask: Bool[Tensor, " P"]) -> Float[Tensor, " N"]:
    """Return the probability that a pixel on the mask has more relevance than one beside it, ties counting half.

    The area under the receiver operating characteristic of relevance as a detector of the mask, 0 to 1, by chance 0.5.

    >>> roc_auc(torch.tensor([[3.0, 1.0, 1.0, 0.0]]), torch.tensor([True, True, False, False])).item()
    0.875
    """
    inside, outside = rows[:, mask], rows[:, ~mask]
    outside.numpy().sort(-1)  # a copy, in place; numpy's sort takes a fraction of torch's time
    below = torch.searchsorted(outside, inside, side="left") + torch.searchsorted(outside, inside, side="right")
    return _nan_without_contrast(below.double().sum(-1) / (2 * inside.shape[-1] * outside.shape[-1] or math.nan), mask)


MEASURES: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = MappingProxyType(
    {"mass": relevance_mass, "rank": relevance_rank, "pointing": pointing_game, "auc": roc_auc}
)


def localization(
    maps: Float[Tensor, "N c h w"], mask: Bool[Tensor, "H W"], *, view: str = "signed"
) -> dict[str, Float[Tensor, " N"]]:
    """Return each measure of each map of one image, float64.

    Args:
        maps: raw, finite, of any floating dtype, at any size.
        mask: true where a pixel causes the label.
        view: of the maps.

    Raises:
        UsageError: maps or mask of another shape, values that are not finite, or an unknown view.

    >>> mask = torch.tensor([[True, False], [False, False]])
    >>> {name: value.item() for name, value in localization(torch.tensor([[[[-2.0, 1.0], [1.0, 0.0]]]]), mask).items()}
    {'mass': 0.5, 'rank': 1.0, 'pointing': 1.0, 'auc': 1.0}
    """
    if maps.ndim != 4 or mask.ndim != 2 or mask.dtype != torch.bool:
        raise UsageError(
            f"maps of shape {list(maps.shape)} and a {mask.dtype} mask of shape {list(mask.shape)}: need "
            "[maps, channels, h, w] and a bool mask [H, W]"
        )
    if not bool(maps.isfinite().all()):
        raise UsageError("maps hold NaN or infinity: leave these out")
    rows = relevance(upsampled(maps.detach().cpu().double(), (mask.shape[0], mask.shape[1])), view).flatten(1)
    return {name: measure(rows, mask.flatten()) for name, measure in MEASURES.items()}


def chance(mask: Bool[Tensor, "H W"]) -> dict[str, float]:
    """Return the mean of each measure for a map that does not depend on the mask.

    >>> chance(torch.tensor([[True, False], [False, False]]))
    {'mass': 0.25, 'rank': 0.25, 'pointing': 0.25, 'auc': 0.5}
    """
    share = float(mask.double().mean())
    return {name: 0.5 if name == "auc" else share for name in MEASURES}


def _nan_without_contrast(values: Tensor, mask: Tensor) -> Tensor:
    """Return values as float64; NaN where the mask holds all pixels or none."""
    alike = bool(mask.all()) or not bool(mask.any())
    return torch.full_like(values, torch.nan, dtype=torch.float64) if alike else values.double()
