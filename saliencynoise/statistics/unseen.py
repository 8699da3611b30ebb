"""A lower end of r that allows for a second mode of networks that no member shows.

Networks may fall into two groups that explain an image differently. A group that is a share p of the population is
missed by all E members with probability (1 - p)^E, and the interval of r then speaks of the other group alone. With
p = 1 - .05^(1/E) that happens in one study of twenty. If a pair of networks of different groups had nothing in common,
c would be ((1 - p)^2 + p^2) times that of one group: the lower end of c may have to fall by that factor.

Coverage at E = 8 / 16 / 30, of the interval and of this (300 studies): modes 80/20 .68 / .88 / .93 and .85 / .89 / .94,
modes 90/10 .77 / .78 and .97 / .94 at E = 8 / 16. It halves the lower end, so it is a second line and not the interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saliencynoise.statistics.intervals import Interval


@dataclass(frozen=True, kw_only=True)
class UnseenMode:
    """The second line.

    Attributes:
        share: p, of the population, of the largest mode that may have gone unseen.
        low: lower end of r that allows for it.
    """

    share: float
    low: float


def unseen_share(members: int) -> float:
    """Return the share of a mode of which no member is drawn in one study of twenty.

    >>> [round(unseen_share(members), 2) for members in (8, 16, 30)]
    [0.31, 0.17, 0.1]
    """
    return float(1 - 0.05 ** (1 / members))


def allow_for_unseen_mode(interval: Interval | None, *, members: int) -> UnseenMode | None:
    """Return the lower end of r if a mode went unseen; None without an interval.

    An end that is not above 0 stays as it is.

    >>> from saliencynoise.statistics.intervals import Interval
    >>> result = allow_for_unseen_mode(Interval(low=1.0, high=2.0, question="both", df=7), members=8)
    >>> round(result.low, 2)
    0.4
    """
    if interval is None:
        return None
    share = unseen_share(members)
    if interval.low <= 0:
        return UnseenMode(share=share, low=interval.low)
    cosine = 1.0 if interval.low == float("inf") else interval.low / (1 + interval.low)
    cosine *= (1 - share) ** 2 + share**2
    return UnseenMode(share=share, low=cosine / (1 - cosine))
