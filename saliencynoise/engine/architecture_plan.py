"""The plan of one architecture: its recipe, its pools, and the members that they have already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

import torch

from saliencynoise.engine.config import MEMBERS, REFERENCE, BenchConfig
from saliencynoise.engine.initial_weights import refuse_same_weights
from saliencynoise.engine.member import describe_network
from saliencynoise.engine.starts import Start, starts_of
from saliencynoise.interfaces import Dataset, Network, Sampler, UsageError
from saliencynoise.registry.bound import BoundModel, BoundSampler
from saliencynoise.registry.calling import calling
from saliencynoise.scoring import as_before
from saliencynoise.store.atomic import key_of
from saliencynoise.store.pool import Pool
from saliencynoise.store.records import MemberRecord
from saliencynoise.training.recipes import Recipe, recipe_for


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
        reused_members: records of the members that the pool has already, by index; the others are trained.
        starts: the weights that members begin with, in turn; empty for random ones.
    """

    model: BoundModel
    pool: Pool
    base_pool: Pool
    identity: Mapping[str, Any]
    recipe: Recipe
    network: Mapping[str, Any]
    reused_members: Mapping[int, MemberRecord]
    starts: tuple[Start, ...] = ()

    def start_of(self, run: int) -> Start | None:
        """Return the start of a training run. Starts take turns, so that more members leave the others as they are."""
        return self.starts[run % len(self.starts)] if self.starts else None

    @property
    def name(self) -> str:
        """The canonical name with its arguments, by which jobs, targets and failures refer to it."""
        return self.model.canonical_name

    def describe_pools(self) -> None:
        """Write `pool.json` where there is none, or a damaged one.

        Raises:
            UsageError: if the place cannot be written to.
        """
        self.pool.describe(self.identity, self.network)
        base = {name: value for name, value in self.identity.items() if name != "sampler"}
        self.base_pool.describe(base, self.network)


def plan_architecture(
    model: BoundModel,
    dataset: Dataset,
    key: str,
    *,
    device: str,
    sampler: BoundSampler,
    config: BenchConfig,
    sources: Sequence[str] = (),
) -> ArchitecturePlan:
    """Plan the members of one architecture: the recipe, the pool, and the members that are reused.

    Raises:
        UsageError: if the network cannot be built, or the sampler or a start cannot be used.
    """
    recipe = recipe_for(
        dataset,
        architecture=model.display_name,
        device=device,
        overrides=config.recipe,
        tuned=config.tune if sources else (),
    )
    shape = dataset.train.images.shape[1:]
    identity = {
        "dataset": key,
        "architecture": model.canonical_name,
        "in_shape": list(shape),
        "classes": len(dataset.classes),
        "recipe": asdict(recipe),
        "run_seed": config.seed,
    }
    starts = _starts(model, dataset, config, sources)
    if starts:
        identity["init"] = {
            "starts": [start.sha256 for start in starts],
            "tuned": list(config.tune),
            "normalization": config.normalization,
        }
    elif not sampler.spec.imported:
        channels, height, width = shape
        refuse_same_weights(model, (channels, height, width), len(dataset.classes))
    base_pool = pool = Pool.of(identity, name=f"{dataset.name}-{model.display_name}")
    if sampler.canonical_name != REFERENCE:
        with calling(f"the sampler {sampler.display_name} ({sampler.distribution})"):
            identity["sampler"] = {"name": sampler.canonical_name, **sampler.instance.identity()}
        pool = Pool.of(identity, name=f"{dataset.name}-{model.display_name}-{sampler.spec.name}")
    description = pool.description
    network = (
        description["network"]
        if description is not None and key_of(description["identity"]) == key_of(identity)
        else describe_network(built_without_weights(model, tuple(shape), len(dataset.classes)))
    )
    members = config.members or MEMBERS
    reused = {} if config.fresh else reused_members(pool, members)
    _check_members(sampler, model, dataset, members=[index for index in range(members) if index not in reused])
    return ArchitecturePlan(
        model=model,
        pool=pool,
        base_pool=base_pool,
        identity=identity,
        recipe=recipe,
        network=network,
        reused_members=reused,
        starts=starts,
    )


def _starts(model: BoundModel, dataset: Dataset, config: BenchConfig, sources: Sequence[str]) -> tuple[Start, ...]:
    if not sources:
        return ()
    channels, height, width = dataset.train.images.shape[1:]
    in_shape, classes = (channels, height, width), len(dataset.classes)
    network = built_without_weights(model, in_shape, classes)
    return starts_of(sources, model, network, in_shape=in_shape, classes=classes, tuned=config.tune)


def _check_members(sampler: BoundSampler, model: BoundModel, dataset: Dataset, *, members: Sequence[int]) -> None:
    """Let the sampler check the members that the pool lacks, before any of them runs."""
    if not members or type(sampler.instance).check is Sampler.check:
        return
    shape = tuple(dataset.train.images.shape[1:])
    network = built_without_weights(model, shape, len(dataset.classes)).module.state_dict()
    with calling(f"the sampler {sampler.display_name} ({sampler.distribution})"):
        sampler.instance.check(network, members=members)


def reused_members(pool: Pool, count: int) -> dict[int, MemberRecord]:
    """Return the records of those of the first `count` members that the pool has already, by index.

    They are reused as they are, and only the others are trained: a run of 16 members after a run of 8 trains members 8
    to 15. A member without a record is not among them.

    Raises:
        UsageError: if a member is damaged; the run after that trains it again.
    """
    records = {index: pool.verified(index) for index in range(count)}
    return {index: record for index, record in records.items() if record is not None}


@contextmanager
def using_pools(architectures: Sequence[ArchitecturePlan]) -> Iterator[None]:
    """Keep others from removing the pools; a pool that was removed before is described again.

    A pool that has no member in the end, as after a refused run, is removed.

    Raises:
        UsageError: if a pool's place cannot be written to and holds no pool.
    """
    pools = {pool.folder: pool for plan in architectures for pool in (plan.pool, plan.base_pool)}
    with ExitStack() as used:
        used.callback(_remove_empty, pools.values())  # after the locks
        for pool in pools.values():
            used.enter_context(pool.in_use())
        for architecture in architectures:
            architecture.describe_pools()
        yield


def _remove_empty(pools: Iterable[Pool]) -> None:
    """Remove the pools of which there is nothing but a description; one that another process uses stays."""
    for pool in pools:
        if all(path.name == "pool.json" or path.suffix == ".lock" for path in pool.folder.glob("*")):
            with suppress(UsageError):
                pool.remove()


def built_without_weights(model: BoundModel, in_shape: tuple[int, ...], classes: int) -> Network:
    """Build a network on the meta device, where it costs little, to check that it can be built and to describe it."""
    channels, height, width = in_shape
    loaded = model.named()  # imports the plugin's library, which must not happen under the meta device
    with torch.random.fork_rng(), as_before() as changes, torch.device("meta"):
        network = loaded.build((channels, height, width), classes)
    if changes:
        raise UsageError(
            f"{loaded.what} {changes[0]}, which changes what others compute; it must leave torch as it was"
        )
    return network
