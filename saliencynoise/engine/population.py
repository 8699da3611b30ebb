"""The population of a plan's members: how its sampler makes them says what they have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.records.population import FROM_SCRATCH, PopulationRecord, Unit

if TYPE_CHECKING:
    from saliencynoise.engine.architecture_plan import ArchitecturePlan
    from saliencynoise.engine.plan import Plan
    from saliencynoise.registry.bound import BoundSampler


def population_of(plan: Plan, architecture: ArchitecturePlan) -> PopulationRecord:
    """Return the population that the members of an architecture in a plan are drawn from.

    Members of a sampler that varies the weights of a trained network are conditional on its training run. Those of
    blocks that share seeds are conditional on the block. It is not known how networks from files were trained.
    """
    if architecture.starts:
        return _of_starts(architecture, members=plan.members)
    return of_sampler(plan.sampler, range(plan.members))


def of_sampler(sampler: BoundSampler, members: Sequence[int]) -> PopulationRecord:
    """Return the population of a sampler's members, by their indices."""
    instance = sampler.instance
    if sampler.spec.imported:
        return PopulationRecord(kind="unknown", starts=(), start_of=(), tuned=())
    if instance.per_block > 1:
        return _in_common("block", [member // instance.per_block for member in members])
    if instance.per_run != 1:
        runs = [0 if instance.per_run is None else member // instance.per_run for member in members]
        if len(set(runs)) < len(runs):
            return _in_common("run", runs)
    if not instance.trains:
        return PopulationRecord(kind="untrained", starts=(), start_of=(), tuned=())
    return FROM_SCRATCH


def of_pool(identity: Mapping[str, Any], sampler: BoundSampler, members: Sequence[int]) -> PopulationRecord:
    """Return the population of members that a pool has; its starts have the beginnings of their hashes for names.

    Args:
        identity: of the pool.
        sampler: of the pool.
        members: the indices of those that are used.
    """
    init = identity.get("init")
    if init is None:
        return of_sampler(sampler, members)
    hashes = init["starts"]
    return _named([member % len(hashes) for member in members], hashes, tuned=tuple(init["tuned"]))


def of_clusters(clusters: Sequence[str]) -> PopulationRecord:
    """Return the population of maps from elsewhere, of which a user has named the cluster of each member."""
    starts = tuple(dict.fromkeys(clusters))
    return PopulationRecord(
        kind="one_start" if len(starts) == 1 else "several_starts",
        starts=starts,
        start_of=tuple(map(starts.index, clusters)),
        tuned=(),
        unit="cluster",
    )


def _named(start_of: Sequence[int], hashes: Sequence[str], *, tuned: tuple[str, ...]) -> PopulationRecord:
    used = sorted(set(start_of))
    return PopulationRecord(
        kind="one_start" if len(used) == 1 else "several_starts",
        starts=tuple(hashes[start][:8] for start in used),
        start_of=tuple(used.index(start) for start in start_of),
        tuned=tuned,
    )


def _of_starts(architecture: ArchitecturePlan, *, members: int) -> PopulationRecord:
    starts = architecture.starts[:members]  # the others have no member
    return PopulationRecord(
        kind="one_start" if len(starts) == 1 else "several_starts",
        starts=tuple(start.name for start in starts),
        start_of=tuple(member % len(architecture.starts) for member in range(members)),
        tuned=starts[0].tuned,
    )


def _in_common(unit: Unit, units: Sequence[int]) -> PopulationRecord:
    used = sorted(set(units))
    return PopulationRecord(
        kind="one_start" if len(used) == 1 else "several_starts",
        starts=tuple(f"{unit} {index}" for index in used),
        start_of=tuple(used.index(index) for index in units),
        tuned=(),
        unit=unit,
    )
