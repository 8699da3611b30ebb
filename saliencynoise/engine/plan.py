"""The plan: every name is resolved, every value checked and every pool read; nothing is computed yet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.data.cautions import cautions
from saliencynoise.data.class_names import is_index
from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.data.image_groups import ImageGroups, image_groups
from saliencynoise.data.loading import check_dataset
from saliencynoise.data.normalization import normalised
from saliencynoise.data.selection import limit_train, select_images
from saliencynoise.engine.config import IMAGES, MEMBERS, REFERENCE, BenchConfig
from saliencynoise.engine.errors_log import ERRORS
from saliencynoise.engine.job import MemberJob
from saliencynoise.engine.member import describe_network
from saliencynoise.engine.study import PLAN, RESULT
from saliencynoise.interfaces import INPUT, Dataset, Network, UsageError
from saliencynoise.interfaces.seeds import draw_name
from saliencynoise.records.plan import PlanRecord
from saliencynoise.records.reading import RecordError, check_record, read_record
from saliencynoise.registry.calling import calling
from saliencynoise.registry.catalogue import BoundAggregator, BoundMethod, BoundModel, BoundSampler, catalogue
from saliencynoise.scoring import as_before
from saliencynoise.statistics.groups import Groups, as_groups
from saliencynoise.store.atomic import LOCK, holds_files, key_of, read_json, slug_of, write_json
from saliencynoise.store.maps import Chunk, MapStore
from saliencynoise.store.pool import Pool
from saliencynoise.store.records import MemberRecord
from saliencynoise.training.recipes import Recipe, recipe_for

if TYPE_CHECKING:
    from jaxtyping import Int
    from torch import Tensor

Targets = Mapping[str, tuple[int, ...]]
"""The explained class of each attributed image, by architecture."""

CHUNK = 32
"""Images that are passed, stored and verified together, unless an earlier run chose otherwise."""


@dataclass(frozen=True, kw_only=True)
class ArchitecturePlan:
    """One architecture of the plan.

    Attributes:
        model: the architecture.
        pool: pool of its members.
        base_pool: pool of the deep ensemble's members, which a sampler may start from; often the same.
        identity: values that determine the members.
        recipe: training recipe of the members.
        network: description of the network: parameters, adaptations, points.
        members: records of the members that the pool has, by index.
    """

    model: BoundModel
    pool: Pool
    base_pool: Pool
    identity: Mapping[str, Any]
    recipe: Recipe
    network: Mapping[str, Any]
    members: Mapping[int, MemberRecord]

    @property
    def name(self) -> str:
        """The canonical name with its arguments, by which jobs, targets and failures refer to it."""
        return self.model.text

    def describe_pools(self) -> None:
        """Write `pool.json` where there is none, or a damaged one.

        Raises:
            UsageError: if the place cannot be written to.
        """
        self.pool.describe(self.identity, self.network)
        base = {name: value for name, value in self.identity.items() if name != "sampler"}
        self.base_pool.describe(base, self.network)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that is needed to run.

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
        folder: folder of the results.
        chunk: number of images of a file.
        rows: rows of a pass by architecture, as far as they were chosen.
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
    folder: Path
    chunk: int
    rows: dict[str, int]

    @property
    def members_to_train(self) -> int:
        """Number of members that no pool holds yet (with `fresh`, all)."""
        pooled = 0 if self.config.fresh else sum(len(architecture.members) for architecture in self.architectures)
        return len(self.architectures) * self.members - pooled

    @property
    def groups(self) -> Groups | None:
        """A number for each attributed image, equal for those that belong together; None where all stand alone."""
        return as_groups(self.image_groups.names)

    @property
    def map_bytes(self) -> int:
        """An estimate of the bytes of all members' maps."""
        count = self.members * len(self.images)
        return sum(4 * count * self._values_of(a, m) * self.draws(m) for a in self.architectures for m in self.methods)

    @contextmanager
    def using_pools(self) -> Iterator[None]:
        """Keep others from removing the pools; a pool that was removed before is described again.

        Raises:
            UsageError: if a pool's place cannot be written to and holds no pool.
        """
        pools = {pool.folder: pool for plan in self.architectures for pool in (plan.pool, plan.base_pool)}
        with ExitStack() as used:
            for pool in pools.values():
                used.enter_context(pool.in_use())
            for architecture in self.architectures:
                architecture.describe_pools()
            yield

    def draws(self, method: BoundMethod) -> int:
        """Return the number of runs of a method on each member and image."""
        return self.config.draws if method.spec.stochastic else 1

    def _values_of(self, architecture: ArchitecturePlan, method: BoundMethod) -> int:
        points = architecture.network["points"]
        names = getattr(method.instance, "points", (getattr(method.instance, "layer", None),))
        grids = [points[point]["grid"] for point in names if point in points]
        return max(rows * columns for rows, columns in grids) if grids else self.dataset.test.images[0].numel()

    def maps_folder(self, architecture: ArchitecturePlan, method: BoundMethod) -> Path:
        """Return the folder of the maps of one architecture and method."""
        name = f"{slug_of(method.text)}-{key_of([method.text, method.distribution])[:8]}"
        return self.folder / "maps" / architecture.pool.folder.name / name

    def gram_file(self, architecture: ArchitecturePlan, method: BoundMethod) -> Path:
        """Return the file of the Gram matrices of one architecture and method."""
        maps = self.maps_folder(architecture, method)
        return self.folder / "gram" / maps.parent.name / f"{maps.name}.safetensors"

    def stores(self, architecture: ArchitecturePlan, method: BoundMethod) -> tuple[MapStore, ...]:
        """Return the stores of the maps of one architecture and method, one for each draw of a stochastic method."""
        folder = self.maps_folder(architecture, method)
        if not method.spec.stochastic:
            return (MapStore(folder),)
        return tuple(MapStore(folder / draw_name(draw)) for draw in range(self.draws(method)))

    def chunks(self, targets: Sequence[int]) -> tuple[Chunk, ...]:
        """Divide the attributed images, with these targets, into chunks."""
        names = [self.dataset.test.names[index] for index in self.images.tolist()]
        starts = range(0, len(names), self.chunk)
        rows = [tuple(range(start, min(start + self.chunk, len(names)))) for start in starts]
        about = [self.dataset_key, self.config.precision]
        return tuple(
            Chunk(index=i, rows=r, key=key_of([*about, [(names[row], targets[row]) for row in r]]))
            for i, r in enumerate(rows)
        )

    def jobs(self, targets: Targets | None, *, retrain: bool) -> list[MemberJob]:
        """Return the members' jobs of the architectures that have targets; without targets, a job to train each run.

        Runs take turns, so that jobs of one run, which wait for each other's training, do not stand side by side.
        """
        runs = [
            (run, members, members if targets is not None else members[:1]) for run, members in enumerate(self.runs())
        ]
        order = sorted((position, run) for run, _, wanted_members in runs for position in range(len(wanted_members)))
        return [
            self._job(
                architecture,
                runs[run][:2],
                runs[run][2][position],
                targets[architecture.name] if targets else (),
                retrain,
            )
            for architecture in self.architectures
            if targets is None or architecture.name in targets
            for position, run in order
        ]

    def runs(self) -> list[tuple[int, ...]]:
        """Return the members of each training run."""
        size = self.sampler.instance.per_run or self.members
        return [tuple(range(start, min(start + size, self.members))) for start in range(0, self.members, size)]

    def _job(
        self,
        architecture: ArchitecturePlan,
        run: tuple[int, tuple[int, ...]],
        member: int,
        targets: tuple[int, ...],
        retrain: bool,  # noqa: FBT001 - private
    ) -> MemberJob:
        return MemberJob(
            architecture=architecture.name,
            sampler=self.sampler.text,
            run=run[0],
            members=run[1],
            member=member,
            run_seed=self.config.seed,
            recipe=asdict(architecture.recipe),
            pool=str(architecture.pool.folder),
            base_pool=str(architecture.base_pool.folder),
            device=self.device,
            precision=self.config.precision,
            input_noise=self.sampler.instance.input_noise,
            retrain=retrain,
            recompute=self.config.fresh and bool(targets),
            methods={
                m.text: tuple(str(store.folder) for store in self.stores(architecture, m))
                for m in self.methods
                if targets
            },
            images=tuple(self.images.tolist()),
            targets=targets,
            chunks=self.chunks(targets) if targets else (),
            rows=self.rows.get(architecture.name),
        )


