"""The training of members: a sampler gets a training run, and the samples that it yields are saved in the pool."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.engine.attribution import probes
from saliencynoise.engine.clock import clock
from saliencynoise.engine.config import REFERENCE
from saliencynoise.interfaces import (
    ConfigurationError,
    Dataset,
    Network,
    PluginError,
    SaliencyNoiseError,
    Sample,
    Sampler,
    TrainingRun,
    UsageError,
    derive_seed,
    one_line,
)
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import Passes, as_before, described, failure, refuse_unsteady
from saliencynoise.store.pool import Pool
from saliencynoise.store.provenance import hardware, versions
from saliencynoise.store.records import MemberRecord
from saliencynoise.training.loop import Seeds, predict, refresh_batch_norm, train
from saliencynoise.training.recipes import Recipe

if TYPE_CHECKING:
    from jaxtyping import Int
    from torch import Generator, Tensor, nn

    from saliencynoise.engine.job import MemberJob, Report
    from saliencynoise.interfaces.sampling import Schedule


YIELDS = "it must yield saliencynoise.interfaces.Sample(weights=a network's state_dict())"

Build = Callable[[int], Network]
"""Builds the job's network under a seed."""


@dataclass(frozen=True, kw_only=True)
class Production:
    """Makes the members of one run, each time the same.

    Attributes:
        job: job of the run.
        dataset: data set to train on.
        build: builds the job's network under a seed; the caller forks the global random state.
        report: receives the events of progress.
    """

    job: MemberJob
    dataset: Dataset
    build: Build
    report: Report

    def run(self) -> list[MemberRecord]:
        """Make the members of the job's run that the pool lacks (with `retrain` all of them), and save them.

        Raises:
            ConfigurationError: if the sampler yields too few members, or weights of another network.
            UsageError: as the sampler, or if the pool cannot be written.
        """
        with torch.random.fork_rng(), as_before() as changes:
            records = list(self._new_members())
        if changes:
            raise PluginError(f"the sampler {self.job.sampler} {changes[0]}; it must leave torch as it was")
        return records

    def _new_members(self) -> Iterator[MemberRecord]:
        job, pool = self.job, Pool(Path(self.job.pool))
        sampler = catalogue().sampler(job.sampler).instance
        training = _Training(production=self, index=job.run, epochs=job.recipe["epochs"])
        samples, now = self._samples(sampler, training), clock(job.device)
        for index in job.members:
            start = now()
            sample = next(samples, None)
            if sample is None:
                raise ConfigurationError(f"the sampler {job.sampler} gave run {job.run} no member {index}")
            if not job.retrain and pool.record(index) is not None:
                training.charge()
                continue
            seconds = now() - start + training.charge()  # without the accuracy, which nobody need know
            module = training.evaluated(sample.weights)
            logits = predict(module, self.dataset, device=job.device)
            correct = logits.argmax(1) == self.dataset.test.labels
            record = {
                "seeds": training.seeds,
                "accuracy": correct.double().mean().item(),
                "seconds": seconds,
                "versions": versions(),
                "hardware": hardware(job.device, threads=torch.get_num_threads()),
                "source": sample.source,
                "note": sample.note,
            }
            if pool.description is None:
                raise UsageError(f"the pool {pool.folder} was removed while it was in use; run the same command again")
            yield pool.save(index, module.state_dict(), logits, record, replace=job.retrain)

    def _samples(self, sampler: Sampler, training: TrainingRun) -> Iterator[Sample]:
        """Yield the samples of a sampler; errors that it raises, or samples of a wrong type, name it."""
        name = f"the sampler {self.job.sampler}"
        try:
            yield from map(partial(_checked_sample, name=name), _checked_samples(sampler.members(training), name=name))
        except (SaliencyNoiseError, GeneratorExit, MemoryError, torch.OutOfMemoryError):
            raise
        except BaseException as error:
            if self.job.sampler.startswith("builtin/"):  # what failed is the network that it trained
                raise
            raise PluginError(f"{name} failed: {one_line(failure(error))}") from error

    def reference(self) -> tuple[Pool, MemberRecord]:
        """Return the deep ensemble's member of the run's index; it is trained if its pool does not hold it."""
        pool, index = Pool(Path(self.job.base_pool)), self.job.run
        record = pool.verified(index)
        if record is None:
            with pool.lock(index):
                record = pool.record(index)
                if record is None:
                    job = replace(self.job, sampler=REFERENCE, pool=str(pool.folder), members=(index,), retrain=False)
                    record = replace(self, job=job).run()[0]
        return pool, record


