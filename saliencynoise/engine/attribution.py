"""The maps of one trained member: missing maps are computed, chunk by chunk, and saved."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import torch

from saliencynoise.data.selection import select_images
from saliencynoise.data.tensors import to_float
from saliencynoise.engine.ceiling import Method, with_copies
from saliencynoise.engine.clock import clock
from saliencynoise.interfaces import (
    Batch,
    Dataset,
    Maps,
    Network,
    Noise,
    PassMethod,
    derive_seed,
    one_line,
    traceback_of,
)
from saliencynoise.interfaces.seeds import noise_seed
from saliencynoise.registry.bound import BoundMethod
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import (
    LOGIT,
    Guard,
    Passes,
    Score,
    fitting_rows,
    is_out_of_memory,
    refuse_unsteady,
    scored_network,
)
from saliencynoise.scoring.steadiness import IMAGES as PROBES
from saliencynoise.store.maps import Chunk, MapStore, missing_chunks

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.engine.job import MemberJob, Report

BACKGROUND = 64
"""Training images that methods may compare an image with."""

Results = Mapping[str, Maps | Exception]


@dataclass(frozen=True, kw_only=True)
class MissingMaps:
    """One draw of one method, of which some chunks are missing."""

    method: BoundMethod
    draw: int
    store: MapStore
    chunks: Sequence[Chunk]

    @property
    def shares_its_pass(self) -> bool:
        """Whether this draw is computed in one pass with other methods."""
        return shares_its_pass(self.method)


def shares_its_pass(method: BoundMethod) -> bool:
    """Whether a method is computed in one pass with others: all pass methods are, except stochastic ones."""
    return isinstance(method.instance, PassMethod) and not method.spec.stochastic


def background_of(dataset: Dataset, *, run_seed: int) -> Float[Tensor, "R C H W"]:
    """Return the training images that methods may compare with: equally many of each class, the same in a run."""
    count = min(BACKGROUND, len(dataset.train))
    seed = derive_seed(run_seed, "background")
    chosen = select_images(dataset.train, count=count, seed=seed, num_classes=len(dataset.classes))
    return to_float(dataset.train.images[chosen], dataset.mean, dataset.std)


def probes(dataset: Dataset, device: str) -> Float[Tensor, "3 C H W"]:
    """Return the training images on which the steadiness of a network is tested."""
    images = dataset.train.images[torch.arange(PROBES) % len(dataset.train)]
    return to_float(images.to(device), dataset.mean, dataset.std)


def batch_of(
    dataset: Dataset,
    *,
    images: Sequence[int],
    targets: Sequence[int],
    background: Float[Tensor, "R C H W"],
    method: str,
    draw: int,
    run_seed: int,
    network: str,
) -> Batch:
    """Return the test images at `images` with everything that a draw of a method needs, on the background's device.

    Args:
        dataset: data set of the images.
        images: indices of test images.
        targets: the class that is explained, for each of them.
        background: training images of the run that methods may compare with.
        method: canonical name, with parameters.
        draw: number of the draw; own draws depend on the network, the shared one does not.
        run_seed: seed of the run.
        network: unique name of the network; that of a member comes from `network_name`.
    """
    pixels = dataset.test.images[torch.tensor(images)].to(background.device)
    names = [dataset.test.names[index] for index in images]
    seeds = (noise_seed(run_seed, method=method, image=name, draw=draw, network=network) for name in names)
    return Batch(
        x=to_float(pixels, dataset.mean, dataset.std),
        target=torch.tensor(targets, device=background.device),
        background=background,
        noise=Noise(tuple(seeds)),
    )


def scored(
    network: Network, score: Score, *, image: Float[Tensor, "1 C H W"], targets: Sequence[int] = (0,)
) -> Network:
    """Return a network with the columns of a score; the network itself where its logits are explained.

    Args:
        network: the network.
        score: the score; a function is imported.
        image: an image, to see what the network gives.
        targets: classes of the images, each of which is a column.
    """
    if score == LOGIT:
        return network
    function = catalogue().own.resolve(score.function)[1] if score.function else score
    return scored_network(network, function, image=image, copies=max(targets) + 1)


def network_name(pool: Path, member: int) -> str:
    """Return a unique name of a member: its pool's name, which has a hash of the pool's identity, and its index.

    The weights are no part of it: a network that was trained twice with the same seeds counts as two, each with own
    draws.

    >>> network_name(Path("pools/digits-0a1b"), 3)
    'digits-0a1b:3'
    """
    return f"{pool.name}:{member}"


class MemberImages(Protocol):
    """The images of a run as networks take them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an image, (C, H, W)."""

    def probes(self, device: str) -> Float[Tensor, "3 C H W"]:
        """Return images on which the steadiness of a network is tested."""

    def background(self, *, run_seed: int) -> Float[Tensor, "R C H W"]:
        """Return the images that methods may compare with."""

    def names(self, job: MemberJob, rows: Sequence[int]) -> list[str]:
        """Return the names of the images at rows of the job's images."""

    def batch(
        self, job: MemberJob, rows: Sequence[int], *, background: Float[Tensor, "R C H W"], method: str, draw: int
    ) -> Batch:
        """Return these images with everything that a draw of a method needs, on the background's device."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DatasetImages:
    """The images of a data set, of which a job names some by their indices."""

    dataset: Dataset

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an image, (C, H, W)."""
        return tuple(self.dataset.test.images.shape[1:])

    def probes(self, device: str) -> Float[Tensor, "3 C H W"]:
        """Return training images on which the steadiness of a network is tested."""
        return probes(self.dataset, device)

    def background(self, *, run_seed: int) -> Float[Tensor, "R C H W"]:
        """Return the training images that methods may compare with."""
        return background_of(self.dataset, run_seed=run_seed)

    def names(self, job: MemberJob, rows: Sequence[int]) -> list[str]:
        """Return the names of the test images at rows of the job's images."""
        return [self.dataset.test.names[job.images[row]] for row in rows]

    def batch(
        self, job: MemberJob, rows: Sequence[int], *, background: Float[Tensor, "R C H W"], method: str, draw: int
    ) -> Batch:
        """Return the test images at these rows, as `batch_of` does."""
        return batch_of(
            self.dataset,
            images=[job.images[row] for row in rows],
            targets=[job.targets[row] for row in rows],
            background=background,
            method=method,
            draw=draw,
            run_seed=job.run_seed,
            network=network_name(Path(job.pool), job.member),
        )