def make_plan(config: BenchConfig) -> Plan:
    """Resolve and check everything; names first, then data, then pools.

    Raises:
        UsageError: naming the value that cannot be used, and the fix.
    """
    names = catalogue()
    methods = [names.method(text) for text in config.methods]
    _refuse_repeated([method.text for method in methods], "method")
    aggregator = names.aggregator(config.aggregator)
    sampler = names.sampler(config.sampler)
    config = replace(config, members=_count_members(config.members, sampler))
    _refuse_layers(methods, aggregator)
    models = [names.model(text, config.arch_args) for text in config.archs]
    _refuse_repeated([model.text for model in models], "architecture")
    device = resolve_device(config.device)
    dataset_text, dataset = load_dataset(config)
    config, dataset = _count_images(config, dataset)
    count = config.images or IMAGES
    images = select_images(dataset.test, count=count, seed=config.seed, num_classes=len(dataset.classes))
    together = image_groups(dataset.test, images, file=config.groups) if methods else ImageGroups()
    _check_target(config.target, dataset)
    key = fingerprint(dataset)
    architectures = [
        _plan_architecture(model, dataset, key, device=device, sampler=sampler, config=config) for model in models
    ]
    for architecture in architectures:
        architecture.describe_pools()
    folder = Path(config.out) if config.out else Path("runs") / _run_name(config, dataset, key)
    chunk, rows = _agreed(folder, config, key) if methods else (CHUNK, {})
    return Plan(
        config=config,
        dataset_text=dataset_text,
        dataset=dataset,
        dataset_key=key,
        device=device,
        sampler=sampler,
        members=config.members or MEMBERS,
        methods=methods,
        aggregator=aggregator,
        images=images,
        image_groups=together,
        architectures=architectures,
        folder=folder,
        chunk=chunk,
        rows=rows,
    )


