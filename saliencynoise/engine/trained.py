"""A trained ensemble for other pictures than its test images: from a pool, or trained first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.engine.dataset import load_dataset
from saliencynoise.engine.device import resolve_device
from saliencynoise.engine.member_quality import answers_in, failed_training_warnings
from saliencynoise.engine.networks import load_members
from saliencynoise.engine.run import fill_pools
from saliencynoise.interfaces import Dataset, Network, UsageError
from saliencynoise.registry.bound import BoundModel
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.store.pool import Pool, pool_named
from saliencynoise.store.records import MemberRecord

if TYPE_CHECKING:
    from saliencynoise.engine.config import BenchConfig
    from saliencynoise.engine.observer import Observer


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedEnsemble:
    """The trained members of one architecture on one data set; their weights are read when `networks` is called.

    Attributes:
        dataset: data set of their training and test, normalised as then.
        model: the architecture.
        pool: pool of the members.
        records: records of the members that are used, by rising index.
        flags: reason for each member that may have failed to learn, by index.
        device: device of the networks.
        recipe: recipe of their training.
        seed: seed of the run.
    """

    dataset: Dataset
    model: BoundModel
    pool: Pool
    records: Sequence[MemberRecord]
    flags: dict[int, str]
    device: str
    recipe: dict[str, Any]
    seed: int

    @property
    def members(self) -> tuple[int, ...]:
        """The indices of the members in the pool."""
        return tuple(record.index for record in self.records)

    def networks(self, members: Sequence[int] | None = None) -> list[Network]:
        """Load members, all of them unless some are named; in evaluation mode, on the device.

        Raises:
            UsageError: as `load_members`.
        """
        channels, height, width = self.dataset.train.images.shape[1:]
        return load_members(
            self.model,
            self.pool,
            self.members if members is None else members,
            in_shape=(channels, height, width),
            classes=len(self.dataset.classes),
            device=self.device,
        )


def trained_ensemble(config: BenchConfig, observer: Observer, *, pool: str | None = None) -> TrainedEnsemble:
    """Return the members that a bench with this config would have, of its one architecture; missing ones are trained.

    Args:
        config: data set, architecture, sampler, members, recipe, device, seed; its methods and images are not used.
        observer: receives progress events of the training.
        pool: folder or name of a pool (or the beginning of one) whose members are taken instead: nothing is trained,
            the architecture, the seed and the image size are the pool's, and `config.members` limits their number.

    Raises:
        UsageError: naming the value that cannot be used, and the fix.
    """
    if pool is not None:
        return _of_pool(config, pool_named(pool))
    if len(config.archs) != 1:
        raise UsageError(f"{len(config.archs)} architectures are named ({', '.join(config.archs)}); name one")
    plan, failures = fill_pools(replace(config, methods=(), images=1), observer)
    if failures:
        raise UsageError(f"{config.archs[0]} cannot be trained: {next(iter(failures.values()))}")
    (architecture,) = plan.architectures
    records = [record for record in map(architecture.pool.record, range(plan.members)) if record is not None]
    return TrainedEnsemble(
        dataset=plan.dataset,
        model=architecture.model,
        pool=architecture.pool,
        records=records,
        flags=failed_training_warnings(records, answers_in(architecture.pool, records, plan.dataset), plan.dataset),
        device=plan.device,
        recipe=dict(architecture.identity["recipe"]),
        seed=config.seed,
    )


def _of_pool(config: BenchConfig, pool: Pool) -> TrainedEnsemble:
    identity = pool.described()["identity"]
    model = catalogue().model(identity["architecture"])
    if config.normalization == "timm":
        raise UsageError("--normalization timm does not go with --pool; give imagenet or MEAN/STD")
    if config.normalization == "auto":
        config = replace(config, normalization=identity.get("init", {}).get("normalization", "dataset"))
    config = replace(config, image_size=identity["in_shape"][1], seed=identity["run_seed"])
    _, dataset = load_dataset(config)
    if fingerprint(dataset) != identity["dataset"]:
        raise UsageError(
            f"the pool {pool.folder.name} was trained on other data than --dataset {config.dataset}; name its data set "
            "(with the --train-images that it was limited to), without which its classes have no names"
        )
    records = [record for record in map(pool.verified, pool.indices()) if record is not None]
    wanted = len(records) if config.members is None else config.members
    if not 1 <= wanted <= len(records):
        raise UsageError(f"the pool {pool.folder.name} has {len(records)} members, not {wanted}; ask for fewer")
    records = records[:wanted]
    return TrainedEnsemble(
        dataset=dataset,
        model=model,
        pool=pool,
        records=records,
        flags=failed_training_warnings(records, answers_in(pool, records, dataset), dataset),
        device=resolve_device(config.device),
        recipe=dict(identity["recipe"]),
        seed=identity["run_seed"],
    )
