"""The plan of a bench: names are resolved, values are checked, pools are read, and no result is computed yet.

`run_folder` says where the files of a run are, and `planned_jobs` makes the jobs of its members.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.data.image_groups import ImageGroups, image_groups
from saliencynoise.data.selection import select_images
from saliencynoise.engine.architecture_plan import ArchitecturePlan, plan_architecture
from saliencynoise.engine.config import IMAGES, MEMBERS, BenchConfig
from saliencynoise.engine.dataset import load_dataset
from saliencynoise.engine.device import resolve_device
from saliencynoise.engine.earlier_run import agreed_division, new_division, shared_settings
from saliencynoise.engine.pretrained import followed, followed_normalization, with_normalization
from saliencynoise.engine.run_folder import RunFolder
from saliencynoise.engine.starts import refuse_sampler, sources_of
from saliencynoise.interfaces import Dataset, UsageError
from saliencynoise.interfaces.methods import layers_of
from saliencynoise.records.target import Target, parsed, resolved
from saliencynoise.registry.bound import BoundAggregator, BoundMethod, BoundModel, BoundSampler
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.registry.own import is_only_here, label_of
from saliencynoise.scoring import Score, score_of
from saliencynoise.statistics.groups import Groups, as_groups
from saliencynoise.store.atomic import key_of, slug_of

if TYPE_CHECKING:
    from jaxtyping import Int
    from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The work of a bench.

    Attributes:
        config: the settings.
        dataset_text: canonical name of the data set.
        dataset: the data set, its training split limited as asked.
        dataset_key: hash of its content.
        device: device of the run.
        sampler: the sampler with its parameters.
        members: number of members of each architecture.
        methods: the methods with their parameters.
        aggregator: the aggregator with its parameters.
        images: indices of the attributed test images.
        image_groups: groups of images that belong together.
        architectures: a plan for each architecture.
        run_folder: folder of the results.
    """

    config: BenchConfig
    dataset_text: str
    dataset: Dataset
    dataset_key: str
    device: str
    sampler: BoundSampler
    members: int
    methods: Sequence[BoundMethod]
    aggregator: BoundAggregator
    images: Int[Tensor, " B"]
    image_groups: ImageGroups
    architectures: Sequence[ArchitecturePlan]
    run_folder: RunFolder

    @property
    def members_to_train(self) -> int:
        """Number of members that no pool has yet (with `fresh`, all)."""
        reused = sum(len(architecture.reused_members) for architecture in self.architectures)
        return len(self.architectures) * self.members - reused

    @property
    def image_names(self) -> list[str]:
        """The names of the attributed images."""
        return [self.dataset.test.names[index] for index in self.images.tolist()]

    @property
    def groups(self) -> Groups | None:
        """A number for each attributed image, equal for those that belong together; None where none do."""
        return as_groups(self.image_groups.names)

    @property
    def target(self) -> Target:
        """The class and the score that are explained; the class by its name."""
        return parsed(self.config.target)

    @property
    def score(self) -> Score:
        """The score that is explained."""
        return score_of(self.target, self.dataset.classes)

    def draws(self, method: BoundMethod) -> int:
        """Return the number of runs of a method on each member and image."""
        return self.config.draws if method.spec.stochastic else 1

    def runs(self) -> list[tuple[int, ...]]:
        """Return the members of each training run."""
        size = self.sampler.instance.per_run or self.members
        return [tuple(range(start, min(start + size, self.members))) for start in range(0, self.members, size)]


def make_plan(config: BenchConfig) -> Plan:
    """Resolve and check everything; names first, then data, then pools.

    Raises:
        UsageError: naming the value that cannot be used, and the fix.
    """
    names = catalogue()
    methods = [names.method(text) for text in config.methods]
    _refuse_repeated([method.canonical_name for method in methods], "method")
    aggregator = names.aggregator(config.aggregator)
    sampler = names.sampler(config.sampler)
    config = replace(config, members=_count_members(config.members, sampler))
    _refuse_layers(methods, aggregator)
    sources = sources_of(config.init)
    if sources:
        refuse_sampler(sampler)
        config = replace(config, init=sources)
    models = [names.model(text, config.arch_args) for text in config.archs]
    if sampler.spec.imported:
        models = [model.as_trained() for model in models]
    _refuse_repeated([model.canonical_name for model in models], "architecture")
    _refuse_one_label(models)
    target = with_own_function(parsed(config.target))
    used = {target.function: label_of(target.function)}
    used |= {model.canonical_name: model.display_name for model in models}
    used |= {method.canonical_name: method.display_name for method in methods}
    config = replace(config, workers=_workers(config.workers, used))
    follow = followed(config, models, sources)
    models, config = list(follow.models), replace(config, image_size=follow.image_size)
    device = resolve_device(config.device)
    dataset_text, dataset = load_dataset(config)
    normalization = followed_normalization(config, dataset, follow.weights)
    config, dataset = with_normalization(config, dataset, normalization)
    config, dataset = _count_images(config, dataset)
    count = config.images or IMAGES
    images = select_images(dataset.test, count=count, seed=config.seed, num_classes=len(dataset.classes))
    together = image_groups(dataset.test, images, file=config.groups) if methods else ImageGroups()
    config = replace(config, target=str(resolved(target, dataset.classes)))
    key = fingerprint(dataset)
    architectures = [
        plan_architecture(model, dataset, key, device=device, sampler=sampler, config=config, sources=sources)
        for model in models
    ]
    return Plan(
        config=config,
        dataset_text=dataset_text,
        dataset=dataset,
        dataset_key=key,
        device=device,
        sampler=sampler,
        members=config.members or MEMBERS,
        methods=[replace(method, turns=target.turns) for method in methods],
        aggregator=aggregator,
        images=images,
        image_groups=together,
        architectures=architectures,
        run_folder=_run_folder(config, dataset, key),
    )


