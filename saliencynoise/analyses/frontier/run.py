"""Cheaper than retraining? Marginalisation strategies at several budgets, compared with networks that none used.

Each sampler gives the members of several independent base runs. A strategy's map is the aggregate of the first n
members of a run; it is compared with the maps of held-out members of the deep ensemble, corrected for those members'
noise. Its squared cosine is then set against the cost of the n members.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import torch

from saliencynoise.analyses.frontier.config import FrontierConfig
from saliencynoise.analyses.result import load_result
from saliencynoise.engine.config import REFERENCE
from saliencynoise.engine.ensemble_maps import EnsembleMaps, PlannedCell, inner_products
from saliencynoise.engine.judged import no_claim
from saliencynoise.engine.observer import Observer
from saliencynoise.engine.plan import Plan, make_plan
from saliencynoise.engine.reduce import FailedCellError, aggregate
from saliencynoise.engine.run import dispatcher_of, run_plan
from saliencynoise.interfaces import Aggregator, UsageError, one_line
from saliencynoise.records.frontier import read_frontier
from saliencynoise.records.writing import json_of
from saliencynoise.registry.catalogue import BoundAggregator, BoundSampler, catalogue
from saliencynoise.registry.parameters import canonical
from saliencynoise.statistics.comparison import holm
from saliencynoise.statistics.fidelity import fidelity, price_p, undetermined
from saliencynoise.statistics.intervals import members_interval
from saliencynoise.statistics.json_safe import json_safe
from saliencynoise.statistics.snr import pooled_snr
from saliencynoise.store.atomic import key_of, slug_of, write_json
from saliencynoise.store.holding import holding

RESULT = "frontier.json"
ABOUT = ("dataset", "recipes", "versions", "hardware", "device")
"""Keys that a result copies from the reference study, whose networks were retrained."""


def run_frontier(config: FrontierConfig, observer: Observer) -> dict[str, Any]:
    """Train, attribute and compare; the result is in `frontier.json` when it is returned.

    Raises:
        UsageError: naming the setting that cannot be used, and the fix.
    """
    aggregators = [_of_maps(name, config.budgets) for name in config.aggregators]
    plans = [(label, _plan(config, text)) for text, label in _samplers(config).items()]
    with holding(config.folder):
        return _run(config, aggregators, _strategies(config, plans, observer))


def _run(
    config: FrontierConfig, aggregators: Sequence[BoundAggregator], strategies: Sequence[EnsembleMaps]
) -> dict[str, Any]:
    """Compare the strategies' maps, in a folder that is locked."""
    reference = strategies[0]
    references, rows = [], []
    for cell in product(reference.plan.architectures, reference.plan.methods):
        references.append(_reference(config, reference, cell))
        if references[-1]["status"] == "ok":
            rows += [row for strategy in strategies for row in _rows(config, strategy, aggregators, cell, reference)]
    document = {
        "format": 1,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": config.settings,
        **{key: reference.study.result[key] for key in ABOUT},
        "held_out": list(config.held_out),
        "images": len(reference.plan.images),
        "runs": {strategy.label: str(strategy.study.folder) for strategy in strategies},
        "references": references,
        "rows": _compared_with_prices(rows, reference.label),
    }
    document = _plain(document)
    write_json(config.folder / RESULT, json_of(document))
    return document


def load_frontier(folder: str | Path) -> dict[str, Any]:
    """Read a frontier's result.

    Raises:
        UsageError: if there is none.
    """
    return load_result(folder, RESULT, command="frontier", read=read_frontier)