def load_dataset(config: BenchConfig) -> tuple[str, Dataset]:
    """Return a bench's data set, checked, normalised and with its training split limited, after its canonical name.

    Raises:
        UsageError: if the name is unknown, or the data are unusable.
    """
    text, dataset = catalogue().dataset(
        config.dataset, image_size=config.image_size, seed=config.seed, data_dir=config.data_dir
    )
    check_dataset(dataset)
    dataset = normalised(_limited(dataset, config), config.normalization)
    return text, replace(dataset, notes=(*dataset.notes, *cautions(dataset)))


def resolve_device(text: str) -> str:
    """Return the device that `auto|cpu|cuda|cuda:N|mps` means here; "auto" is CUDA where there is one, else CPU.

    Raises:
        UsageError: if this machine has no such device.
    """
    if text == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, index = text.partition(":")
    if text == "cpu":
        return text
    if text == "mps":
        if not torch.backends.mps.is_available():
            raise UsageError("--device mps: this machine has no Apple GPU that torch can use; try --device cpu")
        return text
    if kind != "cuda" or (index and not re.fullmatch("[0-9]{1,9}", index)):
        raise UsageError(f"--device {text} is unknown; choose auto, cpu, cuda, cuda:N or mps")
    if not torch.cuda.is_available():
        raise UsageError(f"--device {text}: torch finds no CUDA GPU on this machine; try --device cpu")
    if index and int(index) >= torch.cuda.device_count():
        last = torch.cuda.device_count() - 1
        raise UsageError(f"--device {text}: the last GPU of this machine is cuda:{last}; name one up to it")
    return text


def _limited(dataset: Dataset, config: BenchConfig) -> Dataset:
    if config.train_images is None:
        return dataset
    train = limit_train(dataset.train, count=config.train_images, seed=config.seed, num_classes=len(dataset.classes))
    return Dataset(**{**vars(dataset), "train": train})


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
            f"--members {requested}: the sampler {sampler.label} has {available}; give {available} or fewer"
        )
    return available if requested is None else requested


