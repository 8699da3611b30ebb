"""Similarity of members' maps of one image by the field's measures: SSIM, rank correlation, top pixels, cosine.

None of them is an SNR and none corrects for noise: the likeness of a member to the mean of the others grows with their
number. They are here for comparison with the literature.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F

from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

LARGEST_WINDOW = 7
SMALLEST_WINDOW = 3
RANGE = 2.0
"""The range, -1 to 1, of maps divided by their largest absolute value."""
CHUNK = 1 << 18
"""Values of a chunk of pairs: larger ones fall out of the processor's cache and take up to twice as long."""


@dataclass(frozen=True, kw_only=True)
class Measures:
    """The mean over pairs of maps of each measure; NaN where no pair has one.

    Attributes:
        ssim: structural similarity, see `ssim`; NaN on maps smaller than 3 x 3.
        spearman: rank correlation over all values of the map, ties at their average rank, -1 to 1.
        top: share of the strongest pixels that two maps have in common, see `top_places`; chance gives the share
            itself (0.1 for the top 10%).
        cosine: of the raw maps, -1 to 1.
    """

    ssim: float
    spearman: float
    top: float
    cosine: float


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """The similarities of one image's maps.

    Attributes:
        pairwise: over pairs of members.
        to_mean: of each member with the mean of the *other* members (with its own map in the mean, a member would be
            compared with itself: pure noise of E members would have a cosine of 1/sqrt E).
        members: those whose map is not all zeros; the others count nowhere.
        ssim_pairs: how many pairs the pairwise SSIM is the mean of; the other measures use all pairs.
    """

    pairwise: Measures
    to_mean: Measures
    members: int
    ssim_pairs: int


def similarity(
    maps: Float[Tensor, "E C h w"], *, seed: int, top: float = 0.1, most_pairs: int = 128
) -> Similarity:  # fmt: skip
    """Return how alike the members' maps of one image are, pairwise and each to the mean of the others.

    Members whose map is all zeros are left out; with fewer than two others everything is NaN. The mean is the plain
    mean of the maps as given. 16 members of 3 x 32 x 32 take 26 ms on one thread of a shared CPU (torch 2.15, mean of
    20), half of it for SSIM.

    Args:
        maps: raw or in a view, finite, any floating dtype.
        seed: draws the pairs for SSIM where there are more than `most_pairs`.
        top: share of the pixels that count as the strongest, between 0 and 1.
        most_pairs: the largest number of pairs for which SSIM is computed.

    Raises:
        UsageError: maps of another shape, fewer than two members, or `top` outside 0 to 1.

    >>> maps = torch.tensor([[1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 5.0, 9.0]]).reshape(2, 1, 2, 2)
    >>> similarity(maps, seed=0).pairwise.spearman
    1.0
    """
    if maps.ndim != 4 or len(maps) < 2:
        raise UsageError(f"maps of shape {list(maps.shape)}: need [members, channels, h, w] with at least 2 members")
    maps = maps.detach().to(device="cpu", dtype=torch.float64)
    maps = maps[maps.flatten(1).any(1)]
    members = len(maps)
    others = _mean_of_others(maps)
    first, second = torch.triu_indices(members, members, 1)
    drawn = _sample(len(first), most_pairs, seed)
    count = top_count(maps, top)
    views = [
        (_unit_ranks(maps), _unit_ranks(others)),
        (top_places(maps, top) / math.sqrt(count), top_places(others, top) / math.sqrt(count)),
        (_unit(maps), _unit(others)),
    ]
    pairwise = [_mean((unit @ unit.mT)[first, second]) for unit, _ in views]
    to_mean = [_mean((unit * other_unit).sum(-1)) for unit, other_unit in views]
    scaled = _to_range(maps)
    return Similarity(
        pairwise=_measures(_ssim_of_pairs(scaled, first[drawn], second[drawn]), *pairwise),
        to_mean=_measures(ssim(scaled, _to_range(others)), *to_mean),
        members=members,
        ssim_pairs=len(drawn),
    )


def ranks(rows: Float[Tensor, "N P"]) -> Float[Tensor, "N P"]:
    """Return the rank of each value in its row, from 1; equal values share the mean of their ranks.

    >>> ranks(torch.tensor([[5.0, 0.0, 5.0]])).tolist()
    [[2.5, 1.0, 2.5]]
    """
    order = torch.from_numpy(rows.numpy().argsort(-1))  # numpy's takes a third of torch's time
    ordered = rows.gather(-1, order)
    index = torch.arange(rows.shape[-1])
    step = ordered.diff(dim=-1) != 0
    edge = torch.ones_like(step[:, :1])
    first = torch.where(torch.cat([edge, step], -1), index, 0).cummax(-1).values
    last = torch.where(torch.cat([step, edge], -1), index, len(index)).flip(-1).cummin(-1).values.flip(-1)
    return torch.empty_like(rows, dtype=torch.float64).scatter_(-1, order, (first + last).double() / 2 + 1)


def spearman_matrix(rows: Float[Tensor, "E P"]) -> Float[Tensor, "E E"]:
    """Return the rank correlation of every pair of maps, -1 to 1; NaN with a constant map, itself included.

    >>> round(spearman_matrix(torch.tensor([[1.0, 2.0, 3.0], [9.0, 4.0, 1.0]]))[0, 1].item(), 9)
    -1.0
    """
    unit = _unit_ranks(rows)
    return (unit @ unit.mT).clamp(-1, 1)


def top_count(maps: Float[Tensor, "N C h w"], top: float) -> int:
    """Return how many pixels count as the strongest: the share `top`, rounded, at least one.

    Raises:
        UsageError: the share is not between 0 and 1.

    >>> top_count(torch.ones(1, 3, 4, 4), 0.1)
    2
    """
    if not 0 < top <= 1:
        raise UsageError(f"a share of {top} for the strongest pixels: choose one above 0 and up to 1, such as 0.1")
    return max(1, round(top * maps.shape[-1] * maps.shape[-2]))


