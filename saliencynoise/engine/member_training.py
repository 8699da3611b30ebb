"""The training of members: a sampler receives a training run, and its samples are saved in the pool."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from saliencynoise.engine.clock import clock
from saliencynoise.engine.config import REFERENCE
from saliencynoise.engine.training_run import Build, TrainingRunOfMember
from saliencynoise.interfaces import (
    ConfigurationError,
    Dataset,
    PluginError,
    SaliencyNoiseError,
    Sample,
    TrainingRun,
    UsageError,
    one_line,
)
from saliencynoise.registry.bound import BoundSampler
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.registry.loader import BUILTIN
from saliencynoise.scoring import as_before, described, failure
from saliencynoise.store.pool import Pool
from saliencynoise.store.provenance import hardware, versions
from saliencynoise.store.records import MemberRecord
from saliencynoise.training.loop import predict

if TYPE_CHECKING:
    from saliencynoise.engine.job import MemberJob, Report
    from saliencynoise.engine.starts import Start


YIELDS = "it must yield saliencynoise.interfaces.Sample(weights=a network's state_dict())"


@dataclass(frozen=True, kw_only=True)
class MemberTrainer:
    """Trains the members of one run and saves them in the pool; the same job gives the same members each time.

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
        """Make the members of the job's run that the pool lacks, or all of them with `retrain`, and save them.

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
        sampler = catalogue().sampler(job.sampler)
        training = TrainingRunOfMember(
            job, self.dataset, build=self.build, report=self.report, reference=self.reference
        )
        samples, now = self._samples(sampler, training), clock(job.device)
        for index in job.members:
            start = now()
            sample = next(samples, None)
            if sample is None:
                raise ConfigurationError(f"the sampler {job.sampler} gave run {job.run} no member {index}")
            if not job.retrain and pool.record(index) is not None:
                training.take_extra_seconds()
                continue
            seconds = now() - start + training.take_extra_seconds()  # the seconds of the accuracy do not count
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
                "note": _note(job.start, sample.note),
            }
            if pool.description is None:
                raise UsageError(f"the pool {pool.folder} was removed while it was in use; run the same command again")
            yield pool.save(index, module.state_dict(), logits, record, replace=job.retrain)

    def _samples(self, sampler: BoundSampler, training: TrainingRun) -> Iterator[Sample]:
        """Yield the samples of a sampler; errors that it raises, or samples of a wrong type, name it."""
        name = f"the sampler {self.job.sampler}"
        try:
            samples = _checked_samples(sampler.instance.members(training), name=name)
            yield from map(partial(_checked_sample, name=name), samples)
        except (SaliencyNoiseError, GeneratorExit, MemoryError, torch.OutOfMemoryError):
            raise
        except BaseException as error:
            if sampler.plugin == BUILTIN:  # the network that it trained failed
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


def _note(start: Start | None, note: str) -> str:
    """Return the note on a member: its start, and what its sampler says."""
    begun = () if start is None else (f"tuned from {start.name}", start.note)
    return "; ".join(filter(None, (*begun, note)))


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
