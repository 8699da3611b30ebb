"""The population of a plan's members: how its sampler makes them says what they have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.records.population import FROM_SCRATCH, Kind, PopulationRecord, Unit

if TYPE_CHECKING:
    from saliencynoise.engine.architecture_plan import ArchitecturePlan
    from saliencynoise.engine.plan import Plan


def population_of(plan: Plan, architecture: ArchitecturePlan) -> PopulationRecord:
    """Return the population that the members of an architecture in a plan are drawn from.

    Members of a sampler that varies the weights of a trained network are conditional on its training run. Those of
    blocks that share seeds are conditional on the block. It is not known how networks from files were trained.
    """
    sampler = plan.sampler.instance
    if architecture.starts:
        return _of_starts(architecture, members=plan.members)
    if plan.sampler.spec.imported:
        return PopulationRecord(kind="unknown", starts=(), start_of=(), tuned=())
    if sampler.per_block > 1:
        return _in_common("block", [member // sampler.per_block for member in range(plan.members)])
    runs = plan.runs()
    if len(runs) < plan.members:
        return _in_common("run", [run for run, members in enumerate(runs) for _ in members])
    if not sampler.trains:
        return PopulationRecord(kind="untrained", starts=(), start_of=(), tuned=())
    return FROM_SCRATCH


def _of_starts(architecture: ArchitecturePlan, *, members: int) -> PopulationRecord:
    starts = architecture.starts[:members]  # the others have no member
    return PopulationRecord(
        kind="one_start" if len(starts) == 1 else "several_starts",
        starts=tuple(start.name for start in starts),
        start_of=tuple(member % len(architecture.starts) for member in range(members)),
        tuned=starts[0].tuned,
    )


def _in_common(unit: Unit, start_of: list[int]) -> PopulationRecord:
    starts = tuple(f"{unit} {index}" for index in range(max(start_of) + 1))
    kind: Kind = "one_start" if len(starts) == 1 else "several_starts"
    return PopulationRecord(kind=kind, starts=starts, start_of=tuple(start_of), tuned=(), unit=unit)
