"""What authors of samplers implement: where the members of an ensemble come from, and what the engine offers for it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jaxtyping import Int
    from torch import Generator, Tensor, nn

Schedule = Literal["one_cycle", "cosine", "constant"]

STREAMS = ("init", "order", "augment", "dropout")
"""The streams of randomness of a training run, each with a seed: initial weights, order of the images, augmentation and
dropout."""

REST = "rest"
"""The name of all streams that are not named, which a sampler varies together, as one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """One member, as a sampler yields it.

    Attributes:
        weights: the network's whole state dictionary; the engine copies it before the sampler goes on.
        source: what it was made from, where that is not a training run: the name of a file.
        note: what a reader must know of how it was made: where its weights lay in the file, what was passed over.
    """

    weights: Mapping[str, Tensor]
    source: str = ""
    note: str = ""


class TrainingRun(Protocol):
    """One independent training run, which the engine offers to a sampler; its randomness derives from `index`.

    Attributes:
        index: of the run, from 0: that of the deep ensemble's member that shares its seeds.
        epochs: of the recipe.
        labels: `[N]`, of the training images.
    """

    index: int
    epochs: int
    labels: Int[Tensor, " N"]

    def build(self, *, init: int | str | None = None) -> nn.Module:
        """Return a new, untrained network on the run's device; `init`: derive its seed from this index instead."""
        ...

    def trained(self) -> nn.Module:
        """Return the deep ensemble's member of this index, a copy of its own; it is trained if no pool holds it.

        Its training counts as this run's cost in either case.
        """
        ...

    def train(
        self,
        module: nn.Module,
        *,
        epochs: int | None = None,
        learning_rate: float | None = None,
        schedule: Schedule = "one_cycle",
        labels: Int[Tensor, " N"] | None = None,
        streams: Mapping[str, int | str] | None = None,
        after_step: Callable[[int, int], None] | None = None,
    ) -> None:
        """Train a network in place, by the recipe where nothing else is said, and leave it in eval mode.

        Args:
            module: what `build` or `trained` returned.
            epochs: passes over the training images.
            learning_rate: the peak, as a factor of the recipe's.
            schedule: "one_cycle" (up and down, once), "cosine" (down from the peak), or "constant".
            labels: in place of the training images' own.
            streams: the index from which the seeds of "order", "augment" and "dropout" derive, where not the run's.
            after_step: called with the steps done and the steps in all.
        """
        ...

    def refresh_batch_norm(self, module: nn.Module) -> None:
        """Estimate batch norms' running statistics again from the training images; averaged weights need it."""
        ...

    def generator(self, *index: int | str) -> Generator:
        """Return a generator of random numbers for this sampler, this run and `index`, on the CPU."""
        ...


class Sampler(ABC):
    """Where members come from. A subclass is a frozen dataclass whose fields are its parameters."""

    @property
    def per_run(self) -> int | None:
        """How many members one training run gives; None if one run gives as many as are wanted."""
        return 1

    def in_runs_of(self, members: int) -> Sampler | None:
        """Return this sampler with at most `members` members per run; None if it makes all members in one run.

        A frontier compares averages of independent runs, so it needs several. A sampler whose `per_run` is a number is
        returned as it is. One of runs without end needs a field `members_a_run`, 0 for no end, which `per_run`
        returns where it is not 0; a sampler that has its number in another way overrides this method.
        """
        if self.per_run is not None:
            return self
        instance: Any = self  # a dataclass, which the type of this class does not say
        if "members_a_run" not in {field.name for field in fields(instance)}:
            return None
        limited: Sampler = replace(instance, members_a_run=members)
        return limited

    @property
    def per_block(self) -> int:
        """How many consecutive members share seeds by design; 1 where each member has seeds of its own.

        An analysis of seeds divides the members into such blocks, which share nothing with each other.
        """
        return 1

    @property
    def available(self) -> int | None:
        """How many members there are in all; None if any number can be made."""
        return None

    @property
    def input_noise(self) -> float:
        """Standard deviation of Gaussian noise that each member's images get, as a share of each image's range."""
        return 0.0

    @property
    def trains(self) -> bool:
        """Whether members are trained with the recipe: for what is told of them."""
        return True

    def identity(self) -> Mapping[str, str]:
        """Return what determines the members beside the parameters, the recipe and the seeds: hashes of files."""
        return {}

    @abstractmethod
    def members(self, run: TrainingRun) -> Iterator[Sample]:
        """Yield the run's members in order, the same each time: the first `per_run`, or without end.

        Raises:
            UsageError: if they cannot be made; the message says why, and what to do.
        """