def _checked_samples(samples: object, *, name: str) -> Iterable[object]:
    if not isinstance(samples, Iterable):
        raise PluginError(f"{name} returned {described(samples)} from members; {YIELDS}")
    return samples


def _checked_sample(sample: object, *, name: str) -> Sample:
    if not isinstance(sample, Sample):
        raise PluginError(f"{name} yielded {described(sample)}; {YIELDS}")
    weights: object = sample.weights
    if not isinstance(weights, Mapping) or not all(isinstance(tensor, torch.Tensor) for tensor in weights.values()):
        raise PluginError(f"{name} yielded weights that are {described(weights)}; {YIELDS}")
    return sample


class _Training:
    """The `saliencynoise.interfaces.TrainingRun` of one run."""

    def __init__(self, *, production: Production, index: int, epochs: int) -> None:
        self.index = index
        self.epochs = epochs
        self.labels: Int[Tensor, " N"] = production.dataset.train.labels
        self.seeds: dict[str, int] = {}
        self._production = production
        self._run_seed = production.job.run_seed
        self._device = production.job.device
        self._now = clock(production.job.device)
        self._twin: nn.Module | None = None
        self._charged = 0.0

    def build(self, *, init: int | str | None = None) -> nn.Module:
        start = self._now()
        seed = derive_seed(self._run_seed, "init", self.index if init is None else init)
        self.seeds["init"] = seed
        network = self._production.build(seed)
        module = network.module.to(self._device)
        if self._twin is None:
            self._twin = copy.deepcopy(module)
            self._try_out(replace(network, module=self._twin))
        self._charged -= self._now() - start  # to build is not to train
        return module

    def _try_out(self, network: Network) -> None:
        """Refuse a network that no map can be made of, before hours of training."""
        dataset, name = self._production.dataset, f"the architecture {self._production.job.architecture}"
        refuse_unsteady(Passes(network), probes(dataset, self._device), name=name, classes=len(dataset.classes))

    def trained(self) -> nn.Module:
        start = self._now()
        pool, record = self._production.reference()
        self._charged += record.seconds - (self._now() - start)  # it costs the same where it is found
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
        base = Recipe(**self._production.job.recipe)
        rate = base.learning_rate * (1.0 if learning_rate is None else learning_rate)
        recipe = replace(base, epochs=epochs or base.epochs, learning_rate=rate)
        seeds = Seeds.of_member(self._run_seed, self.index, streams=streams or {})
        self.seeds |= {name: seed for name, seed in asdict(seeds).items() if name != "init"}
        progress = _Reporting(self._production.report, after_step)
        train(
            module,
            self._with_labels(labels),
            recipe,
            seeds,
            device=self._device,
            progress=progress,
            schedule=schedule,
        )

    def refresh_batch_norm(self, module: nn.Module) -> None:
        refresh_batch_norm(module, self._production.dataset, device=self._device)

    def generator(self, *index: int | str) -> Generator:
        return torch.Generator().manual_seed(derive_seed(self._run_seed, "sampler", self.index, *index))

    def evaluated(self, weights: Mapping[str, Tensor]) -> nn.Module:
        """Return a separate network with these weights, which the sampler's next steps do not change."""
        if self._twin is None:
            self.build()
        assert self._twin is not None  # noqa: S101 - the first network that is built leaves its twin
        try:
            self._twin.load_state_dict(dict(weights))
        except RuntimeError as error:
            sampler = self._production.job.sampler
            raise ConfigurationError(f"the sampler {sampler} gave weights of another network: {error}") from error
        return self._twin

    def charge(self) -> float:
        """Return the seconds to add to the clock's since the last call: of a pooled member, less those of building."""
        charged, self._charged = self._charged, 0.0
        return charged

    def _with_labels(self, labels: Tensor | None) -> Dataset:
        dataset = self._production.dataset
        return dataset if labels is None else replace(dataset, train=replace(dataset.train, labels=labels))


class _Reporting:
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
