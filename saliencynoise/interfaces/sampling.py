"""The interface of samplers: the source of an ensemble's members, and the training run that the engine offers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

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
        source: the name of the file that it comes from; empty where it comes from a training run.
        note: a note for readers of the results, such as the place of its weights in the file.
    """

    weights: Mapping[str, Tensor]
    source: str = ""
    note: str = ""


class TrainingRun(Protocol):
    """One independent training run, which the engine offers to a sampler; its randomness derives from `index`.

    Attributes:
        index: index of the run, from 0; the deep ensemble's member of this index has the same seeds.
        epochs: epochs of the recipe.
        labels: `[N]`, labels of the training images.
    """

    index: int
    epochs: int
    labels: Int[Tensor, " N"]

    def build(self, *, init: int | str | None = None) -> nn.Module:
        """Return a new, untrained network on the run's device; `init` replaces the run's index for its seed."""
        ...

    def trained(self) -> nn.Module:
        """Return the deep ensemble's member of this index, as a copy; it is trained if no pool has it.

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
        """Train a network in place and leave it in eval mode; the recipe gives everything that no argument gives.

        Args:
            module: a network that `build` or `trained` returned.
            epochs: passes over the training images.
            learning_rate: a factor of the recipe's learning rate, which is the peak.
            schedule: "one_cycle" (up and down, once), "cosine" (down from the peak), or "constant".
            labels: labels that replace those of the training images.
            streams: the index from which the seeds of "order", "augment" and "dropout" derive, if it is not the run's.
            after_step: called with the number of steps that are done and the number of all steps.
        """
        ...

    def refresh_batch_norm(self, module: nn.Module) -> None:
        """Estimate the running statistics of batch norms from the training images; sums of weights need it."""
        ...

    def generator(self, *index: int | str) -> Generator:
        """Return a generator of random numbers for this sampler, this run and `index`, on the CPU."""
        ...


class Sampler(ABC):
    """The source of members. A subclass is a frozen dataclass whose fields are its parameters."""

    @property
    def per_run(self) -> int | None:
        """The number of members of one training run; None if one run gives as many as are wanted."""
        return 1

    def in_runs_of(self, members: int) -> Sampler | None:
        """Return this sampler with at most this number of members per run; None if it makes all in one run.

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
        """The number of consecutive members that share seeds by design; 1 where no two members share a seed.

        An analysis of seeds divides the members into such blocks, which share nothing with each other.
        """
        return 1

    @property
    def available(self) -> int | None:
        """The number of all members; None if any number can be made."""
        return None

    @property
    def input_noise(self) -> float:
        """Standard deviation of Gaussian noise that each member's images get, as a share of each image's range."""
        return 0.0

    @property
    def trains(self) -> bool:
        """Whether members are trained with the recipe, which tables and warnings then mention."""
        return True

    def identity(self) -> Mapping[str, str]:
        """Return other values that determine the members than parameters, recipe and seeds, such as hashes of files."""
        return {}

    def check(self, network: Mapping[str, Tensor], *, members: Sequence[int]) -> None:  # noqa: B027 - most need none
        """Check, before anything runs, that these members can be made; called with those that the pool lacks.

        Args:
            network: the state dictionary of the architecture, on the meta device: names, shapes and types.
            members: their indices.

        Raises:
            UsageError: if one cannot be made; the message says why, and how to correct it.
        """

    @abstractmethod
    def members(self, run: TrainingRun) -> Iterator[Sample]:
        """Yield the run's members in order, the same each time: the first `per_run`, or without end.

        Raises:
            UsageError: if they cannot be made; the message says why, and how to correct it.
        """
