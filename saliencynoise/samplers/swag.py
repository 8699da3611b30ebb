"""A Gaussian around the averaged weights of a training run that continues at a constant rate."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import Sample, Sampler, TrainingRun
from saliencynoise.samplers.weights import copied, normal_like, parameters, places, refuse_unless, write

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Generator, Tensor, nn

COLLECTIONS = 20
"""The number of collections of the weights, at regular steps; Maddox et al. collect 20 to 30 times, once an epoch."""


@dataclass(eq=False)
class Moments:
    """Moments of the collected weights: for each tensor its mean, its spread, its last deviations.

    Attributes:
        rank: how many deviations are kept.
        collected: how often weights were collected.
        mean: of each tensor.
        scatter: sum of squared deviations from the mean, in float64: differences of means of squares would drown it.
        deviations: from the running mean, of each tensor at the last `rank` collections.
    """

    rank: int
    collected: int = 0
    mean: list[Float[Tensor, "*p"]] = field(default_factory=list)
    scatter: list[Float[Tensor, "*p"]] = field(default_factory=list)
    deviations: list[list[Float[Tensor, "*p"]]] = field(default_factory=list)

    def collect(self, values: Sequence[Tensor]) -> None:
        """Take one more state of the weights into account (Welford's update)."""
        doubles = [value.detach().double() for value in values]
        if not self.collected:
            self.mean = [torch.zeros_like(value) for value in doubles]
            self.scatter = [torch.zeros_like(value) for value in doubles]
        self.collected += 1
        before = [value - mean for value, mean in zip(doubles, self.mean, strict=True)]
        self.mean = [mean + gap / self.collected for mean, gap in zip(self.mean, before, strict=True)]
        after = [value - mean for value, mean in zip(doubles, self.mean, strict=True)]
        self.scatter = [total + b * a for total, b, a in zip(self.scatter, before, after, strict=True)]
        self.deviations.append([gap.float() for gap in after])
        del self.deviations[: -self.rank]

    def draw(self, generator: Generator) -> list[Float[Tensor, "*p"]]:
        """Return a draw: mean + (sqrt(variance) z + D z' / sqrt(K - 1)) / sqrt(2), K the deviations that are kept."""
        kept = len(self.deviations)
        shared = torch.randn(kept, generator=generator) / math.sqrt(2 * max(1, kept - 1))
        drawn = []
        for index, (mean, scatter) in enumerate(zip(self.mean, self.scatter, strict=True)):
            diagonal = (scatter / self.collected / 2).sqrt() * normal_like(mean, generator)
            low_rank = sum(float(z) * gaps[index].double() for z, gaps in zip(shared, self.deviations, strict=True))
            drawn.append(mean + diagonal + low_rank)
        return drawn


@dataclass(frozen=True)
class Swag(Sampler):
    """Draws from a Gaussian that is fitted to the weights which a trained network takes as training continues.

    Half of the covariance is the variance of each weight, half that of the last deviations together; batch norms'
    running statistics are estimated again for each draw. On digits, test_resnet, 8 draws, a rate of 0.5 gives an
    accuracy of 0.991 (0.990 for newly trained networks) and 1.0 one of 0.974; lower rates draw networks that are all
    but the same.

    Source: Maddox et al. 2019, arXiv:1902.02476, who train by SGD, where most recipes have AdamW.

    Attributes:
        epochs: number of epochs of further training; 0 for half of the recipe's, but at least one.
        rank: deviations that are kept, 20 at most: so much more memory than one network it takes.
        learning_rate: the constant rate, as a factor of the recipe's peak.
        members_a_run: draws from one Gaussian; 0 for all of them from one.
    """

    epochs: int = 0
    rank: int = 10
    learning_rate: float = 0.5
    members_a_run: int = 0

    def __post_init__(self) -> None:
        """Refuse impossible numbers."""
        refuse_unless(self.epochs >= 0, "swag", "epochs", self.epochs, "1 or more, or 0")
        refuse_unless(2 <= self.rank <= COLLECTIONS, "swag", "rank", self.rank, f"2 to {COLLECTIONS}")
        refuse_unless(self.learning_rate > 0, "swag", "learning_rate", self.learning_rate, "more than 0")
        refuse_unless(self.members_a_run >= 0, "swag", "members_a_run", self.members_a_run, "1 or more, or 0 for all")

    @property
    def per_run(self) -> int | None:
        """Return the number of draws from one Gaussian."""
        return self.members_a_run or None

    def members(self, run: TrainingRun) -> Iterator[Sample]:
        """Yield the draws."""
        module = run.trained()
        moments = self.fitted(run, module)
        for index in places(self.members_a_run):
            write(module, moments.draw(run.generator(index)))
            run.refresh_batch_norm(module)
            yield Sample(weights=copied(module))

    def fitted(self, run: TrainingRun, module: nn.Module) -> Moments:
        """Train a network further, and return the moments of its weights on the way."""
        moments = Moments(rank=self.rank)

        def collect(done: int, steps: int) -> None:
            if done * COLLECTIONS // steps > (done - 1) * COLLECTIONS // steps:
                moments.collect(parameters(module))

        run.train(
            module,
            epochs=self.epochs or max(1, run.epochs // 2),
            learning_rate=self.learning_rate,
            schedule="constant",
            streams=dict.fromkeys(("order", "augment", "dropout"), f"{run.index}-swag"),
            after_step=collect,
        )
        return moments