def within_memory(
    passes: Passes, compute: Callable[[Passes], Results], *, on_rows: Callable[[int], None] = lambda _: None
) -> Results:
    """Compute in passes of as many rows as the memory allows; `on_rows` receives each smaller number of rows."""
    while True:
        results = compute(passes)
        short = any(isinstance(result, Exception) and is_out_of_memory(result) for result in results.values())
        if not short or passes.rows == 1:
            return results
        results = {}  # the exceptions hold on to the tensors of their passes
        passes.rows //= 2
        on_rows(passes.rows)


class MemberAttribution:
    """Attributes a job's images with its methods; the network is loaded for the first map that is missing."""

    def __init__(
        self,
        images: MemberImages,
        job: MemberJob,
        *,
        weights_sha256: str,
        load: Callable[[], Network],
        report: Report,
    ) -> None:
        self._images = images
        self._job = job
        self._weights = weights_sha256
        self._load = load
        self._report = report
        self._guard: Guard | None = None
        self._background: Tensor | None = None
        self._failed: set[str] = set()

    def run(self) -> None:
        """Compute and save all missing maps; a method that fails is reported and skipped afterwards."""
        missing = self._missing()
        wanted = [chunk for chunk in self._job.chunks if any(chunk in entry.chunks for entry in missing)]
        self._report({"kind": "to_attribute", "images": sum(len(chunk.rows) for chunk in wanted)})
        for chunk in wanted:
            start = time.perf_counter()
            pending = [
                entry for entry in missing if chunk in entry.chunks and entry.method.canonical_name not in self._failed
            ]
            together = [entry for entry in pending if entry.shares_its_pass]
            if together:
                self._attribute_together(chunk, together)
            for entry in pending:
                if not entry.shares_its_pass and entry.method.canonical_name not in self._failed:
                    self._attribute(chunk, entry)
            if pending:
                seconds = time.perf_counter() - start
                self._report({"kind": "attributed", "images": len(chunk.rows), "seconds": seconds})

    def _missing(self) -> list[MissingMaps]:
        entries = []
        for text, folders in self._job.methods.items():
            method = catalogue().method(text)
            for draw, folder in enumerate(folders):
                store = MapStore(Path(folder))
                wanted: Sequence[Chunk] = self._job.chunks
                if not self._job.recompute:
                    wanted = missing_chunks(store, self._job.member, self._weights, wanted)
                entries.append(MissingMaps(method=method, draw=draw, store=store, chunks=wanted))
        return entries

    def _attribute_together(self, chunk: Chunk, entries: Sequence[MissingMaps]) -> None:
        batch = self._batch(chunk, entries[0])
        methods: dict[str, Any] = {entry.method.canonical_name: self._with_copies(chunk, entry) for entry in entries}
        seed = self._global_seed(methods)
        results, seconds = self._within_memory(
            lambda guard: guard.attribute_together(methods, batch, seed=seed, before=self._begin)
        )
        self._end()
        for entry in entries:
            self._save(chunk, entry, results[entry.method.canonical_name], seconds)

    def _attribute(self, chunk: Chunk, entry: MissingMaps) -> None:
        batch = self._batch(chunk, entry)
        method = self._with_copies(
            chunk, entry
        )  # loads the network first, so that its errors are not taken for the method's
        seed = self._global_seed([entry.method.canonical_name])
        self._begin(entry.method.canonical_name)
        results, seconds = self._within_memory(lambda guard: {"": guard.attribute(method, batch, seed=seed)})
        self._end()
        self._save(chunk, entry, results[""], seconds)

    def _with_copies(self, chunk: Chunk, entry: MissingMaps) -> Method:
        """Return the method, which compares rewritten copies of the network on the run's first images."""
        return with_copies(
            entry.method,
            self._opened().passes,
            member=self._job.member,
            first=chunk.index == 0 and entry.draw == 0,
            run_seed=self._job.run_seed,
        )

    def _begin(self, method: str) -> None:
        """Report the method that begins, so that a crash or a long wait can be assigned to it."""
        self._report({"kind": "attributing", "method": method})

    def _end(self) -> None:
        self._report({"kind": "returned"})

    def _global_seed(self, methods: Iterable[str]) -> int:
        """Return the seed of torch's, numpy's and Python's global random numbers, the same for every member."""
        return derive_seed(self._job.run_seed, "method", "global", *methods)

    def _opened(self) -> Guard:
        if self._guard is None:
            self._guard = self._open()
        return self._guard

    def _within_memory(self, compute: Callable[[Guard], Results]) -> tuple[Results, float]:
        """Return the results and the seconds that they took, in passes that fit the memory."""
        guard = self._opened()
        now = clock(self._job.device)
        start = now()

        def on_rows(rows: int) -> None:
            nonlocal start
            start = now()  # passes that ran out of memory do not count
            self._report({"kind": "rows", "rows": rows})

        results = within_memory(guard.passes, lambda _: compute(guard), on_rows=on_rows)
        return results, now() - start

    def _open(self) -> Guard:
        image = torch.zeros(1, *self._images.shape, device=self._job.device)
        network = scored(self._load(), self._job.score, image=image, targets=self._job.targets)
        passes = Passes(network, precision=self._job.precision)
        refuse_unsteady(
            passes, self._images.probes(self._job.device), name=f"the architecture {self._job.architecture}"
        )
        passes.rows = self._job.rows or fitting_rows(network, image)
        if passes.rows != self._job.rows:
            self._report({"kind": "rows", "rows": passes.rows})
        return Guard(passes, image)

    def _batch(self, chunk: Chunk, entry: MissingMaps) -> Batch:
        job = self._job
        if self._background is None:
            self._background = self._images.background(run_seed=job.run_seed).to(job.device)
        batch = self._images.batch(
            job, chunk.rows, background=self._background, method=entry.method.canonical_name, draw=entry.draw
        )
        if not job.input_noise:
            return batch
        names = self._images.names(job, chunk.rows)
        return replace(batch, x=batch.x + self._input_noise(batch.x, names))

    def _input_noise(self, x: Float[Tensor, "B C H W"], names: Sequence[str]) -> Float[Tensor, "B C H W"]:
        """Return the sampler's noise, one draw for each member and image."""
        seeds = [derive_seed(self._job.run_seed, "sampler", "input", self._job.member, name) for name in names]
        noises = [torch.randn(x.shape[1:], generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        extent = x.amax((1, 2, 3), keepdim=True) - x.amin((1, 2, 3), keepdim=True)
        return self._job.input_noise * extent * torch.stack(noises).to(x)

    def _save(self, chunk: Chunk, entry: MissingMaps, maps: Maps | Exception, seconds: float) -> None:
        if isinstance(maps, Exception):
            self._failed.add(entry.method.canonical_name)
            about = {"method": entry.method.canonical_name, "error": one_line(maps), "traceback": traceback_of(maps)}
            self._report({"kind": "failed", **about})
            return
        entry.store.save(
            self._job.member, self._weights, chunk, maps.values, diagnostics=maps.diagnostics, seconds=seconds
        )