def failures(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that could not be computed."""
    return [row for row in (*document["references"], *document["rows"]) if row["status"] == "failed"]


def _plain(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document as it is read again from its file."""
    plain = json_safe(document)
    assert isinstance(plain, dict)  # noqa: S101 - as what it was made of; this tells mypy
    return plain


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
    """Run all plans, the reference first. Its targets hold for all; the others use the cells that it has maps of."""
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


def _reference(config: FrontierConfig, reference: EnsembleMaps, cell: PlannedCell) -> dict[str, Any]:
    """Return the row of the held-out members, whose noise the other rows are corrected for."""
    names = {"architecture": cell[0].model.display_name, "method": cell[1].display_name}
    reason = reference.failure(cell)
    if reason is not None:
        return {**names, "status": "failed", "reason": reason}
    judged = reference.judged(cell)
    snr = pooled_snr(reference.gram(cell, config.held_out, view=judged["view"]))
    interval = members_interval(snr)
    template = (judged.get("details") or {}).get("template") or {}
    return {
        **names,
        "status": "ok",
        "snr": snr.value,
        "interval": None if interval is None else asdict(interval),
        "view": judged["view"],
        "untrained": (judged.get("untrained") or {}).get("snr"),
        "no_claim": no_claim(judged),
        "template": template.get("share"),
    }


def _rows(
    config: FrontierConfig,
    strategy: EnsembleMaps,
    aggregators: Sequence[BoundAggregator],
    cell: PlannedCell,
    reference: EnsembleMaps,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a strategy for one architecture and method, from the least budget to the largest."""
    names = {"architecture": cell[0].model.display_name, "method": cell[1].display_name, "sampler": strategy.label}
    reason = strategy.failure(cell) or _shared(config, strategy, cell, reference)
    if reason is not None:
        yield {**names, "status": "failed", "reason": reason}
        return
    members = sorted({member for group in strategy.groups for member in group})
    budgets = [budget for budget in sorted(config.budgets) if strategy.groups_of(budget)]
    averages = [(aggregator, strategy.groups_of(budget)) for aggregator in aggregators for budget in budgets]
    held_out_maps, judged = reference.maps(cell, config.held_out), reference.judged(cell)
    try:
        products = inner_products(averages, members, strategy.maps(cell, members), held_out_maps, view=judged["view"])
    except FailedCellError as error:
        yield {**names, "status": "failed", "reason": one_line(error)}
        return
    gram = reference.gram(cell, config.held_out, view=judged["view"])
    single = sum(map(float, filter(None, reference.cost(reference.groups, cell))))
    for (aggregator, groups), inner in zip(averages, products, strict=True):
        training, attribution = strategy.cost(groups, cell)
        worth = undetermined(len(groups), no_claim(judged)) if no_claim(judged) else fidelity(inner, gram)
        price = None if training is None else (training + attribution) / single
        yield {
            **names,
            "status": "ok",
            "aggregator": aggregator.canonical_name.removeprefix("builtin/"),
            "members": len(groups[0]),
            "groups": len(groups),
            "training_seconds": training,
            "attribution_seconds": attribution,
            "price": price,
            "p": None if price is None else price_p(worth, price),
            "fidelity": {**asdict(worth), "words": worth.words},
        }


def _compared_with_prices(rows: Sequence[dict[str, Any]], reference: str) -> list[dict[str, Any]]:
    """Return the rows with `p_holm`: of "worth its price", corrected for all rows that a verdict is given on.

    These are the rows with most members of each cheaper strategy; the others, and those without a price, have None.
    """
    judged: dict[tuple[str, ...], int] = {}
    for index, row in enumerate(rows):
        if row["status"] == "ok" and row["sampler"] != reference and row["p"] is not None:
            judged[tuple(row[key] for key in ("architecture", "method", "sampler", "aggregator"))] = index
    corrected = dict(zip(judged.values(), holm([rows[index]["p"] for index in judged.values()]), strict=True))
    return [{**row, "p_holm": corrected.get(index)} for index, row in enumerate(rows)]


def _shared(config: FrontierConfig, strategy: EnsembleMaps, cell: PlannedCell, reference: EnsembleMaps) -> str | None:
    """Return why a strategy shares a held-out network, as files of the same pool would; None if it shares none."""
    held_out = reference.weights(cell[0], config.held_out)
    for weights, member in strategy.weights(
        cell[0], (member_index for group in strategy.groups for member_index in group)
    ).items():
        if weights in held_out:
            return f"its member {member} is the held-out network {held_out[weights]}, with which it is to be compared"
    return None
