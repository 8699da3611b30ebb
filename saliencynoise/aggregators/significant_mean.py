"""The mean over members, at the pixels where it is significant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from saliencynoise.aggregators.kept import KeptMaps
from saliencynoise.records.numbers import FALSE_DISCOVERY_RATE
from saliencynoise.statistics.pixels import significant_pixels
from saliencynoise.statistics.signs import with_null

if TYPE_CHECKING:
    from jaxtyping import Float64
    from torch import Tensor


@dataclass(frozen=True)
class SignificantMean(KeptMaps):
    """Mean of the members' raw maps at the pixels where it differs from zero, zero elsewhere.

    Each pixel (of each channel) is tested by a moderated t over the members (`saliencynoise.statistics.pixels`), and
    the p values are adjusted for their number. Of the pixels that stay, about `rate` at most are there by chance. The
    share of them grows with the number of members: compare at equal numbers only. Maps of one sign, which have no zero
    to be compared with, are tested less their own means. Keeps all maps: memory O(E) an
    image. Needs 2 members.

    Source: Benjamini and Hochberg, *Controlling the False Discovery Rate*, 1995,
    doi:10.1111/j.2517-6161.1995.tb02031.x.

    Attributes:
        rate: the false discovery rate, above 0 and below 1.

    >>> significant = SignificantMean()
    >>> state = significant.init((2,))
    >>> for values in ([2.0, -1.0], [2.1, 3.0], [1.9, -1.5], [2.0, 0.5]):
    ...     state = significant.update(state, torch.tensor(values))
    >>> significant.result(state)
    tensor([2., 0.])
    """

    what: ClassVar[str] = "the significant mean"
    least: ClassVar[int] = 2
    rate: float = FALSE_DISCOVERY_RATE

    def __post_init__(self) -> None:
        """Refuse impossible values."""
        if not 0 < self.rate < 1:
            raise ValueError(f"rate={self.rate} is not possible; give a rate above 0 and below 1")

    def of(self, ordered: Float64[Tensor, "E ..."]) -> Float64[Tensor, "*shape"]:
        """Return the mean where it is significant, and 0 elsewhere."""
        mean = ordered.mean(0)
        tested = with_null(ordered) if ordered.ndim > 2 else ordered
        return mean.where(significant_pixels(tested.flatten(1), rate=self.rate).significant.view(mean.shape), 0.0)
