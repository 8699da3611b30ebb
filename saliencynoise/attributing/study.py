"""`sn.attribute`: what a user hands over is checked, attributed and measured."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

import torch

from saliencynoise.attributing.images import (
    GivenImages,
    checked_background,
    checked_classes,
    checked_images,
    checked_names,
    pictures_of,
)
from saliencynoise.attributing.networks import GivenNetworks, Networks, States
from saliencynoise.attributing.run import Asked, Attribution, Explained
from saliencynoise.attributing.target import given_target
from saliencynoise.attributing.values import as_list, as_tensor, checked_word, shown
from saliencynoise.engine.device import resolve_device
from saliencynoise.engine.member import describe_network
from saliencynoise.engine.population import of_clusters
from saliencynoise.engine.results import method_record
from saliencynoise.engine.study_of_maps import KeptMaps, MeasuredMaps, study_of_maps
from saliencynoise.interfaces import Network, Point, UsageError
from saliencynoise.interfaces.methods import layers_of
from saliencynoise.interfaces.suggestions import did_you_mean
from saliencynoise.records.population import PopulationRecord
from saliencynoise.records.study import (
    ArchitectureResult,
    DatasetRecord,
    ImageRecord,
    MeasureSettings,
    MemberResult,
)
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import Task
from saliencynoise.store.scratch import Scratch

if TYPE_CHECKING:
    from jaxtyping import Int, UInt8
    from torch import Tensor

    from saliencynoise.engine.study import Study
    from saliencynoise.registry.bound import BoundAggregator, BoundMethod

POINTS: tuple[Point, ...] = ("top", "intermediate")
"""The points that are found in each network."""

LISTS: Mapping[str, str] = MappingProxyType(
    {
        "methods": "names, as ['gradient']",
        "names": "a name for each image",
        "classes": "a name for each output",
        "members": "a name for each network",
        "clusters": "what each network started from",
    }
)
"""The arguments that are lists, and what each of them holds."""


@dataclass(frozen=True, kw_only=True)
class AttributeConfig:
    """What a user says beside networks and images; the fields are the parameters of `sn.attribute`."""

    methods: Sequence[str]
    targets: Any = "predicted"
    states: States | None = None
    layers: Mapping[Point, str] | None = None
    background: Any = None
    labels: Any = None
    names: Sequence[str] | None = None
    classes: Sequence[str] | None = None
    members: Sequence[str] | None = None
    clusters: Sequence[Any] | None = None
    pictures: Any = None
    output: str | int | None = None
    task: Task = "classification"
    draws: int = 2
    seed: int = 0
    device: str = "auto"
    aggregator: str = "mean"
    keep_maps: KeptMaps = "all"
    out: Path | None = None

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            UsageError: naming the value and the fix.
        """
        for what, wanted in LISTS.items():
            if getattr(self, what) is not None:
                object.__setattr__(self, what, as_list(getattr(self, what), what=what, wanted=wanted))
        if not self.methods or not all(isinstance(method, str) for method in self.methods):
            raise UsageError(f"methods is {self.methods!r}; give a list of names, as ['gradient']")
        for what, text, example in (("device", self.device, "cpu"), ("aggregator", self.aggregator, "mean")):
            if not isinstance(text, str):
                raise UsageError(f"{what} is {shown(text)}; give a name, as {what}='{example}'")
        checked_word(self.keep_maps, get_args(KeptMaps), what="keep_maps")
        checked_word(self.task, get_args(Task), what="task")
        if self.layers is not None and not isinstance(self.layers, Mapping):
            raise UsageError(f"layers is {self.layers!r}; give paths of modules by point, as {{'top': 'layer4'}}")
        for name, value, least in (("draws", self.draws, 2), ("seed", self.seed, 0)):
            if type(value) is not int or value < least:
                raise UsageError(f"{name} is {value!r}; give a whole number of {least} or more")