def _run_folder(config: BenchConfig, dataset: Dataset, key: str) -> RunFolder:
    """Return the folder of the results; a plan that only trains does not read it."""
    path = Path(config.out) if config.out else Path("runs") / _run_name(config, dataset, key)
    shared = shared_settings(config, key)
    return RunFolder(
        path=path,
        draws=config.draws,
        shared=shared,
        fresh=config.fresh,
        division=agreed_division(path, shared, fresh=config.fresh) if config.methods else new_division(),
    )


def _count_images(config: BenchConfig, dataset: Dataset) -> tuple[BenchConfig, Dataset]:
    """Return the config with a number of images, and the data set with a note where that is not the usual one."""
    available = len(dataset.test)
    if config.images is not None or available >= IMAGES:
        return replace(config, images=config.images or IMAGES), dataset
    note = f"all {available} test images are attributed, which are fewer than the usual {IMAGES}"
    return replace(config, images=available), replace(dataset, notes=(*dataset.notes, note))


def _count_members(requested: int | None, sampler: BoundSampler) -> int:
    """Return the number of members."""
    available = sampler.instance.available
    if available is None:
        return MEMBERS if requested is None else requested
    if requested is not None and requested > available:
        raise UsageError(
            f"--members {requested}: the sampler {sampler.display_name} has {available}; give {available} or fewer"
        )
    return available if requested is None else requested


def _refuse_repeated(texts: Sequence[str], kind: str) -> None:
    repeated = [text for text in texts if texts.count(text) > 1]
    if repeated:
        raise UsageError(f"the {kind} {repeated[0]} is asked for twice; name it once")


def _refuse_one_label(models: Sequence[BoundModel]) -> None:
    """Refuse two architectures that tables could not tell apart, as two of the user's files with one name."""
    labels = [model.display_name for model in models]
    for model in models:
        if labels.count(model.display_name) > 1:
            both = " and ".join(other.canonical_name for other in models if other.display_name == model.display_name)
            raise UsageError(
                f"two architectures are called {model.display_name}: {both}; bench them apart, or rename one"
            )


def with_own_function(target: Target) -> Target:
    """Return a target whose function, if it is one, has its full name.

    Raises:
        UsageError: if it cannot be imported.
    """
    return replace(target, function=catalogue().own.resolve(target.function)[0].full) if target.function else target


def _workers(workers: int | None, used: Mapping[str, str]) -> int | None:
    """Return the number of worker processes: none where one of the user's objects exists in this process only.

    Args:
        workers: the number that is asked for.
        used: label of what the run uses, by its canonical name.

    Raises:
        UsageError: naming the object, if processes are asked for.
    """
    for canonical_name, label in used.items():
        if not is_only_here(canonical_name):
            continue
        if workers:
            raise UsageError(
                f"workers={workers}: worker processes cannot import {label}, which this script, notebook "
                "or function made; give workers=0, or put it into a file and name it, as my_net.py:Net"
            )
        return 0
    return workers


def _run_name(config: BenchConfig, dataset: Dataset, key: str) -> str:
    archs = label_of(config.archs[0]) if len(config.archs) == 1 else f"{len(config.archs)}-architectures"
    return f"{slug_of(dataset.name)}-{slug_of(archs)}-{key_of([config.settings, key])[:6]}"


def _refuse_layers(methods: Sequence[BoundMethod], aggregator: BoundAggregator) -> None:
    """Refuse methods of a layer where the average of the networks is to be explained.

    Raises:
        UsageError: naming the method and the layer.
    """
    if aggregator.spec.level == "maps":
        return
    for method in methods:
        for layer in layers_of(method.instance):
            raise UsageError(
                f"{method.display_name} needs the layer '{layer}', which an average of networks does not have; use "
                "--aggregator mean, or leave the method out"
            )
