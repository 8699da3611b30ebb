"""Snapshots: the ends of the cycles of one training run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from saliencynoise.interfaces import Sample, Sampler, TrainingRun
from saliencynoise.samplers.weights import copied, refuse_unless


@dataclass(frozen=True)
class Snapshot(Sampler):
    """Networks that one run passes through: in each cycle the rate falls from its peak to zero, then starts again.

    A run's first n members cost n cycles. Each cycle sees images in an order and with augmentations of its own.

    Source: Huang et al. 2017, arXiv:1704.00109, who train by SGD, where most recipes have AdamW; the optimiser starts
    again in each cycle.

    Attributes:
        cycles: of a run, each of which gives a member.
        share: length of a cycle, as a share of the recipe's epochs; an epoch at least.
    """

    cycles: int = 4
    share: float = 0.5

    def __post_init__(self) -> None:
        """Refuse impossible numbers."""
        refuse_unless(self.cycles >= 1, "snapshot", "cycles", self.cycles, "1 or more")
        refuse_unless(self.share > 0, "snapshot", "share", self.share, "more than 0")

    @property
    def per_run(self) -> int:
        """Return the number of cycles."""
        return self.cycles

    def members(self, run: TrainingRun) -> Iterator[Sample]:
        """Yield the weights after each cycle."""
        epochs = max(1, round(self.share * run.epochs))
        module = run.build()
        for cycle in range(self.cycles):
            streams = dict.fromkeys(("order", "augment", "dropout"), f"{run.index}-cycle-{cycle}")
            run.train(module, epochs=epochs, schedule="cosine", streams=streams)
            yield Sample(weights=copied(module))
