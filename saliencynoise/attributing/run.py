"""The attribution of networks in memory: one network after the other explains all images; their maps become a study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.attributing.images import GivenImages
from saliencynoise.attributing.networks import GivenNetworks, SeenWeights
from saliencynoise.engine.attribution import MemberAttribution
from saliencynoise.engine.earlier_run import CHUNK
from saliencynoise.engine.job import Event, MemberJob
from saliencynoise.engine.map_source import MapSource, StoredSource
from saliencynoise.engine.member import without_tf32
from saliencynoise.interfaces import CamPoint, Network, Point, SaliencyNoiseError, UsageError, one_line
from saliencynoise.interfaces.seeds import draw_name
from saliencynoise.scoring import RefusedNetworkError, failure
from saliencynoise.scoring.points import points_at
from saliencynoise.scoring.score import LOGIT, Score, scored_network
from saliencynoise.store.atomic import key_of, slug_of
from saliencynoise.store.maps import Chunk, MapStore

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor, nn

    from saliencynoise.attributing.target import GivenTarget
    from saliencynoise.registry.bound import BoundMethod
    from saliencynoise.scoring.score import Task

ROWS = 32
"""Images of a pass that only looks at the outputs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """What is asked of the networks.

    Attributes:
        images: the images.
        methods: the methods with their parameters.
        target: what is explained.
        classes: names of the classes; None for their numbers.
        layers: paths of modules that are given, by point.
        draws: draws of stochastic methods.
        seed: seed of the run.
        device: device of the computation.
        output: the output that is explained where the networks give several.
        task: what the outputs are.
    """

    images: GivenImages
    methods: Sequence[BoundMethod]
    target: GivenTarget
    classes: Sequence[str] | None
    layers: Mapping[Point, str]
    draws: int
    seed: int
    device: str
    output: str | int | None
    task: Task

    def stores(self, folder: Path, method: BoundMethod) -> tuple[MapStore, ...]:
        """Return a store for each draw of a method."""
        place = folder / f"{slug_of(method.canonical_name)}-{key_of(method.canonical_name)[:8]}"
        return tuple(MapStore(place / draw_name(draw)) for draw in range(self.draws if method.spec.stochastic else 1))


@dataclass
class Explained:
    """What the networks gave.

    Attributes:
        labels: name of the class of each network.
        checksums: of their weights.
        columns: number of outputs.
        parameters: number of parameters of the first network.
        points: CAM points of the first network.
        notes: what was left out of the outputs, in words.
        logits: of each network on all images, `[B, K]` each; without where a function of the outputs is explained.
        targets: the explained class of each image.
        failed: why a method failed, by its canonical name.
    """

    labels: list[str] = field(default_factory=list)
    checksums: list[str] = field(default_factory=list)
    columns: int = 0
    parameters: int = 0
    points: Mapping[Point, CamPoint] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    logits: list[Tensor] = field(default_factory=list)
    targets: tuple[int, ...] = ()
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Name of the networks' class, or of their classes."""
        return ", ".join(dict.fromkeys(self.labels))

    @property
    def all_logits(self) -> Float[Tensor, "E B K"] | None:
        """The logits of all networks; None where they are not known."""
        return torch.stack(self.logits) if len(self.logits) == len(self.labels) else None


