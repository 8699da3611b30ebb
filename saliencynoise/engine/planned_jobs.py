"""The jobs of a plan: one for each training run, or one for each member that explains images."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from saliencynoise.engine.job import MemberJob

if TYPE_CHECKING:
    from saliencynoise.engine.architecture_plan import ArchitecturePlan
    from saliencynoise.engine.explained_classes import ExplainedClasses
    from saliencynoise.engine.plan import Plan


def training_jobs(plan: Plan, *, retrain: bool) -> list[MemberJob]:
    """Return a job for each training run of each architecture; it trains the members that the pool lacks.

    Args:
        plan: the plan.
        retrain: train even members that the pool has.
    """
    return [
        _training_job(plan, architecture, run, retrain=retrain)
        for architecture in plan.architectures
        for run in range(len(plan.runs()))
    ]


def attribution_jobs(explained: ExplainedClasses, *, retrain: bool) -> list[MemberJob]:
    """Return a job for each member of the architectures that have explained classes; it trains the member first.

    Runs take turns, so that jobs of one run, which wait for each other's training, do not follow each other.

    Args:
        explained: the plan with its explained classes.
        retrain: train even members that the pool has.
    """
    plan = explained.plan
    turns = sorted((turn, run) for run, members in enumerate(plan.runs()) for turn in range(len(members)))
    return [
        _attribution_job(explained, architecture, run, turn, retrain=retrain)
        for architecture in plan.architectures
        if explained.of(architecture)
        for turn, run in turns
    ]


def _training_job(plan: Plan, architecture: ArchitecturePlan, run: int, *, retrain: bool) -> MemberJob:
    members = plan.runs()[run]
    return MemberJob(
        architecture=architecture.name,
        sampler=plan.sampler.canonical_name,
        run=run,
        members=members,
        member=members[0],
        run_seed=plan.config.seed,
        recipe=asdict(architecture.recipe),
        pool=str(architecture.pool.folder),
        base_pool=str(architecture.base_pool.folder),
        device=plan.device,
        precision=plan.config.precision,
        input_noise=plan.sampler.instance.input_noise,
        retrain=retrain,
        recompute=False,
        methods={},
        images=tuple(plan.images.tolist()),
        targets=(),
        score=plan.score,
        chunks=(),
        rows=plan.run_folder.division.rows.get(architecture.name),
        start=architecture.start_of(run),
    )


def _attribution_job(
    explained: ExplainedClasses, architecture: ArchitecturePlan, run: int, turn: int, *, retrain: bool
) -> MemberJob:
    plan = explained.plan
    return replace(
        _training_job(plan, architecture, run, retrain=retrain),
        member=plan.runs()[run][turn],
        recompute=plan.config.fresh,
        methods={
            method.canonical_name: tuple(str(store.folder) for store in plan.run_folder.stores(architecture, method))
            for method in plan.methods
        },
        targets=explained.of(architecture),
        chunks=explained.chunks(architecture),
    )
