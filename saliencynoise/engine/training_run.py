"""One training run, as a sampler sees it: it builds, trains and loads networks for the members of the run."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.engine.attribution import probes
from saliencynoise.engine.clock import clock
from saliencynoise.engine.starts import begin_with
from saliencynoise.interfaces import ConfigurationError, Dataset, Network, derive_seed
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import Passes, refuse_unsteady
from saliencynoise.training.loop import Seeds, refresh_batch_norm, train
from saliencynoise.training.recipes import Recipe

if TYPE_CHECKING:
    from jaxtyping import Int
    from torch import Generator, Tensor, nn

    from saliencynoise.engine.job import MemberJob, Report
    from saliencynoise.engine.starts import Start
    from saliencynoise.interfaces.sampling import Schedule
    from saliencynoise.store.pool import Pool
    from saliencynoise.store.records import MemberRecord

Build = Callable[[int], Network]
"""Builds the job's network under a seed."""

Reference = Callable[[], "tuple[Pool, MemberRecord]"]
"""Returns the deep ensemble's member of a run's index, with its pool; it is trained if the pool lacks it."""


class TrainingRunOfMember:
    """The `saliencynoise.interfaces.TrainingRun` of one run, with the seeds and the seconds that its networks took.

    Attributes:
        index: index of the run.
        epochs: epochs of the recipe.
        labels: `[N]`, labels of the training images.
        seeds: seeds of the last network, by stream.
    """

    def __init__(self, job: MemberJob, dataset: Dataset, *, build: Build, report: Report, reference: Reference) -> None:
        """Prepare a run; nothing is built yet.

        Args:
            job: job of the run.
            dataset: data set to train on.
            build: builds the job's network under a seed.
            report: receives the events of progress.
            reference: returns the deep ensemble's member of the run's index.
        """
        self.index = job.run
        self.epochs: int = job.recipe["epochs"]
        self.labels: Int[Tensor, " N"] = dataset.train.labels
        self.seeds: dict[str, int] = {}
        self._job = job
        self._dataset = dataset
        self._build = build
        self._report = report
        self._reference = reference
        self._run_seed = job.run_seed
        self._device = job.device
        self._now = clock(job.device)
        self._twin: nn.Module | None = None
        self._extra_seconds = 0.0

    def build(self, *, init: int | str | None = None) -> nn.Module:
        """Return a new network with random weights, or with those of the run's start and a random head.

        The first one is tested, so that no hours are spent on a useless one.
        """
        start = self._now()
        seed = derive_seed(self._run_seed, "init", self.index if init is None else init)
        self.seeds["init"] = seed
        network = self._build(seed)
        if self._job.start is not None:
            self._begin(self._job.start, network.module)
        module = network.module.to(self._device)
        if self._twin is None:
            self._twin = copy.deepcopy(module)
            self._try_out(replace(network, module=self._twin))
        self._extra_seconds -= self._now() - start  # building does not count as training
        return module

    def _begin(self, start: Start, module: nn.Module) -> None:
        """Give a network the weights of the run's start; its head stays as it was initialised."""
        channels, height, width = self._dataset.train.images.shape[1:]
        model, classes = catalogue().model(self._job.architecture), len(self._dataset.classes)
        begin_with(start, model, module, in_shape=(channels, height, width), classes=classes)

    def _try_out(self, network: Network) -> None:
        """Refuse a network of which no map can be made, before hours of training."""
        dataset, name = self._dataset, f"the architecture {self._job.architecture}"
        refuse_unsteady(Passes(network), probes(dataset, self._device), name=name, classes=len(dataset.classes))

    def trained(self) -> nn.Module:
        """Return a copy of the deep ensemble's member; its training counts as this run's, also where a pool has it."""
        start = self._now()
        pool, record = self._reference()
        self._extra_seconds += record.seconds - (self._now() - start)  # the price is the same where a pool has it
        module = self.build()
        module.load_state_dict(pool.weights(self.index, sha256=record.sha256))
        self.seeds = dict(record.seeds)
        return module.eval()

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
        """Train a network in place, as `saliencynoise.interfaces.TrainingRun.train`."""
        base = Recipe(**self._job.recipe)
        rate = base.learning_rate * (1.0 if learning_rate is None else learning_rate)
        recipe = replace(base, epochs=epochs or base.epochs, learning_rate=rate)
        seeds = Seeds.of_member(self._run_seed, self.index, streams=streams or {})
        self.seeds |= {name: seed for name, seed in asdict(seeds).items() if name != "init"}
        progress = _ProgressReport(self._report, after_step)
        train(
            module,
            self._with_labels(labels),
            recipe,
            seeds,
            device=self._device,
            progress=progress,
            schedule=schedule,
            tuning=None if self._job.start is None else self._job.start.tuning,
        )

    def refresh_batch_norm(self, module: nn.Module) -> None:
        """Estimate the running statistics of batch norms from the training images."""
        refresh_batch_norm(module, self._dataset, device=self._device)

    def generator(self, *index: int | str) -> Generator:
        """Return a generator of random numbers for this run and `index`, on the CPU."""
        return torch.Generator().manual_seed(derive_seed(self._run_seed, "sampler", self.index, *index))

    def evaluated(self, weights: Mapping[str, Tensor]) -> nn.Module:
        """Return a separate network with these weights, which the sampler's next steps do not change."""
        if self._twin is None:
            seconds = self._extra_seconds
            self.build()
            self._extra_seconds = seconds  # this time is not part of the sampler's price
        assert self._twin is not None  # noqa: S101 - the first network that is built leaves its twin
        try:
            self._twin.load_state_dict(dict(weights))
        except RuntimeError as error:
            sampler = self._job.sampler
            raise ConfigurationError(f"the sampler {sampler} gave weights of another network: {error}") from error
        return self._twin

    def take_extra_seconds(self) -> float:
        """Return the seconds to add to those of the clock since the last call, and set them to zero.

        The training of a pooled member is added, and the building of networks is subtracted.
        """
        seconds, self._extra_seconds = self._extra_seconds, 0.0
        return seconds

    def _with_labels(self, labels: Tensor | None) -> Dataset:
        dataset = self._dataset
        return dataset if labels is None else replace(dataset, train=replace(dataset.train, labels=labels))


class _ProgressReport:
    """Reports the progress of a training run, five times a second at most."""

    def __init__(self, report: Report, after_step: Callable[[int, int], None] | None) -> None:
        self._report = report
        self._after_step = after_step
        self._start = time.perf_counter()
        self._last = 0.0

    def __call__(self, done: int, steps: int) -> None:
        now = time.perf_counter()
        if now - self._last > 0.2 or done == steps:
            self._last = now
            event: dict[str, Any] = {"kind": "progress", "done": done, "steps": steps}
            self._report({**event, "seconds": now - self._start})
        if self._after_step is not None:
            self._after_step(done, steps)