class Attribution:
    """Explains the images by one network after the other, each of which is put back as it was."""

    def __init__(self, networks: GivenNetworks, asked: Asked, folder: Path) -> None:
        """Prepare; `folder` is where the maps go."""
        self._networks, self._asked, self._folder = networks, asked, folder
        self._points: dict[tuple[Any, ...], Mapping[Point, CamPoint]] = {}
        self._seen = SeenWeights()
        self.explained = Explained()

    @property
    def chunks(self) -> tuple[Chunk, ...]:
        """The division of the images into files."""
        count = len(self._asked.images.x)
        starts = range(0, count, CHUNK)
        return tuple(
            Chunk(index=index, key="images", rows=tuple(range(start, min(start + CHUNK, count))))
            for index, start in enumerate(starts)
        )

    def run(self) -> Mapping[str, MapSource | str]:
        """Return the maps of each method, by its display name, or why it failed.

        Raises:
            UsageError: if a network fails on the images, or gives what others do not; or if there are fewer than two.
        """
        with without_tf32():
            if self._asked.target.is_voted:
                self._vote()
            with self._networks.each() as each:
                for number, module in enumerate(each):
                    self._explain(module, number, again=self._asked.target.is_voted)
        count = len(self.explained.checksums)
        if count < 2:
            raise UsageError(f"{count} networks are given; give 2 or more, better 8: the noise is what differs")
        sources: dict[str, MapSource | str] = {}
        for method in self._asked.methods:
            stores = self._asked.stores(self._folder, method)
            reason = self.explained.failed.get(method.canonical_name)
            sources[method.display_name] = reason or StoredSource(stores, range(count), self.chunks)
        return sources

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of a map of each method that gave some, by its display name."""
        return {
            method.display_name: self._asked.stores(self._folder, method)[0].shape(0, self.chunks[0])[1:]
            for method in self._asked.methods
            if method.canonical_name not in self.explained.failed
        }

    def seconds(self, method: BoundMethod) -> float:
        """Return the seconds that a method's maps took."""
        return sum(
            store.seconds(number, checksum, chunk)
            for store in self._asked.stores(self._folder, method)
            for number, checksum in enumerate(self.explained.checksums)
            for chunk in self.chunks
        )

    def _vote(self) -> None:
        """Pass all images through all networks, for their vote."""
        if not self._networks.repeatable:
            raise UsageError(
                "targets='predicted' is the vote of all networks, which a generator gives only once; give a list, an "
                "object whose iteration starts again, or targets="
            )
        with self._networks.each() as each:
            for number, module in enumerate(each):
                self._look(module, number)

    def _look(self, module: nn.Module, number: int) -> Network:
        """Return a network on the device with its points, whose outputs are compared with those of the others."""
        asked, explained = self._asked, self.explained
        name = f"network {number} ({type(module).__name__})"
        module.eval().to(asked.device)
        network = Network(module=module, points={})
        try:
            plain = self._plain(network)
            if isinstance(asked.target.score, Score):
                logits = self._logits(plain)
                self._refuse_other_outputs(logits.shape[1])
                if number == len(explained.logits):
                    explained.logits.append(logits)
            points = self._points_of(module, name)
        except SaliencyNoiseError as error:
            raise UsageError(f"{name}: {one_line(error)}") from error
        except BaseException as error:
            raise UsageError(f"{name} failed on the images: {one_line(failure(error))}{_precision(module)}") from error
        if number == len(explained.labels):
            explained.labels.append(type(module).__name__)
        if number == 0:
            explained.parameters = sum(parameter.numel() for parameter in module.parameters())
            explained.points, explained.notes = points, plain.adaptations
        return Network(module=module, points=points)

    def _plain(self, network: Network) -> Network:
        """Return a network that gives logits `[N, K]`: itself where it does, else with the chosen output."""
        asked = self._asked
        if not isinstance(asked.target.score, Score):
            return network
        image = self._first()
        with torch.no_grad():
            outputs: object = network.module(image.clone())
        is_plain = isinstance(outputs, torch.Tensor) and outputs.ndim == 2 and outputs.shape[1] > 1
        if is_plain and asked.output is None and asked.task == "classification":
            return network
        return scored_network(network, LOGIT, image=image, task=asked.task, output=asked.output)

    def _first(self) -> Tensor:
        return self._asked.images.x[:1].to(self._asked.device)

    def _logits(self, network: Network) -> Float[Tensor, "B K"]:
        parts = torch.split(self._asked.images.x, ROWS)
        with torch.no_grad():
            return torch.cat([network.module(part.to(self._asked.device)).float().cpu() for part in parts])

    def _refuse_other_outputs(self, columns: int) -> None:
        explained, classes = self.explained, self._asked.classes
        if explained.columns not in {0, columns}:
            raise UsageError(f"it gives {columns} outputs, and network 0 gives {explained.columns}; they must agree")
        if classes is not None and len(classes) != columns:
            raise UsageError(f"it gives {columns} outputs, and classes names {len(classes)}")
        explained.columns = columns

    def _points_of(self, module: nn.Module, name: str) -> Mapping[Point, CamPoint]:
        """Return the points of a network; those of one structure are looked for once."""
        structure = tuple((path, type(part).__name__) for path, part in module.named_modules())
        if structure not in self._points:
            images = self._asked.images.x[:2].to(self._asked.device)
            self._points[structure] = points_at(module, images, self._asked.layers, name=name)
        return self._points[structure]

    def _explain(self, module: nn.Module, number: int, *, again: bool) -> None:
        asked, explained = self._asked, self.explained
        if again and number >= len(explained.labels):
            raise UsageError("the second iteration over the networks gave more of them; give a list")
        explained.checksums.append(self._seen.add(module, number))
        network = self._look(module, number)
        target = asked.target
        if not explained.targets:
            target = target.with_classes(self.class_names)
            explained.targets = target.of_images(explained.all_logits if again else None, len(asked.images.x))
        score = target.with_classes(self.class_names).score
        kept = [method for method in asked.methods if method.canonical_name not in explained.failed]
        job = self._job(number, kept, label=f"network {number} ({type(module).__name__})")

        def load() -> Network:
            if score == LOGIT:
                return self._plain(network)
            return scored_network(network, score, image=self._first(), task=asked.task, output=asked.output)

        def report(event: Event) -> None:
            if event["kind"] == "failed":
                explained.failed[event["method"]] = f"network {number}: {event['error']}"

        try:
            MemberAttribution(
                asked.images, job, weights_sha256=explained.checksums[number], load=load, report=report
            ).run()
        except RefusedNetworkError as error:
            raise UsageError(one_line(error).removeprefix("the architecture ")) from error
        except SaliencyNoiseError:
            raise
        except Exception as error:
            raise UsageError(f"{job.architecture} failed: {one_line(error)}") from error

    @property
    def class_names(self) -> Sequence[str]:
        """The names of the classes: those that are given, else their numbers."""
        return self._asked.classes or [str(index) for index in range(self.explained.columns)]

    def _job(self, number: int, methods: Sequence[BoundMethod], *, label: str) -> MemberJob:
        asked, count = self._asked, len(self._asked.images.x)
        return MemberJob(
            architecture=label,
            sampler="",
            run=0,
            members=(number,),
            member=number,
            run_seed=asked.seed,
            recipe={},
            pool="",
            base_pool="",
            device=asked.device,
            precision="float32",
            input_noise=0.0,
            retrain=False,
            recompute=True,
            methods={
                method.canonical_name: tuple(str(store.folder) for store in asked.stores(self._folder, method))
                for method in methods
            },
            images=tuple(range(count)),
            targets=self.explained.targets,
            chunks=self.chunks,
            rows=None,
        )


def _precision(module: nn.Module) -> str:
    """Return the fix for a network whose weights are of another type than the images; "" for one of float32."""
    kinds = {p.dtype for p in module.parameters() if p.is_floating_point() or p.is_complex()} - {torch.float32}
    names = ", ".join(sorted(str(kind).removeprefix("torch.") for kind in kinds))
    return f"; it has weights of type {names}, and images are float32; give it as network.float()" if names else ""
