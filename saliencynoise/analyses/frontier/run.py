"""Which sampler is cheaper than retraining? Averages of several budgets, compared with networks that no sampler used.

Each sampler gives the members of several independent base runs. The first n members of a run have one average map. It
is compared with the maps of held-out members of the deep ensemble, and corrected for the noise of these members. A row
has the squared cosine of the average and the cost of its n members.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import torch

from saliencynoise.analyses.frontier.config import FrontierConfig
from saliencynoise.analyses.frontier.rows import held_out_networks, rows_of, with_corrected_p
from saliencynoise.analyses.result import facts_of, load_result
from saliencynoise.engine.config import REFERENCE
from saliencynoise.engine.ensemble_maps import EnsembleMaps
from saliencynoise.engine.failures import FailedCellError
from saliencynoise.engine.observer import Observer
from saliencynoise.engine.plan import Plan, make_plan
from saliencynoise.engine.reduce import aggregate
from saliencynoise.engine.run import dispatcher_of, run_plan
from saliencynoise.interfaces import Aggregator, UsageError, one_line
from saliencynoise.records.frontier import (
    FailedSampler,
    FrontierRecord,
    FrontierRow,
    FrontierSettings,
    HeldOutNetworks,
)
from saliencynoise.records.rows import FailedRow
from saliencynoise.records.writing import record_of, write_record
from saliencynoise.registry.bound import BoundAggregator, BoundSampler
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.registry.parameters import canonical
from saliencynoise.store.atomic import key_of, slug_of
from saliencynoise.store.holding import holding

RESULT = "frontier.json"
FORMAT = 1
"""Version of the file's layout."""


def run_frontier(config: FrontierConfig, observer: Observer) -> FrontierRecord:
    """Train, attribute and compare; the result is in `frontier.json` when it is returned.

    Raises:
        UsageError: naming the setting that cannot be used, and the fix.
    """
    aggregators = [_of_maps(name, config.budgets) for name in config.aggregators]
    plans = [(label, _plan(config, text)) for text, label in _samplers(config).items()]
    with holding(config.folder):
        record = _record(config, aggregators, _strategies(config, plans, observer))
        write_record(config.folder / RESULT, record)
    return record


def _record(
    config: FrontierConfig, aggregators: Sequence[BoundAggregator], strategies: Sequence[EnsembleMaps]
) -> FrontierRecord:
    """Return the comparison of the strategies' maps."""
    reference = strategies[0]
    references: list[HeldOutNetworks | FailedRow] = []
    rows: list[FrontierRow | FailedSampler] = []
    for cell in product(reference.plan.architectures, reference.plan.methods):
        references.append(held_out_networks(config, reference, cell))
        if isinstance(references[-1], HeldOutNetworks):
            for strategy in strategies:
                rows += rows_of(config, strategy, aggregators, cell, reference)
    facts = facts_of(reference.study.result)
    return FrontierRecord(
        format=FORMAT,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=config.command,
        settings=record_of(config.settings, FrontierSettings),
        dataset=facts.dataset,
        recipes=facts.recipes,
        versions=facts.versions,
        hardware=facts.hardware,
        device=facts.device,
        held_out=tuple(config.held_out),
        images=len(reference.plan.images),
        runs={strategy.label: str(strategy.study.folder) for strategy in strategies},
        references=tuple(references),
        rows=with_corrected_p(rows, reference.label),
    )


def load_frontier(folder: str | Path) -> FrontierRecord:
    """Read a frontier's result.

    Raises:
        UsageError: if there is none, or it is damaged.
    """
    return load_result(folder, RESULT, FrontierRecord, command="frontier")


def _of_maps(name: str, budgets: Sequence[int]) -> BoundAggregator:
    """Return an aggregator of maps that works with the numbers of members of all budgets."""
    aggregator = catalogue().aggregator(name)
    if not isinstance(aggregator.instance, Aggregator):
        raise UsageError(f"--aggregator {name} averages networks, and the frontier compares maps; name one of maps")
    for budget in sorted(budgets):
        try:
            aggregate(aggregator.instance, torch.arange(4.0 * budget).reshape(budget, 1, 2, 2))
        except FailedCellError as error:
            raise UsageError(f"--aggregator {name}: {one_line(error)}; leave {budget} out of --budgets") from error
    return aggregator


def _samplers(config: FrontierConfig) -> dict[str, str]:
    """Return the labels of the samplers by canonical name, each once and the reference first."""
    bound = [catalogue().sampler(name) for name in (REFERENCE, *config.samplers)]
    labels: dict[str, str] = {}
    for sampler in bound:
        labels.setdefault(_grouped(sampler, max(config.budgets)), sampler.display_name)
    return labels


def _grouped(sampler: BoundSampler, most: int) -> str:
    """Return a sampler's canonical name. A sampler without a fixed number of members gives the largest budget."""
    in_runs = sampler.instance.in_runs_of(most)
    if in_runs is None:
        raise UsageError(
            f"the sampler {sampler.display_name} makes all its members in one run, and the frontier needs several "
            "runs; it needs a parameter members_a_run"
        )
    return sampler.canonical_name.partition("(")[0] + canonical(in_runs)


def _plan(config: FrontierConfig, text: str) -> Plan:
    sampler = catalogue().sampler(text)
    folder = config.folder / slug_of(f"{sampler.spec.name}-{key_of(text)[:6]}")
    members = _members(config, sampler)
    return make_plan(
        replace(
            config.bench,
            sampler=text,
            members=members,
            out=str(folder),
            aggregator="mean",
            keep_maps="all",
            untrained=config.bench.untrained if text == REFERENCE else "none",
        )
    )


def _members(config: FrontierConfig, sampler: BoundSampler) -> int:
    """Return the number of members to take from a sampler, at most as many as it gives."""
    if sampler.canonical_name == REFERENCE:
        return config.ensemble + config.reference
    wanted = config.ensemble if sampler.instance.per_run == 1 else config.runs * (sampler.instance.per_run or 1)
    return min(wanted, sampler.instance.available or wanted)


def _strategies(config: FrontierConfig, plans: Sequence[tuple[str, Plan]], observer: Observer) -> list[EnsembleMaps]:
    """Run all plans, the reference first; the others take its targets, and only the architectures that it trained."""
    (label, first), *others = plans
    with dispatcher_of(first) as dispatcher:
        study = run_plan(first, observer, dispatcher=dispatcher)
        reference = EnsembleMaps(label=label, plan=first, study=study, groups=tuple(first.runs()[: config.ensemble]))
        strategies, targets = [reference], reference.explained.targets
        for label, plan in others if targets else ():
            alive = [architecture for architecture in plan.architectures if architecture.name in targets]
            sampler_plan = replace(plan, architectures=alive)
            study = run_plan(sampler_plan, observer, targets=targets, dispatcher=dispatcher)
            strategies.append(
                EnsembleMaps(label=label, plan=sampler_plan, study=study, groups=tuple(sampler_plan.runs()))
            )
    return strategies
