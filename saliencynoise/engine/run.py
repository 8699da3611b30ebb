"""The bench: plan, train, attribute, reduce, write. `saliencynoise bench` and `sn.bench` both call `run`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from saliencynoise.engine.architecture_plan import ArchitecturePlan, using_pools
from saliencynoise.engine.bfloat16_check import add_bfloat16_error, float32_config
from saliencynoise.engine.config import BenchConfig
from saliencynoise.engine.dispatch import Dispatcher, Dispatchers
from saliencynoise.engine.errors_log import forget_failures, log_traceback
from saliencynoise.engine.explained_classes import ExplainedClasses, Targets, given_classes, voted_classes
from saliencynoise.engine.failures import FailedCellError, Failures
from saliencynoise.engine.job import MemberJob
from saliencynoise.engine.job_runner import JobRunner
from saliencynoise.engine.map_source import StoredSource
from saliencynoise.engine.marginal_maps import MarginalMapSource
from saliencynoise.engine.member_outputs import MemberOutputs
from saliencynoise.engine.member_quality import logits_shape
from saliencynoise.engine.observer import Observer, Silent
from saliencynoise.engine.plan import Plan, make_plan
from saliencynoise.engine.planned_jobs import attribution_jobs, training_jobs
from saliencynoise.engine.population import population_of
from saliencynoise.engine.reduce import Reduced, reduce_maps
from saliencynoise.engine.results import write_results
from saliencynoise.engine.untrained import RunJobs, untrained_floors
from saliencynoise.interfaces import UsageError, one_line, traceback_of
from saliencynoise.store.holding import holding

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study
    from saliencynoise.registry.bound import BoundMethod


def run(config: BenchConfig, observer: Observer, dispatchers: Dispatchers | None = None) -> Study:
    """Run a bench; the study is on disk when it is returned. In bfloat16 a few images are then done in float32, too.

    Args:
        config: settings of the bench.
        observer: receives progress events.
        dispatchers: dispatchers whose workers also serve other benches; None for new workers.

    Raises:
        UsageError: naming the setting that cannot be used, and the fix.
    """
    if not config.methods:
        raise UsageError("no method is named; name one with --method, or fill the pool with 'saliencynoise train'")
    with nullcontext(dispatchers) if dispatchers is not None else Dispatchers() as serving:
        plan = make_plan(config)
        with holding(plan.run_folder.path):
            study = _run(plan, observer, serving)
            if config.precision == "float32":
                return study
            return add_bfloat16_error(study, _run(make_plan(float32_config(config, study)), observer, serving))


def _run(plan: Plan, observer: Observer, dispatchers: Dispatchers) -> Study:
    workers = plan.config.workers
    serving = dispatchers.of(plan.dataset, plan.dataset_key, plan.device, workers=workers)
    return run_plan(plan, observer, dispatcher=serving)


def dispatcher_of(plan: Plan) -> Dispatcher:
    """Return a dispatcher for a plan."""
    return Dispatcher(plan.dataset, plan.device, workers=plan.config.workers)


def run_plan(
    plan: Plan, observer: Observer, *, targets: Targets | None = None, dispatcher: Dispatcher | None = None
) -> Study:
    """Run a plan; the study is on disk when it is returned.

    Args:
        plan: the plan.
        observer: receives progress events.
        targets: the classes to explain where another ensemble voted on them, for each of the plan's architectures.
        dispatcher: dispatcher of this data set and device, whose workers also serve other plans; None for a new one.

    Raises:
        UsageError: as `run`.
    """
    outputs = MemberOutputs(images=plan.images, shape=logits_shape(plan.dataset))
    context = dispatcher_of(plan) if dispatcher is None else nullcontext(dispatcher)
    with holding(plan.run_folder.path), using_pools(plan.architectures):
        plan = replace(plan, run_folder=plan.run_folder.claimed())
        forget_failures(plan.run_folder.path)
        observer.planned(plan)
        with context as serving:
            runner = JobRunner(plan=plan, dispatcher=serving, observer=observer, outputs=outputs)
            explained = _train_and_attribute(runner, outputs, targets)
            observer.reducing(len(plan.architectures) * len(plan.methods))
            reduced = _reduce_all(explained, outputs, runner.failures)
            floors = untrained_floors(explained, reduced, _jobs_apart(runner))
        return write_results(explained, reduced, outputs, floors, tracebacks=runner.failures.tracebacks)


def fill_pools(config: BenchConfig, observer: Observer) -> tuple[Plan, Mapping[str, str]]:
    """Train missing members; return the plan, and the reasons of failed architectures, by canonical name.

    Raises:
        UsageError: as `run`.
    """
    plan = make_plan(config)
    observer.planned(plan)
    with using_pools(plan.architectures), dispatcher_of(plan) as dispatcher:
        runner = JobRunner(plan=plan, dispatcher=dispatcher, observer=observer)
        runner.run(training_jobs(plan, retrain=config.fresh))
    return plan, {architecture: reason for (architecture, _), reason in runner.failures.reasons.items()}


def _train_and_attribute(runner: JobRunner, outputs: MemberOutputs, targets: Targets | None) -> ExplainedClasses:
    """Do all jobs; return the explained classes.

    Where the ensemble votes on them, or runs give several members, all members are trained before any attributes.
    """
    plan = runner.plan
    votes_on_targets = targets is None and plan.target.of == "predicted"
    trains_first = votes_on_targets or plan.sampler.instance.per_run != 1
    if trains_first:
        runner.run(training_jobs(plan, retrain=plan.config.fresh))
    if targets is not None:
        explained = ExplainedClasses(plan=plan, targets=targets)
    elif votes_on_targets:
        explained = voted_classes(plan, outputs, failed=runner.failures.architectures)
    else:
        explained = given_classes(plan)
    runner.run(attribution_jobs(explained, retrain=plan.config.fresh and not trains_first))
    return explained


def _jobs_apart(runner: JobRunner) -> RunJobs:
    """Return a function that does the jobs of untrained networks, whose failures are not the study's."""

    def do(jobs: Sequence[MemberJob]) -> Mapping[tuple[str, str | None], str]:
        runner.observer.comparing(jobs)
        apart = replace(runner, observer=Silent(), outputs=None, failures=Failures())
        apart.run(jobs)
        return apart.failures.reasons

    return do


