"""Do two architectures (or recipes) disagree once the noise is removed?

Two noisy mean maps correlate less than the true mean maps do. Their inner product, divided by unbiased estimates of
both signals, is the cosine between the two true mean maps (Spearman's correction for attenuation, 1904,
doi:10.2307/1412159).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.statistics.gram import diag_mean, means_without, off_mean, scale_gram
from saliencynoise.statistics.groups import Groups, chosen, variance_of_mean
from saliencynoise.statistics.intervals import Interval, claim_interval
from saliencynoise.statistics.jackknife import few_members, jackknife_variance, t_interval
from saliencynoise.statistics.snr import pooled_snr

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """The agreement of two ensembles.

    Attributes:
        value: cosine between the true mean maps, pooled over images by energy; 1 where they are the same. Not cut at
            1, so that it stays unbiased. NaN where undetermined.
        interval: for new members of both and, with several images, new images; None where undetermined.
        raw: cosine between the two mean maps as they are, pooled likewise; noise makes it smaller.
        images: B, without those on which all maps of an ensemble are zero.
        note: a caveat, or why there is no answer.
    """

    value: float
    interval: Interval | None
    raw: float
    images: int
    note: str = ""


def agreement(
    cross: Float[Tensor, "B E F"],
    gram_a: Float[Tensor, "B E E"],
    gram_b: Float[Tensor, "B F F"],
    *,
    seed: int,
    names: tuple[str, str] = ("A", "B"),
    groups: Groups | None = None,
) -> Agreement:
    """Return <m_A, m_B> / sqrt(off_A off_B), with m the mean maps and all three averaged over images.

    Every map is divided by its norm, and every image by the root of the product of both ensembles' mean energies, as
    for the headline. The variance is the sum of both jackknives over members and of the images' linearised
    contributions, degrees of freedom by Satterthwaite. Undetermined where the interval of either ensemble's r
    includes 0: a cosine needs two maps.

    Args:
        cross: inner products of A's members (rows) with B's (columns) on each image; both on one grid.
        gram_a: of the members of A, of the same maps.
        gram_b: of the members of B, none of them also in A.
        seed: of the bootstrap over images, for the intervals of r.
        names: names of the two ensembles, for the sentence.
        groups: the group of each image, where some belong together; the groups vary, not the images.

    Raises:
        UsageError: the shapes do not belong together, or no image has maps of both.

    >>> generator = torch.Generator().manual_seed(0)
    >>> true = torch.randn(16, 1, 256, generator=generator)
    >>> a, b = (true + 2 * torch.randn(16, 8, 256, generator=generator) for _ in "AB")
    >>> result = agreement(a @ b.mT, a @ a.mT, b @ b.mT, seed=0)
    >>> round(result.value, 1), round(result.raw, 1)
    (1.0, 0.7)
    """
    _check(cross, gram_a, gram_b)
    used = (diag_mean(gram_a) > 0) & (diag_mean(gram_b) > 0)
    groups = chosen(groups, used)
    cross, gram_a, gram_b = _scaled(cross.double(), gram_a.double(), gram_b.double(), used)
    a, b, product = off_mean(gram_a), off_mean(gram_b), cross.mean((-2, -1))
    mean_a, mean_b = (float(gram.mean()) for gram in (gram_a, gram_b))  # energies of the mean maps
    raw = float(product.mean()) / math.sqrt(mean_a * mean_b)
    ranges = [claim_interval(pooled_snr(gram, groups=groups), seed=seed) for gram in (gram_a, gram_b)]
    weak = [name for name, interval in zip(names, ranges, strict=True) if interval is None or interval.low <= 0]
    if weak:
        note = f"undetermined: no signal is shown in {' and '.join(weak)} (the interval of r includes 0)"
        return Agreement(value=math.nan, interval=None, raw=raw, images=len(cross), note=note)
    value = float(_disattenuated(product.mean(), a.mean(), b.mean()))
    parts: list[tuple[float, float]] = [_members_part(cross, gram_a, b), _members_part(cross.mT, gram_b, a)]
    if len(cross) > 1:
        parts.append(variance_of_mean(_contributions(product, a, b), groups))
    note = few_members(min(cross.shape[1:]))
    interval = t_interval(value, parts, question="both" if len(cross) > 1 else "members", note=note)
    return Agreement(value=value, interval=interval, raw=raw, images=len(cross), note=note)


def _check(cross: Tensor, gram_a: Tensor, gram_b: Tensor) -> None:
    images, members_a, members_b = cross.shape
    if gram_a.shape != (images, members_a, members_a) or gram_b.shape != (images, members_b, members_b):
        raise UsageError(
            f"inner products {list(cross.shape)} with Gram matrices {list(gram_a.shape)} and {list(gram_b.shape)}: "
            "need [B, E, F], [B, E, E] and [B, F, F] of the same images"
        )


def _scaled(cross: Tensor, gram_a: Tensor, gram_b: Tensor, used: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return all three for maps of unit norm and images of mean energy 1, images without maps left out."""
    if not bool(used.any()):
        raise UsageError("no image on which both ensembles have a map that is not all zeros")
    cross, gram_a, gram_b = cross[used], gram_a[used], gram_b[used]
    norm_a, norm_b = (gram.diagonal(dim1=-2, dim2=-1).sqrt() for gram in (gram_a, gram_b))
    outer = norm_a[:, :, None] * norm_b[:, None, :]
    unit_a, unit_b = scale_gram(gram_a, "unit"), scale_gram(gram_b, "unit")
    live_a, live_b = (diag_mean(gram)[:, None, None] for gram in (unit_a, unit_b))
    unit = torch.where(outer > 0, cross / outer, 0.0)
    return unit / (live_a * live_b).sqrt(), unit_a / live_a, unit_b / live_b


def _disattenuated(product: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Return product / sqrt(a b); NaN where a signal is lost."""
    return product / (a * b).sqrt()


def _members_part(cross: Float[Tensor, "B E F"], gram: Float[Tensor, "B E E"], other: Tensor) -> tuple[float, float]:
    """Return the variance over the members of one ensemble, with its degrees of freedom."""
    rows = cross.mean((0, 2))
    product = (rows.sum() - rows) / (len(rows) - 1)
    signal = means_without(gram)[1].mean(0)
    return jackknife_variance(_disattenuated(product, signal, other.mean())), len(rows) - 1


def _contributions(product: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """Return each image's linearised part in the value, by the derivatives of its logarithm."""
    value = _disattenuated(product.mean(), a.mean(), b.mean())
    root = (a.mean() * b.mean()).sqrt()
    return product / root - value / 2 * (a / a.mean() + b / b.mean())
