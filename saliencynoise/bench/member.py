"""The unit of work: one member. Train it or find it in the pool, then attribute all images with all methods."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from saliencynoise.bench.attribution import MemberAttribution
from saliencynoise.interfaces import Dataset, Network, UsageError
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.store.maps import Chunk, MapStore, missing_chunks
from saliencynoise.store.pool import MemberRecord, Pool
from saliencynoise.store.provenance import hardware, versions
from saliencynoise.training.loop import Seeds, predict, train
from saliencynoise.training.recipes import Recipe

Event = Mapping[str, Any]
Report = Callable[[Event], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class MemberJob:
    """One member's work, in plain values that travel to a worker process as JSON.

    Attributes:
        architecture: canonical name.
        arguments: the architecture's own.
        member: index in the ensemble.
        run_seed: from which the member's seeds derive.
        recipe: fields of the recipe.
        pool: folder of the pool.
        device: where to train and to attribute.
        retrain: train even a member that the pool holds.
        recompute: attribute even where maps are there.
        methods: canonical names, with the folders of each one's maps, one a draw; empty to train only.
        images: indices of the attributed test images.
        targets: the class that is explained, for each of them.
        chunks: the images' division into files.
        rows: how many rows a pass has; None to let it follow from the memory.
    """

    architecture: str
    arguments: Mapping[str, Any]
    member: int
    run_seed: int
    recipe: Mapping[str, Any]
    pool: str
    device: str
    retrain: bool
    recompute: bool
    methods: Mapping[str, tuple[str, ...]]
    images: tuple[int, ...]
    targets: tuple[int, ...]
    chunks: tuple[Chunk, ...]
    rows: int | None

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> MemberJob:
        """Rebuild a job from what `asdict` and JSON made of it."""
        chunks = (Chunk(index=c["index"], key=c["key"], rows=tuple(c["rows"])) for c in values["chunks"])
        lists = {
            "images": tuple(values["images"]),
            "targets": tuple(values["targets"]),
            "chunks": tuple(chunks),
            "methods": {text: tuple(folders) for text, folders in values["methods"].items()},
        }
        return cls(**{**values, **lists})


def describe_network(network: Network) -> dict[str, Any]:
    """Return what a network is, for the pool and the results."""
    return {
        "parameters": sum(parameter.numel() for parameter in network.module.parameters()),
        "adaptations": list(network.adaptations),
        "points": {name: {**asdict(p), "grid": list(p.grid)} for name, p in network.points.items()},
    }


def has_work(job: MemberJob) -> bool:
    """Whether a member is still to be trained, or any of its maps to be computed."""
    record = Pool(Path(job.pool)).record(job.member)
    if job.retrain or job.recompute or record is None:
        return True
    stores = [MapStore(Path(folder)) for folders in job.methods.values() for folder in folders]
    return any(missing_chunks(store, job.member, record.sha256, job.chunks) for store in stores)


class MemberRunner:
    """Runs jobs one after another in one process; keeps the last architecture's network between jobs."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._kept: tuple[str, Network] | None = None

    def run(self, job: MemberJob, report: Report) -> None:
        """Do a job; what it finishes is on disk when it is reported.

        Raises:
            UsageError: if the architecture cannot be built, or the pool not be written or used.
        """
        with without_tf32():
            self._run(job, Pool(Path(job.pool)), report)

    def _run(self, job: MemberJob, pool: Pool, report: Report) -> None:
        with pool.lock(job.member):
            record = None if job.retrain else pool.record(job.member)
            kind = "trained" if record is None else "found"
            if record is None:
                record = self._train(job, pool, report)
        report({"kind": kind, "accuracy": record.accuracy, "seconds": record.seconds})
        if job.methods:
            MemberAttribution(
                self._dataset,
                job,
                weights_sha256=record.sha256,
                load=lambda: self._load(job, pool),
                report=report,
            ).run()

    def _train(self, job: MemberJob, pool: Pool, report: Report) -> MemberRecord:
        start = time.perf_counter()
        seeds = Seeds.of_member(job.run_seed, job.member)
        last = 0.0

        def progress(done: int, steps: int) -> None:
            nonlocal last
            now = time.perf_counter()
            if now - last > 0.2 or done == steps:
                last = now
                report({"kind": "progress", "done": done, "steps": steps, "seconds": now - start})

        with torch.random.fork_rng():
            network = self._build(job, seeds.init)
            module = network.module.to(job.device)
            start = time.perf_counter()
            train(module, self._dataset, Recipe(**job.recipe), seeds, device=job.device, progress=progress)
        logits = predict(module, self._dataset, device=job.device)
        correct = logits.argmax(1) == self._dataset.test.labels
        record = {
            "seeds": asdict(seeds),
            "accuracy": correct.double().mean().item(),
            "seconds": time.perf_counter() - start,
            "versions": versions(),
            "hardware": hardware(job.device, threads=torch.get_num_threads()),
        }
        return pool.save(job.member, module.state_dict(), logits, record)

    def _build(self, job: MemberJob, seed: int) -> Network:
        """Build the network under a seed; the caller forks the global random state."""
        torch.manual_seed(seed)
        model = catalogue().model(job.architecture, job.arguments).load()
        channels, height, width = self._dataset.train.images.shape[1:]
        network = model.build((channels, height, width), len(self._dataset.classes))
        refuse_changed_network(network, Pool(Path(job.pool)), job.architecture)
        self._kept = (f"{job.architecture} {sorted(job.arguments.items())}", network)
        return network

    def _load(self, job: MemberJob, pool: Pool) -> Network:
        key = f"{job.architecture} {sorted(job.arguments.items())}"
        if self._kept is not None and self._kept[0] == key:
            network = self._kept[1]
        else:
            with torch.random.fork_rng():
                network = self._build(job, seed=0)
        network.module.to(job.device).load_state_dict(pool.weights(job.member))
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
