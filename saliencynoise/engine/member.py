"""The work for one member: it is reused from the pool or trained, and then all methods explain all images."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Literal

import torch

from saliencynoise.engine.attribution import DatasetImages, MemberAttribution
from saliencynoise.engine.config import REFERENCE
from saliencynoise.engine.job import MemberJob, Report
from saliencynoise.engine.member_training import MemberTrainer
from saliencynoise.interfaces import CamPoint, Dataset, Network, PluginError, UsageError
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import as_before
from saliencynoise.store.maps import MapStore, missing_chunks
from saliencynoise.store.pool import Pool
from saliencynoise.store.records import MemberRecord
from saliencynoise.training.loop import forget_graphs


def describe_network(network: Network) -> dict[str, Any]:
    """Return the description of a network for the pool and the results; the rewrites of its points are left out."""
    return {
        "parameters": sum(parameter.numel() for parameter in network.module.parameters()),
        "adaptations": list(network.adaptations),
        "points": {name: _point(point) for name, point in network.points.items()},
    }


def _point(point: CamPoint) -> dict[str, Any]:
    described = {**asdict(point), "grid": list(point.grid)}
    del described["rewrites"]
    return described


def finished_records(job: MemberJob) -> tuple[MemberRecord, ...] | None:
    """Return the records of a job's members if they are trained and all maps are computed, else None."""
    if job.recompute:
        return None
    records = _reused(job, Pool(Path(job.pool)))
    if not records:
        return None
    stores = [MapStore(Path(folder)) for folders in job.methods.values() for folder in folders]
    wanting = any(missing_chunks(store, job.member, records[0].sha256, job.chunks) for store in stores)
    return None if wanting else tuple(records)


def wanted_members(job: MemberJob) -> tuple[int, ...]:
    """Return the members of a job: the one to attribute, or all of the run if it only trains."""
    return (job.member,) if job.methods else job.members


class MemberRunner:
    """Runs jobs one after another in one process; keeps the last architecture's network between jobs."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._last_built: tuple[str, Network] | None = None

    def run(self, job: MemberJob, report: Report) -> None:
        """Do a job; each result is on disk when it is reported.

        Raises:
            UsageError: if the architecture cannot be built, or the pool cannot be written or used.
        """
        with without_tf32():
            self._run(job, Pool(Path(job.pool)), report)

    def _run(self, job: MemberJob, pool: Pool, report: Report) -> None:
        kind, records = self._reused_or_trained(job, pool, report)
        if not records:
            raise UsageError(f"member {job.member} of {pool.folder} was removed; run the same command again")
        report(
            {
                "kind": kind,
                "records": [asdict(record) for record in records],
                "accuracy": [record.accuracy for record in records],
                "seconds": sum(record.seconds for record in records),
            }
        )
        if job.methods:
            MemberAttribution(
                DatasetImages(dataset=self._dataset),
                job,
                weights_sha256=records[0].sha256,
                load=lambda: self._load(job, pool, records[0].sha256),
                report=report,
            ).run()

    def _reused_or_trained(
        self, job: MemberJob, pool: Pool, report: Report
    ) -> tuple[Literal["found", "trained"], list[MemberRecord]]:
        """Return the job's members out of the pool if it has all of them; otherwise train those that are missing."""
        if records := _reused(job, pool):  # this needs no lock, so that pools can be read where there are no locks
            return "found", records
        with pool.lock(job.members[0]):
            if records := _reused(job, pool):  # another process may have trained them in the meantime
                return "found", records
            MemberTrainer(job=job, dataset=self._dataset, build=partial(self._build, job), report=report).run()
        if job.sampler != REFERENCE:
            self._last_built = None  # a sampler may have changed it
        return "trained", _records_in(pool, job)

    def _build(self, job: MemberJob, seed: int) -> Network:
        """Build the network under a seed; the caller forks the global random state."""
        torch.manual_seed(seed)
        model = catalogue().model(job.architecture).named()
        channels, height, width = self._dataset.train.images.shape[1:]
        with as_before() as changes:
            network = model.build((channels, height, width), len(self._dataset.classes))
        if changes:
            raise PluginError(f"{model.what} {changes[0]}; it must leave torch as it was")
        refuse_changed_network(network, Pool(Path(job.pool)), job.architecture)
        if self._last_built is None or self._last_built[0] != job.architecture:
            forget_graphs()
        self._last_built = (job.architecture, network)
        return network

    def _load(self, job: MemberJob, pool: Pool, sha256: str) -> Network:
        if self._last_built is not None and self._last_built[0] == job.architecture:
            network = self._last_built[1]
        else:
            with torch.random.fork_rng():
                network = self._build(job, seed=0)
        network.module.to(job.device).load_state_dict(pool.weights(job.member, sha256=sha256))
        return network


@contextmanager
def without_tf32() -> Iterator[None]:
    """Compute float32 convolutions in float32 on CUDA, where cuDNN would round their inputs to 10 bits."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def refuse_changed_network(network: Network, pool: Pool, architecture: str) -> None:
    """Refuse a network that is built otherwise than the pool's members were.

    Raises:
        UsageError: naming the pool.
    """
    description = pool.description
    if description is not None and description["network"] != describe_network(network):
        raise UsageError(
            f"the pool {pool.folder} was trained with another build of {architecture} (another version of its "
            "plugin or library); remove it with 'saliencynoise pools remove', or go back to that version"
        )


def _reused(job: MemberJob, pool: Pool) -> list[MemberRecord]:
    """Return the records of the job's members if the pool has all of them and none is to be trained again."""
    return [] if job.retrain else _records_in(pool, job)


def _records_in(pool: Pool, job: MemberJob) -> list[MemberRecord]:
    """Return the records of the job's members if the pool has all of them, else none."""
    records = [record for record in map(pool.record, wanted_members(job)) if record is not None]
    return records if len(records) == len(wanted_members(job)) else []