def _refuse_repeated(texts: Sequence[str], kind: str) -> None:
    repeated = [text for text in texts if texts.count(text) > 1]
    if repeated:
        raise UsageError(f"the {kind} {repeated[0]} is asked for twice; name it once")


def _check_target(target: str, dataset: Dataset) -> None:
    if target.isdecimal() and not is_index(target, len(dataset.classes)):
        raise UsageError(
            f"--target {target}: {dataset.name} has {len(dataset.classes)} classes; give 0 to "
            f"{len(dataset.classes) - 1}"
        )


def _plan_architecture(
    model: BoundModel, dataset: Dataset, key: str, *, device: str, sampler: BoundSampler, config: BenchConfig
) -> ArchitecturePlan:
    recipe = recipe_for(dataset, architecture=model.label, device=device, overrides=config.recipe)
    shape = dataset.train.images.shape[1:]
    identity = {
        "dataset": key,
        "architecture": model.text,
        "in_shape": list(shape),
        "classes": len(dataset.classes),
        "recipe": asdict(recipe),
        "run_seed": config.seed,
    }
    base_pool = pool = Pool.of(identity, name=f"{dataset.name}-{model.label}")
    if sampler.text != REFERENCE:
        with calling(f"the sampler {sampler.label} ({sampler.distribution})"):
            identity["sampler"] = {"name": sampler.text, **sampler.instance.identity()}
        pool = Pool.of(identity, name=f"{dataset.name}-{model.label}-{sampler.spec.name}")
    description = pool.description
    network = (
        description["network"]
        if description is not None and key_of(description["identity"]) == key_of(identity)
        else describe_network(built_without_weights(model, tuple(shape), len(dataset.classes)))
    )
    records = {} if config.fresh else {i: pool.verified(i) for i in range(config.members or MEMBERS)}
    return ArchitecturePlan(
        model=model,
        pool=pool,
        base_pool=base_pool,
        identity=identity,
        recipe=recipe,
        network=network,
        members={index: record for index, record in records.items() if record is not None},
    )


def built_without_weights(model: BoundModel, in_shape: tuple[int, ...], classes: int) -> Network:
    """Build a network on the meta device, where it costs little, to check that it can be built and to describe it."""
    channels, height, width = in_shape
    loaded = model.named()  # imports the plugin's library, on no account under the meta device
    with torch.random.fork_rng(), as_before() as changes, torch.device("meta"):
        network = loaded.build((channels, height, width), classes)
    if changes:
        raise UsageError(
            f"{loaded.what} {changes[0]}, which changes what others compute; it must leave torch as it was"
        )
    return network


def _run_name(config: BenchConfig, dataset: Dataset, key: str) -> str:
    archs = config.archs[0] if len(config.archs) == 1 else f"{len(config.archs)}-architectures"
    return f"{slug_of(dataset.name)}-{slug_of(archs)}-{key_of([config.settings, key])[:6]}"


GROWING = ("archs", "methods", "members", "images", "draws", "aggregator", "untrained", "groups")
"""Settings that may differ when a folder is used again: what it holds is reused, and it grows."""


def settled(plan: Plan) -> Plan:
    """Check once more that the folder, whose lock the caller holds, is ours to write to, and write `plan.json`.

    Raises:
        UsageError: if the folder has another study, or it cannot be written.
    """
    chunk, rows = _agreed(plan.folder, plan.config, plan.dataset_key)
    plan = replace(plan, chunk=chunk, rows=rows)
    _write_plan(plan)
    return plan