def _reduce_all(
    explained: ExplainedClasses, outputs: MemberOutputs, failures: Failures
) -> dict[tuple[str, str], Reduced | str]:  # fmt: skip
    """Return the statistics of every cell's maps, or the reason why it failed."""
    plan, marginals = explained.plan, MarginalMapSource(explained, outputs)
    return {
        (architecture.name, method.canonical_name): _reduce(
            explained, architecture, method, failures=failures, marginals=marginals
        )
        for architecture in plan.architectures
        for method in plan.methods
    }


def _reduce(
    explained: ExplainedClasses,
    architecture: ArchitecturePlan,
    method: BoundMethod,
    *,
    failures: Failures,
    marginals: MarginalMapSource,
) -> Reduced | str:
    """Return the statistics of a cell's maps, or the reason why it failed."""
    plan = explained.plan
    reason = failures.of(architecture.name, method.canonical_name)
    if reason is not None:
        return reason
    try:
        return reduce_maps(
            StoredSource(
                plan.run_folder.stores(architecture, method), range(plan.members), explained.chunks(architecture)
            ),
            labels=plan.dataset.test.labels[plan.images].tolist(),
            views=method.views,
            sign=method.sign,
            scale=plan.aggregator.spec.scale,
            marginal=marginals.of(architecture, method),
            masks=None if plan.dataset.test.masks is None else plan.dataset.test.masks[plan.images],
            seed=plan.config.seed,
            groups=plan.groups,
            clusters=population_of(plan, architecture).clusters,
        )
    except FailedCellError as error:
        if error.__cause__ is not None:
            failures.tracebacks[architecture.name, method.canonical_name] = traceback_of(error)
            log_traceback(plan.run_folder.path, f"{architecture.name}, {method.canonical_name}", error)
        return one_line(error)
