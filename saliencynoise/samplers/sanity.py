"""Networks that have learned nothing about the images: their maps contain no explanation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from saliencynoise.interfaces import Sample, Sampler, TrainingRun, UsageError


@dataclass(frozen=True)
class Untrained(Sampler):
    """Networks with their initial weights.

    Source: the model randomisation test of Adebayo et al. 2018, arXiv:1810.03292.
    """

    @property
    def trains(self) -> bool:
        """Return that nothing is trained."""
        return False

    def members(self, run: TrainingRun) -> Iterator[Sample]:
        """Yield the run's network as it was built; batch norms know the images' statistics, or logits vanish."""
        module = run.build()
        run.refresh_batch_norm(module)
        yield Sample(weights=module.state_dict())


@dataclass(frozen=True)
class PermutedLabels(Sampler):
    """Networks trained on the training images with their labels permuted, the same way for all members.

    Source: the data randomisation test of Adebayo et al. 2018, arXiv:1810.03292, who train until such labels are
    known by heart; `epochs` beyond the recipe's go in that direction.

    Attributes:
        epochs: passes over the training images; 0 for the recipe's.
    """

    epochs: int = 0

    def __post_init__(self) -> None:
        """Refuse impossible numbers."""
        if self.epochs < 0:
            raise UsageError(f"permuted_labels: epochs={self.epochs} is not possible; give 1 or more, or 0")

    def members(self, run: TrainingRun) -> Iterator[Sample]:
        """Yield the run's network."""
        shuffle = torch.Generator().manual_seed(0)
        labels = run.labels[torch.randperm(len(run.labels), generator=shuffle)]
        module = run.build()
        run.train(module, epochs=self.epochs or None, labels=labels)
        yield Sample(weights=module.state_dict())