def top_places(maps: Float[Tensor, "N C h w"], top: float) -> Float[Tensor, "N P"]:
    """Return which pixels are the strongest, as weights of 0 to 1 that sum to `top_count`.

    A pixel's strength is the sum over channels of *absolute* values: evidence against the class marks a pixel as much
    as evidence for it (and a gradient's sign says only whether brighter or darker); disagreement about the sign shows
    in the cosine. Pixels that tie for the last places share them equally, so that the product of two maps' weights is
    the overlap expected under random, independent tie-breaking: the zeros of a rectified map win no agreement.

    >>> top_places(torch.tensor([[[[3.0, -4.0], [1.0, 0.0]]]]), 0.5).tolist()
    [[1.0, 1.0, 0.0, 0.0]]
    """
    count = top_count(maps, top)
    strength = maps.abs().sum(1).flatten(1)
    last = strength.topk(count, dim=-1).values[:, -1:]
    above, tied = (strength > last).double(), (strength == last).double()
    return above + tied * (count - above.sum(-1, keepdim=True)) / tied.sum(-1, keepdim=True)


def ssim(a: Float[Tensor, "N C h w"], b: Float[Tensor, "N C h w"]) -> Float[Tensor, " N"]:
    """Return the structural similarity of N pairs of maps in the range -1 to 1, averaged over channels and windows.

    It equals `skimage.metrics.structural_similarity(a, b, data_range=2)`: uniform windows of 7 x 7 (the largest odd
    size that fits on smaller maps) wholly inside the map, sample covariances, K1 = 0.01, K2 = 0.03. NaN below 3 x 3.

    Wang, Bovik, Sheikh and Simoncelli, "Image Quality Assessment: From Error Visibility to Structural Similarity",
    IEEE TIP 2004, doi:10.1109/TIP.2003.819861.

    >>> ssim(torch.eye(4)[None, None], torch.eye(4)[None, None]).item()
    1.0
    """
    window = _window(a)
    if window < SMALLEST_WINDOW:
        return torch.full((len(a),), torch.nan, dtype=a.dtype)
    return _ssim(_moments(a, window), _moments(b, window), _box(a * b, window), window)


def _ssim_of_pairs(maps: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Return `ssim` of the pairs, with each member's own moments computed once."""
    window = _window(maps)
    if window < SMALLEST_WINDOW or not len(first):
        return torch.full((len(first),), torch.nan, dtype=maps.dtype)
    mean, square = _moments(maps, window)
    size = max(1, CHUNK // maps[0].numel())
    return torch.cat(
        [
            _ssim((mean[i], square[i]), (mean[j], square[j]), _box(maps[i] * maps[j], window), window)
            for i, j in zip(torch.split(first, size), torch.split(second, size), strict=True)
        ]
    )


def _ssim(a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor], product: Tensor, window: int) -> Tensor:
    (mean_a, square_a), (mean_b, square_b) = a, b
    sample = window**2 / (window**2 - 1)
    c1, c2 = (0.01 * RANGE) ** 2, (0.03 * RANGE) ** 2
    means, energies = mean_a * mean_b, mean_a.square() + mean_b.square()
    covariance = sample * (product - means)
    variances = sample * (square_a + square_b - energies)
    return ((2 * means + c1) * (2 * covariance + c2) / ((energies + c1) * (variances + c2))).mean((-3, -2, -1))


def _window(maps: Tensor) -> int:
    side: int = min(maps.shape[-1], maps.shape[-2], LARGEST_WINDOW)
    return side if side % 2 else side - 1


def _moments(maps: Tensor, window: int) -> tuple[Tensor, Tensor]:
    return _box(maps, window), _box(maps.square(), window)


def _box(maps: Tensor, window: int) -> Tensor:
    """Return means over all windows inside the map: sums of shifted slices cost half of two `avg_pool2d`."""
    for axis in (-2, -1):
        count = maps.shape[axis] - window + 1
        total = maps.narrow(axis, 0, count).clone()
        for shift in range(1, window):
            total += maps.narrow(axis, shift, count)
        maps = total / window
    return maps


def _to_range(maps: Tensor) -> Tensor:
    """Return each map divided by its largest absolute value; float32 is enough for SSIM, and twice as fast."""
    return (maps / maps.abs().amax((-3, -2, -1), keepdim=True)).float()


def _mean_of_others(maps: Tensor) -> Tensor:
    """Return for each member the mean map of the others; NaN for a single one."""
    members = len(maps)
    stay = (1 - torch.eye(members, dtype=maps.dtype)) / (members - 1 if members > 1 else math.nan)
    others: Tensor = stay @ maps.flatten(1)
    return others.reshape(maps.shape)


def _unit(maps: Tensor) -> Float[Tensor, "N P"]:
    return F.normalize(maps.flatten(1), dim=-1, eps=0.0)


def _unit_ranks(maps: Tensor) -> Float[Tensor, "N P"]:
    """Return centred ranks of unit norm; NaN for a constant map."""
    ranked = ranks(maps.flatten(1))
    return _unit(ranked - ranked.mean(-1, keepdim=True))


def _sample(count: int, most: int, seed: int) -> Tensor:
    """Return the indices of at most `most` of `count` pairs, drawn without replacement."""
    if count <= most:
        return torch.arange(count)
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))[:most]


def _measures(structural: Tensor, spearman: float, top: float, cosine: float) -> Measures:
    return Measures(ssim=_mean(structural), spearman=spearman, top=top, cosine=cosine)


def _mean(values: Tensor) -> float:
    return float(values.nanmean())
