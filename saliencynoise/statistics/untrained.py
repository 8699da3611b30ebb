"""A floor of r from untrained networks: a test whether a cell's r is above their agreement."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from saliencynoise.statistics.groups import variance_of_mean
from saliencynoise.statistics.jackknife import jackknife_variance, two_sided_p

if TYPE_CHECKING:
    from saliencynoise.statistics.intervals import Pooled

LEVEL = 0.01
"""Level of the one-sided test that a cell agrees more than untrained networks; a table makes many such tests."""


def excess_p(trained: Pooled, untrained: Pooled) -> float | None:
    """Return the one-sided p-value of a larger mean cosine than that of other, untrained networks.

    The difference of the cosines over its standard error: the jackknife variances of both sets of members, and the
    paired variance over images (over groups of them, where `trained` has any), with degrees of freedom by
    Satterthwaite. On cosines, since r of untrained networks may well be negative, where it has no logarithm.

    Args:
        trained: r pooled over images, as from `pooled_snr`: `per_image` is c.
        untrained: the same of untrained networks, on the same images in the same order.

    Returns:
        None below 3 members, since the spread of members is then unknown.

    >>> import torch
    >>> from saliencynoise.statistics.snr import pooled_snr
    >>> noise = torch.eye(4).double().expand(5, 4, 4)
    >>> excess_p(pooled_snr(noise + 1), pooled_snr(noise)) < 0.001
    True
    """
    if min(trained.members, untrained.members) < 3:
        return None
    difference = float(trained.per_image.mean() - untrained.per_image.mean())
    parts = [(jackknife_variance(figure.without.nanmean(0)), figure.members - 1.0) for figure in (trained, untrained)]
    if trained.images > 1:
        parts.append(variance_of_mean(trained.per_image - untrained.per_image, trained.groups))
    p = two_sided_p(difference, parts) / 2
    if math.isnan(p):
        return None
    return p if difference > 0 else 1 - p
