"""Verdicts on whether a method's map needs training: do trained and other networks agree on the same signal?

After the randomisation tests of Adebayo et al. 2018, arXiv:1810.03292: a map that untrained networks (or networks
trained on permuted labels) show as well explains nothing that was learned, however little noise is in it. There single
maps are compared; here signals are, the parts that all networks of an ensemble share, so that noise does not pass for a
difference.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from saliencynoise.statistics.agreement import Agreement
    from saliencynoise.statistics.intervals import Interval

SanityVerdict = Literal["depends", "does not depend", "in part", "no signal", "undetermined"]

SAME = math.sqrt(0.5)
"""Cosine above which more than half of a signal's energy is along the other signal."""


def sanity_verdict(trained: Interval | None, other: Interval | None, agreement: Agreement) -> SanityVerdict:
    """Return whether the trained networks' signal depends on their training, which the other networks lack.

    - "no signal": the interval of the trained networks' r reaches 0, there is nothing to check.
    - "depends": the interval of the other networks' r is below that of the trained ones and reaches 0; or both have a
      signal, and the whole interval of the cosine between the two is below `SAME`.
    - "does not depend": both have a signal, and the whole interval of that cosine is above `SAME`.
    - "in part": the interval of the cosine holds `SAME`.
    - "undetermined": an interval is missing, or the others' r may be 0 and may be as large as that of the trained.

    Args:
        trained: the interval of r of the trained networks.
        other: the same of the networks that are untrained, or trained on permuted labels.
        agreement: of the two ensembles' mean maps, corrected for noise.

    >>> from saliencynoise.statistics.agreement import Agreement
    >>> from saliencynoise.statistics.intervals import Interval
    >>> one, same = (Interval(low=low, high=low + 0.2, question="both", df=7.0) for low in (0.3, 0.8))
    >>> sanity_verdict(one, one, Agreement(value=0.9, interval=same, raw=0.5, images=32))
    'does not depend'
    """
    if trained is None or other is None:
        return "undetermined"
    if trained.low <= 0:
        return "no signal"
    if other.low <= 0:
        return "depends" if other.high < trained.low else "undetermined"
    cosine = agreement.interval
    if cosine is None:
        return "undetermined"
    if cosine.low > SAME:
        return "does not depend"
    return "depends" if cosine.high < SAME else "in part"