def attribute(networks: Networks, images: Any, config: AttributeConfig) -> Study:
    """Attribute the images by each network, and return the study of the maps.

    Args:
        networks: a list of modules, a generator of them, or one module with `config.states`.
        images: `[B, C, H, W]`, floats as the networks take them.
        config: everything else.

    Raises:
        UsageError: naming the value that cannot be used, and the fix.
    """
    methods = _methods(config.methods)
    aggregator = catalogue().aggregator(config.aggregator)
    if aggregator.spec.level != "maps":
        raise UsageError(f"aggregator={config.aggregator} averages networks; choose one of maps, as mean")
    given = GivenNetworks(modules=networks, states=config.states)
    x = checked_images(images, what="images")
    labels = None if config.labels is None else checked_classes(config.labels, len(x), what="labels")
    if labels is not None and int(labels.min()) < 0:
        raise UsageError(f"labels: {int(labels.min())} is no class; classes count from 0; leave out what has no label")
    target = given_target(config.targets, labels=labels, images=len(x), task=config.task)
    asked = Asked(
        images=GivenImages(
            x=x,
            named=checked_names(config.names, len(x), what="names", word="image"),
            compared=checked_background(config.background, x, seed=config.seed),
            members=_Members(config.members),
        ),
        methods=[replace(method, turns=target.turns) for method in methods],
        target=target,
        classes=None if config.classes is None else tuple(map(str, config.classes)),
        layers=_layers(config.layers or {}, methods),
        draws=config.draws,
        seed=config.seed,
        device=resolve_device(config.device),
        output=config.output,
        task=config.task,
    )
    pictures = pictures_of(x) if config.pictures is None else _pictures(config.pictures, len(x))
    if config.out is not None:
        _refuse_used(config.out)
    made, kept = Scratch(), None if config.out else Scratch()
    folder = config.out or (kept.path if kept else made.path)
    try:
        attribution = Attribution(given, asked, made.path)
        sources = attribution.run()
        about = _about(attribution, asked, config, labels=labels, aggregator=aggregator, pictures=pictures)
        return study_of_maps(
            sources, about, folder=folder, aggregator=aggregator, keep_maps=config.keep_maps, scratch=kept
        )
    finally:
        made.remove()


class _Members(Sequence[str]):
    """The names of the networks, whose number may be known at the end only: "network 0" and so on without names."""

    def __init__(self, names: Sequence[str] | None) -> None:
        self._names = None if names is None else checked_names(names, len(names), what="members", word="network")

    def __len__(self) -> int:
        return len(self._names or ())

    def __getitem__(self, index: Any) -> Any:
        if self._names is None:
            return f"network {index}"
        if index >= len(self._names):
            raise UsageError(f"members has {len(self._names)} names, and there are more networks; give one each")
        return self._names[index]


def _methods(texts: Sequence[str]) -> list[BoundMethod]:
    methods = [catalogue().method(text) for text in texts]
    names = [method.canonical_name for method in methods]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"the method {name} is asked for twice; name it once")
    return methods


def _layers(layers: Mapping[Point, str], methods: Sequence[BoundMethod]) -> Mapping[Point, str]:
    """Return the paths of modules by point, if some method may read each point."""
    known = {*POINTS, *(point for method in methods for point in layers_of(method.instance))}
    for point in layers:
        if point not in known:
            hint = did_you_mean(str(point), sorted(known), otherwise="name top or intermediate, as {'top': 'layer4'}")
            raise UsageError(f"layers names the point {point!r}, which no method reads; {hint}")
    return layers


def _refuse_used(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"out={folder} is not an empty folder; name another one")


