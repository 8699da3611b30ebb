"""The trained members of a study: the ensemble's vote, and the members that a reader must be warned of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

import torch

from saliencynoise.data.chance import CHANCE_LEVEL, largest_share, p_by_chance, too_few
from saliencynoise.store.pool import MemberRecord, Pool

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Votes:
    """What the members make of the attributed images.

    Attributes:
        predicted: `[B]`, the ensemble's class: the largest mean probability.
        correct: `[B, E]`, which members give the true label.
    """

    predicted: Int[Tensor, " B"]
    correct: Bool[Tensor, "B E"]

    @property
    def members_correct(self) -> Int[Tensor, " B"]:
        """How many members give the true label."""
        return self.correct.sum(1)


def votes(pool: Pool, members: Sequence[int], images: Tensor, labels: Tensor) -> Votes:
    """Return the votes of a pool's members on the test images at `images`."""
    logits: Float[Tensor, "E B K"] = torch.stack([pool.logits(member)[images] for member in members])
    return Votes(
        predicted=logits.double().softmax(-1).mean(0).argmax(-1),
        correct=(logits.argmax(-1) == labels).T,
    )


def flags(records: Sequence[MemberRecord], test_labels: Tensor) -> Mapping[int, str]:
    """Return, for each member that may have failed, why: a failed network looks like noise.

    A member is flagged if its accuracy is not above chance (a one-sided binomial test against the largest class), or
    lies below the median by more than 3 points and more than 4 robust standard deviations (1.4826 times the median
    absolute deviation). None is flagged where there are too few test images to tell.
    """
    if too_few(test_labels):
        return {}
    accuracies = [record.accuracy for record in records]
    middle = median(accuracies)
    spread = 1.4826 * median(abs(accuracy - middle) for accuracy in accuracies)
    lowest = middle - max(0.03, 4 * spread)
    found = {}
    for record in records:
        p = p_by_chance(round(record.accuracy * len(test_labels)), test_labels)
        if p >= CHANCE_LEVEL:
            found[record.index] = (
                f"accuracy {record.accuracy:.3f} is not above chance (largest class {largest_share(test_labels):.3f}, "
                f"{len(test_labels)} test images, p {p:.2g})"
            )
        elif record.accuracy < lowest:
            found[record.index] = f"accuracy {record.accuracy:.3f} is an outlier below the median {middle:.3f}"
    return found