def _agreed(folder: Path, config: BenchConfig, dataset_key: str) -> tuple[int, dict[str, int]]:
    """Return the chunk's size and the rows of a pass that a folder's earlier run chose; nothing is written.

    Raises:
        UsageError: if the folder has another study, or other files.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out {folder} is a file; name a folder")
    if not folder.is_dir() or not holds_files(folder):
        return CHUNK, {}
    path, fixed = folder / PLAN, _fixed(config, dataset_key)
    if path.is_dir():
        raise UsageError(f"{path} is a folder, where a run keeps its plan; move it away, or name another --out")
    earlier = _plan_of_result(folder)
    if earlier is None and not path.exists():
        raise UsageError(f"--out {folder} holds other files and no run; name an empty or a new folder")
    if config.fresh or not _holds_results(folder):
        return CHUNK, {}
    chosen = _read_plan(path) or earlier or {"fixed": fixed, "chunk": CHUNK, "rows": {}}
    for name, value in chosen["fixed"].items():
        if name in fixed and value != fixed[name]:
            raise UsageError(_other_run(folder, name, value, fixed[name], earlier))
    return int(chosen["chunk"]), chosen["rows"]


def _other_run(folder: Path, name: str, value: Any, wanted: Any, result: Mapping[str, Any] | None) -> str:
    """Return a message on a folder whose plan has another value than the command."""
    if result is not None and result["fixed"].get(name) == wanted:
        return (
            f"{folder / PLAN} has {name}={value}, and {folder / RESULT} has {name}={wanted}: one is of another "
            f"run; put the right file back, or delete {folder / PLAN} if the result is yours"
        )
    return (
        f"{folder} holds a run with {name}={value}, and this one has {name}={wanted}; name another --out, or replace "
        "it with --fresh"
    )


def _fixed(config: BenchConfig, dataset_key: str) -> dict[str, Any]:
    """Return the settings that a folder's runs share."""
    fixed = {name: value for name, value in config.settings.items() if name not in GROWING}
    return {**fixed, "dataset_key": dataset_key}


def _write_plan(plan: Plan) -> None:
    fixed = _fixed(plan.config, plan.dataset_key)
    write_json(plan.folder / PLAN, {"format": 1, "fixed": fixed, "chunk": plan.chunk, "rows": plan.rows})


def _holds_results(folder: Path) -> bool:
    """Whether a run has written any results here; a start that failed does not block another."""
    return any(path.name not in {PLAN, LOCK, ERRORS} for path in folder.iterdir())


def _read_plan(path: Path) -> dict[str, Any] | None:
    """Return the plan of an earlier run, or None if it is damaged and must be made from the command and the result.

    Maps of another plan cannot be taken for this run's, because the names of their files differ.
    """
    try:
        return {"rows": {}, **read_record(path, PlanRecord)}
    except RecordError:
        return None


def _plan_of_result(folder: Path) -> dict[str, Any] | None:
    """Return the plan of a folder's finished run from its result; None where none is readable."""
    result = read_json(folder / RESULT)
    if not isinstance(result, dict):
        return None
    settings, dataset, plan = (result.get(name) for name in ("settings", "dataset", "plan"))
    if not (isinstance(settings, dict) and isinstance(dataset, dict) and isinstance(plan, dict)):
        return None
    fixed = {name: value for name, value in settings.items() if name not in GROWING}
    chosen = {"rows": {}, **plan, "fixed": {**fixed, "dataset_key": dataset.get("key")}}
    try:
        return {**check_record(chosen, PlanRecord, where=str(folder))}
    except RecordError:
        return None


def settle_rows(plan: Plan, architecture: str, rows: int) -> None:
    """Write the number of rows of an architecture's pass to the plan, so that a later run gives the same bits."""
    if plan.rows.get(architecture, rows + 1) <= rows:
        return
    plan.rows[architecture] = rows
    _write_plan(plan)


def _refuse_layers(methods: Sequence[BoundMethod], aggregator: BoundAggregator) -> None:
    """Refuse methods of a layer where the average of the networks is to be explained.

    Raises:
        UsageError: naming the method and the layer.
    """
    if aggregator.spec.level == "maps":
        return
    for method in methods:
        points = getattr(method.instance, "points", None) or [getattr(method.instance, "layer", INPUT)]
        for point in points:
            if point != INPUT:
                raise UsageError(
                    f"{method.label} needs the layer '{point}', which an average of networks does not have; use "
                    "--aggregator mean, or leave the method out"
                )
