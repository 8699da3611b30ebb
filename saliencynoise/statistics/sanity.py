"""Verdicts on whether a method's map needs training: do trained and other networks agree on the same signal?

After the randomisation tests of Adebayo et al. 2018, arXiv:1810.03292: a map that untrained networks (or networks
trained on permuted labels) show as well explains nothing that was learned, however little noise is in it. There single
maps are compared; here signals are, the parts that all networks of an ensemble share, so that noise does not pass for a
difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from saliencynoise.statistics.groups import variance_of_mean
from saliencynoise.statistics.intervals import INDICATIVE_BELOW, Interval, Pooled
from saliencynoise.statistics.jackknife import jackknife_variance, t_interval, two_sided_p

if TYPE_CHECKING:
    from saliencynoise.statistics.agreement import Agreement

SanityVerdict = Literal["depends", "does not depend", "in part", "undetermined"]

SAME = math.sqrt(0.5)
"""Cosine above which more than half of a signal's energy is along the other signal."""


@dataclass(frozen=True, kw_only=True)
class CosineDifference:
    """The mean cosine between maps of trained networks, less that of other networks.

    This cosine is the reliability of one map, SNR/(1 + SNR). It is defined where the SNR is 0.

    Attributes:
        value: the difference, above 0 where the trained networks agree more.
        interval: of the difference.
        p: two-sided p-value of no difference.
        p_holm: the same, corrected for all differences that were tested together.
    """

    value: float
    interval: Interval
    p: float
    p_holm: float


def cosine_difference(trained: Pooled, other: Pooled) -> CosineDifference:
    """Return the difference of two ensembles' mean cosines on the same images, with a t interval and a p-value.

    The variance is the sum of both jackknife variances over members, and that of the paired difference over images.

    Args:
        trained: as from `pooled_snr`: `per_image` is the mean cosine of each image.
        other: the same of other networks, on the same images in the same order.

    >>> import torch
    >>> from saliencynoise.statistics import gram_matrix
    >>> from saliencynoise.statistics.snr import pooled_snr
    >>> generator = torch.Generator().manual_seed(0)
    >>> noise, signal = torch.randn(8, 16, 256, generator=generator), torch.randn(16, 256, generator=generator)
    >>> found = cosine_difference(pooled_snr(gram_matrix(signal + noise)), pooled_snr(gram_matrix(noise)))
    >>> 0.4 < found.value < 0.6, found.p < 0.001
    (True, True)
    """
    difference = trained.per_image - other.per_image
    parts: list[tuple[float, float]] = [
        (jackknife_variance(figure.without.nanmean(0)), figure.members - 1) for figure in (trained, other)
    ]
    if trained.images > 1:
        parts.append(variance_of_mean(difference, trained.groups))
    few = min(trained.members, other.members) < INDICATIVE_BELOW
    value, p = float(difference.mean()), two_sided_p(float(difference.mean()), parts)
    interval = t_interval(
        value,
        parts,
        question="both" if trained.images > 1 else "members",
        note=f"indicative: fewer than {INDICATIVE_BELOW} members" if few else "",
    )
    return CosineDifference(value=value, interval=interval, p=p, p_holm=p)


def sanity_verdict(
    trained: Interval | None, other: Interval | None, agreement: Agreement, *, more: bool
) -> SanityVerdict:
    """Return whether the trained networks' signal depends on their training, which the other networks lack.

    - "depends": the interval of the other networks' r reaches 0, and either it is below that of the trained ones, or
      the test says that the trained ones agree more; or both have a signal, and the whole interval of the cosine
      between the two is below `SAME`.
    - "does not depend": both have a signal, and the whole interval of that cosine is above `SAME`.
    - "in part": the interval of the cosine holds `SAME`.
    - "undetermined": an interval is missing; or that of the trained networks' r includes 0, so that nothing can be
      checked; or the others' r may be 0 and may be as large as that of the trained.

    Args:
        trained: the interval of r of the trained networks.
        other: the same of the networks that are untrained, or trained on permuted labels.
        agreement: of the two ensembles' mean maps, corrected for noise.
        more: whether the corrected test says that the trained networks agree more than the others.

    >>> from saliencynoise.statistics.agreement import Agreement
    >>> from saliencynoise.statistics.intervals import Interval
    >>> one, same = (Interval(low=low, high=low + 0.2, question="both", df=7.0) for low in (0.3, 0.8))
    >>> sanity_verdict(one, one, Agreement(value=0.9, interval=same, raw=0.5, images=32), more=False)
    'does not depend'
    """
    if trained is None or other is None or trained.low <= 0:
        return "undetermined"
    if other.low <= 0:
        return "depends" if more or other.high < trained.low else "undetermined"
    cosine = agreement.interval
    if cosine is None:
        return "undetermined"
    if cosine.low > SAME:
        return "does not depend"
    return "depends" if cosine.high < SAME else "in part"
