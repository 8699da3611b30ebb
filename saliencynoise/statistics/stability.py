"""Earlier measures of whether retrained networks explain alike: MeGe, ReCo, and the coefficient of variation.

Fel, Vigouroux, Cadène and Serre, "How Good is your Explanation? Algorithmic Stability Measures to Assess the Quality of
Explanations for Deep Neural Networks", WACV 2022, arXiv:2009.04521. They train k networks, each without one of k folds,
and compare two networks on images that one of them was not trained on. Here all members are trained on the same images
and compared on images that none of them saw: the start varies, not the data. So the numbers are comparable in
kind with theirs, and not equal. Neither measure has a noise floor of zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Stability:
    """MeGe and ReCo of a set of images.

    Attributes:
        mege: mean generalizability, 0 to 1; NaN where no two members are both correct on an image.
        reco: relative consistency, 0 to 1; NaN where no pair of members disagrees (or none agrees).
        agreeing: number of distances in S(both), over pairs and images.
        disagreeing: number of distances in S(one).
    """

    mege: float
    reco: float
    agreeing: int
    disagreeing: int


def spearman_distance(correlation: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """Return sqrt(1 - |rho|), 0 to 1: the distance in the authors' own implementation (Xplique's `MeGe`).

    The sign of the correlation is lost: a map and its negative are at distance 0. NaN stays NaN.

    >>> spearman_distance(torch.tensor([-1.0, 0.75])).tolist()
    [0.0, 0.5]
    """
    return (1 - correlation.abs()).clamp(min=0).sqrt()


def stability(distance: Float[Tensor, "B E E"], correct: Bool[Tensor, "B E"]) -> Stability:
    """Return MeGe = 1 / (1 + mean S(both)) and ReCo = max over gamma of TPR + TNR - 1.

    S(both) holds the distances of pairs that both classify the image correctly, S(one) of those of which exactly one
    does; pairs that are both wrong count nowhere. TPR is the share of S(both) up to gamma, TNR that of S(one) above it:
    ReCo is how well the distance of two maps shows whether the networks agree. Pairs without a distance (NaN: a map
    without variation) are left out, as by the authors.

    Args:
        distance: of each pair of members per image, symmetric; the authors' is `spearman_distance`.
        correct: which members classify which image correctly.

    Raises:
        UsageError: the shapes do not belong together.

    >>> distance = torch.tensor([[[0.0, 0.25, 0.5], [0.25, 0.0, 0.5], [0.5, 0.5, 0.0]]])
    >>> stability(distance, torch.tensor([[True, True, False]])).mege
    0.8
    """
    if distance.shape != (*correct.shape, correct.shape[-1]):
        raise UsageError(
            f"distances {list(distance.shape)} and correct {list(correct.shape)}: need [images, members, members] and "
            "[images, members]"
        )
    first, second = torch.triu_indices(correct.shape[1], correct.shape[1], 1)
    values = distance[:, first, second]
    known = ~values.isnan()
    same = values[known & correct[:, first] & correct[:, second]]
    different = values[known & (correct[:, first] ^ correct[:, second])]
    return Stability(
        mege=1 / (1 + float(same.mean())) if len(same) else math.nan,
        reco=_relative_consistency(same, different) if len(same) and len(different) else math.nan,
        agreeing=len(same),
        disagreeing=len(different),
    )


def coefficient_of_variation(maps: Float[Tensor, "E P"]) -> float:
    """Return the median over pixels of s/abs(m), members' unbiased standard deviation over their absolute mean.

    In 0 to infinity (of an even number of pixels the lower middle one); pixels with m = s = 0 are left out, NaN where
    that is all. Pure noise gives the median of sqrt(E) / abs(t), t with E - 1 degrees of freedom: 1.41 sqrt E at E = 8.
    The number grows with E without any change in the maps.

    >>> round(coefficient_of_variation(torch.tensor([[1.0, 0.0, 2.0], [3.0, 0.0, 2.0]])), 3)
    0.0
    """
    maps = maps.to(torch.float64)
    spread, mean = maps.std(0), maps.mean(0).abs()
    used = (spread > 0) | (mean > 0)
    return float((spread / mean)[used].median()) if bool(used.any()) else math.nan


def _relative_consistency(same: Tensor, different: Tensor) -> float:
    """Return the largest gap between the two distribution functions, over all thresholds that occur."""
    gamma = torch.cat([same, different])
    same_share = torch.searchsorted(same.sort().values, gamma, right=True) / len(same)
    different_share = torch.searchsorted(different.sort().values, gamma, right=True) / len(different)
    return float((same_share - different_share).max())