def _about(
    attribution: Attribution,
    asked: Asked,
    config: AttributeConfig,
    *,
    labels: Int[Tensor, " B"] | None,
    aggregator: BoundAggregator,
    pictures: UInt8[Tensor, "B C H W"] | None,
) -> MeasuredMaps:
    """Return what is known of the networks and the images beside the maps."""
    found, x = attribution.explained, asked.images.x
    count = len(found.checksums)
    logits = found.all_logits if config.task == "classification" else None
    classes = tuple(attribution.class_names) if found.columns else ("the score",)
    if labels is not None and found.columns and int(labels.max()) >= found.columns:
        raise UsageError(f"labels: {int(labels.max())} is no class of the networks; they have {found.columns} outputs")
    voted = None if logits is None else logits.double().softmax(-1).mean(0).argmax(-1)
    correct = None if logits is None or labels is None else (logits.argmax(-1) == labels).T
    label, known = found.label, labels is not None and found.columns > 0
    return MeasuredMaps(
        settings=MeasureSettings(
            maps=f"{count} networks in memory",
            methods=tuple(method.canonical_name for method in asked.methods),
            shapes=attribution.shapes(),
            views=tuple(dict.fromkeys(view for method in asked.methods for view in method.views)),
            members=count,
            images=len(x),
            draws=asked.draws,
            target=asked.target.text,
            seed=asked.seed,
            aggregator=aggregator.canonical_name,
        ),
        dataset=DatasetRecord(
            asked="",
            name="images in memory",
            key=hashlib.sha256(x.numpy().tobytes()).hexdigest()[:16],
            masks=False,
            classes=classes,
            train_images=None,
            test_images=None,
            image_shape=tuple(x.shape[1:]),
            notes=_notes(config, found),
        ),
        images=[
            ImageRecord(
                name=name,
                label=int(labels[row]) if known and labels is not None else None,
                group=None,
                target={label: found.targets[row]},
                predicted={} if voted is None else {label: int(voted[row])},
                members_correct={} if correct is None else {label: int(correct[row].sum())},
            )
            for row, name in enumerate(asked.images.named)
        ],
        architecture=_networks(found, asked, config),
        methods={method.display_name: method_record(method) for method in asked.methods},
        pictures=pictures,
        correct=correct,
        seconds={
            method.display_name: attribution.seconds(method)
            for method in asked.methods
            if method.canonical_name not in found.failed
        },
        device=asked.device,
    )


def _notes(config: AttributeConfig, found: Explained) -> tuple[str, ...]:
    background = () if config.background is not None else ("methods that need a background compare with these images",)
    kinds = () if len(set(found.labels)) == 1 else ("the networks are of several types, which is part of the noise",)
    return (*background, *kinds)


def _networks(found: Explained, asked: Asked, config: AttributeConfig) -> ArchitectureResult:
    count = len(found.checksums)
    if config.members is not None and len(asked.images.members) != count:
        raise UsageError(f"members has {len(asked.images.members)} names for {count} networks; give one each")
    points = describe_network(Network(module=torch.nn.Identity(), points=found.points))["points"]
    return ArchitectureResult(
        name=found.label,
        label=found.label,
        plugin="",
        short_name=found.label,
        arguments={},
        distribution="",
        pool="",
        parameters=found.parameters,
        adaptations=found.notes,
        points=points,
        population=_population(config.clusters, count),
        members=tuple(
            MemberResult(
                index=index,
                seeds={},
                accuracy=None,
                seconds=None,
                sha256=checksum,
                logits_sha256="",
                versions={},
                hardware=None,
                source=asked.images.members[index],
                note="",
                flag=None,
            )
            for index, checksum in enumerate(found.checksums)
        ),
    )


def _population(clusters: Sequence[Any] | None, count: int) -> PopulationRecord:
    if clusters is None:
        return PopulationRecord(kind="unknown", starts=(), start_of=(), tuned=())
    if len(clusters) != count:
        raise UsageError(f"clusters has {len(clusters)} values, and there are {count} networks; give one each")
    return of_clusters([str(cluster) for cluster in clusters])


def _pictures(values: object, count: int) -> UInt8[Tensor, "B C H W"]:
    pictures = as_tensor(values, what="pictures", wanted=f"bytes [{count}, 1 or 3, H, W]")
    if pictures.dtype != torch.uint8 or pictures.ndim != 4 or len(pictures) != count or pictures.shape[1] not in {1, 3}:
        raise UsageError(
            f"pictures are {str(pictures.dtype).removeprefix('torch.')} {list(pictures.shape)}; give bytes "
            f"[{count}, 1 or 3, H, W]"
        )
    return pictures
