"""Cheaper than retraining? Marginalisation strategies at several budgets, held against networks that none of them used.

Each sampler gives the members of several independent base runs. A strategy's map is the aggregate of the first n
members of a run; it is compared with the maps of held-out members of the deep ensemble, corrected for those members'
own noise, and set against what the n members cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.bench.config import BenchConfig
from saliencynoise.bench.plan import ArchitecturePlan, Plan, make_plan
from saliencynoise.bench.production import REFERENCE
from saliencynoise.bench.reduce import aggregate, images_of
from saliencynoise.bench.run import run_plan
from saliencynoise.interfaces import Aggregator, UsageError
from saliencynoise.registry.catalogue import BoundAggregator, BoundMethod, catalogue
from saliencynoise.statistics.fidelity import fidelity
from saliencynoise.statistics.plain import json_safe
from saliencynoise.store.atomic import key_of, read_json, slug_of, write_json

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.bench.observer import Observer
    from saliencynoise.bench.study import Study

RESULT = "frontier.json"
SAMPLERS = ("deep_ensemble", "snapshot", "swag", "mc_dropout", "noisegrad", "fusiongrad")
BUDGETS = (1, 2, 4, 8)
ABOUT = ("dataset", "recipe", "versions", "hardware", "device")
"""What a result takes over from the reference's study."""


@dataclass(frozen=True, kw_only=True)
class FrontierConfig:
    """What is compared.

    Attributes:
        bench: the data, the architectures, the methods and the recipe; its sampler, members and folder are not used.
        samplers: with parameters; the deep ensemble is always among them, as the reference.
        aggregators: with parameters, of maps.
        budgets: numbers of members whose maps are aggregated.
        runs: independent base runs of each cheaper sampler.
        reference: held-out members of the deep ensemble.
        out: folder of the results; None for one under ./runs.
    """

    bench: BenchConfig
    samplers: tuple[str, ...] = SAMPLERS
    aggregators: tuple[str, ...] = ("mean",)
    budgets: tuple[int, ...] = BUDGETS
    runs: int = 4
    reference: int = 16
    out: str | None = None

    def __post_init__(self) -> None:
        """Refuse impossible values.

        Raises:
            UsageError: naming the option, its value and the possible ones.
        """
        if not self.samplers:
            raise UsageError("no sampler is named; give --sampler NAME")
        if not self.budgets or min(self.budgets) < 1 or len(set(self.budgets)) < len(self.budgets):
            raise UsageError(
                f"--budgets {','.join(map(str, self.budgets))} is not possible; give different numbers of 1 or more"
            )
        if self.runs < 1:
            raise UsageError(f"--runs {self.runs} is not possible; give 1 or more, 4 for intervals")
        if self.reference < 4:
            raise UsageError(f"--reference {self.reference} is not possible; give 4 held-out members or more")

    @property
    def folder(self) -> Path:
        """Where the results go."""
        if self.out is not None:
            return Path(self.out)
        key = key_of([self.bench.settings, self.samplers, self.aggregators, self.budgets, self.runs, self.reference])
        return Path("runs") / f"frontier-{slug_of(self.bench.dataset)}-{slug_of(self.bench.archs[0])}-{key[:6]}"


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """A sampler with the members that it gave.

    Attributes:
        label: of the sampler.
        plan: of its members.
        study: of its members.
        groups: the members of each base run, in order.
    """

    label: str
    plan: Plan
    study: Study
    groups: tuple[tuple[int, ...], ...]

    def groups_of(self, budget: int) -> list[tuple[int, ...]]:
        """Return the members of each strategy map at a budget: the first of each base run; [] where too few.

        Of samplers whose runs give one member each, as many disjoint groups as there are.
        """
        if all(len(group) == 1 for group in self.groups):
            members = [group[0] for group in self.groups]
            return [tuple(members[at : at + budget]) for at in range(0, len(members) - budget + 1, budget)]
        return [group[:budget] for group in self.groups if len(group) >= budget]

    def failure(self, architecture: ArchitecturePlan, method: BoundMethod) -> str | None:
        """Return why the maps of an architecture and method are not to be had; None where they are."""
        reasons = [
            cell["reason"]
            for cell in self.study.failed
            if cell["architecture"] == architecture.model.label and cell["method_name"] == method.text
        ]
        return reasons[0] if reasons else None

    def maps(
        self, architecture: ArchitecturePlan, method: BoundMethod, members: Sequence[int]
    ) -> Iterator[Float[Tensor, "E D c h w"]]:
        """Yield the members' maps, image by image."""
        own = self._own(architecture)
        chunks = self.plan.chunks(self.study.targets(architecture.model.label))
        return images_of(self.plan.stores(own, method), members, chunks)

    def cost(
        self, groups: Sequence[Sequence[int]], architecture: ArchitecturePlan, method: BoundMethod
    ) -> dict[str, float]:
        """Return the seconds of one strategy map of each image, the mean over groups: of training, and of maps."""
        own = self._own(architecture)
        records = {member: own.pool.record(member) for group in groups for member in group}
        chunks = self.plan.chunks(self.study.targets(architecture.model.label))
        training = [sum(record.seconds for member in group if (record := records[member])) for group in groups]
        maps = [
            sum(
                store.seconds(member, record.sha256, chunk)
                for store in self.plan.stores(own, method)
                for member in group
                if (record := records[member])
                for chunk in chunks
            )
            for group in groups
        ]
        return {"training_seconds": mean(training), "attribution_seconds": mean(maps)}

    def _own(self, architecture: ArchitecturePlan) -> ArchitecturePlan:
        """Return the strategy's plan of an architecture, whose members lie in a pool of their own."""
        return next(own for own in self.plan.architectures if own.name == architecture.name)


def run_frontier(config: FrontierConfig, observer: Observer) -> dict[str, Any]:
    """Train, attribute and compare; the result is in `frontier.json` when it is returned.

    Raises:
        UsageError: naming the setting that cannot be used, and the fix.
    """
    aggregators = [_of_maps(name) for name in config.aggregators]
    texts = list(dict.fromkeys([REFERENCE, *(_grouped(name, max(config.budgets)) for name in config.samplers)]))
    plans = [_plan(config, text) for text in texts]
    strategies = [_strategy(config, plan, observer) for plan in plans]
    reference = strategies[0].plan
    held_out = tuple(range(_ensemble_members(config), reference.members))
    rows = [
        row
        for architecture in reference.architectures
        for method in reference.methods
        for row in _rows(config, strategies, aggregators, held_out, (architecture, method))
    ]
    document = {
        "format": 1,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": _settings(config),
        "held_out": list(held_out),
        "runs": {own.label: str(own.study.folder) for own in strategies},
        "study": {
            key: strategies[0].study.result[key] for key in ("dataset", "recipe", "versions", "hardware", "device")
        },
        "images": len(reference.images),
        "rows": rows,
    }
    write_json(config.folder / RESULT, document)
    return document


def load_frontier(folder: str | Path) -> dict[str, Any]:
    """Read a frontier's result.

    Raises:
        UsageError: if there is none.
    """
    document = read_json(Path(folder) / RESULT)
    if not isinstance(document, dict) or "rows" not in document:
        raise UsageError(f"{folder} holds no readable {RESULT}; run 'saliencynoise frontier --out {folder}'")
    return document


def _settings(config: FrontierConfig) -> dict[str, Any]:
    own = {field.name: getattr(config, field.name) for field in fields(config) if field.name not in {"bench", "out"}}
    return {**own, "bench": config.bench.settings}


def _of_maps(name: str) -> BoundAggregator:
    aggregator = catalogue().aggregator(name)
    if aggregator.spec.level != "maps":
        raise UsageError(f"--aggregator {name} averages networks, and the frontier compares maps; name one of maps")
    return aggregator


def _grouped(name: str, most: int) -> str:
    """Return a sampler's canonical text; one whose runs give any number of members is to give the largest budget."""
    sampler = catalogue().sampler(name)
    if sampler.instance.per_run is None:
        if "members_a_run" not in {field.name for field in fields(sampler.instance)}:  # type: ignore[arg-type]
            raise UsageError(
                f"the sampler {sampler.label} makes all its members in one run, and the frontier needs several runs; "
                "it needs a parameter members_a_run"
            )
        return sampler.text.replace("members_a_run=0", f"members_a_run={most}")
    return sampler.text


def _ensemble_members(config: FrontierConfig) -> int:
    """Return how many members of the deep ensemble are a strategy's, in front of those held out."""
    return max(*config.budgets, config.runs)


def _plan(config: FrontierConfig, text: str) -> Plan:
    sampler = catalogue().sampler(text)
    if text == REFERENCE:
        members = _ensemble_members(config) + config.reference
    else:
        members = config.runs * (sampler.instance.per_run or max(config.budgets))
    folder = config.folder / slug_of(sampler.spec.name + "-" + key_of(text)[:6])
    return make_plan(
        replace(config.bench, sampler=text, members=members, out=str(folder), aggregator="mean", keep_maps="all")
    )


def _strategy(config: FrontierConfig, plan: Plan, observer: Observer) -> Strategy:
    study = run_plan(plan, observer)
    groups = plan.runs()
    if plan.sampler.text == REFERENCE:
        groups = groups[: _ensemble_members(config)]
    return Strategy(label=plan.sampler.label, plan=plan, study=study, groups=tuple(groups))


def _rows(
    config: FrontierConfig,
    strategies: Sequence[Strategy],
    aggregators: Sequence[BoundAggregator],
    held_out: Sequence[int],
    cell: tuple[ArchitecturePlan, BoundMethod],
) -> Iterator[dict[str, Any]]:
    """Yield the rows of one architecture and method, each strategy's from the least budget to the largest."""
    architecture, method = cell
    about = {"architecture": architecture.model.label, "method": method.label}
    reference = strategies[0]
    reason = reference.failure(architecture, method)
    if reason is not None:
        yield {**about, "sampler": reference.label, "status": "failed", "reason": reason}
        return
    held = [_unit(maps) for maps in reference.maps(architecture, method, held_out)]
    gram = torch.stack([_across_draws(maps, maps) for maps in held])
    single = reference.cost(reference.groups, architecture, method)
    for strategy in strategies:
        own = {**about, "sampler": strategy.label}
        reason = strategy.failure(architecture, method)
        if reason is not None:
            yield {**own, "status": "failed", "reason": reason}
            continue
        for aggregator in aggregators:
            for budget in sorted(config.budgets):
                groups = strategy.groups_of(budget)
                if not groups:
                    continue
                inner = _inner_products(strategy, groups, aggregator, cell, held)
                cost = strategy.cost(groups, architecture, method)
                yield {
                    **own,
                    "status": "ok",
                    "aggregator": aggregator.text,
                    "members": budget,
                    "groups": len(groups),
                    **cost,
                    "price": sum(cost.values()) / sum(single.values()),
                    "fidelity": json_safe(asdict(fidelity(inner, gram))),
                }


def _inner_products(
    strategy: Strategy,
    groups: Sequence[Sequence[int]],
    aggregator: BoundAggregator,
    cell: tuple[ArchitecturePlan, BoundMethod],
    held: Sequence[Float[Tensor, "R D P"]],
) -> Float[Tensor, "S B R"]:
    """Return the inner products of each group's strategy maps with the held-out members', all of unit norm."""
    members = sorted({member for group in groups for member in group})
    places = {member: place for place, member in enumerate(members)}
    images = []
    for maps, others in zip(strategy.maps(*cell, members), held, strict=True):
        chosen = [maps[[places[member] for member in group]] for group in groups]
        made = torch.stack([_of_each_draw(aggregator, own) for own in chosen])
        images.append(_across_draws(_unit(made), others))
    return torch.stack(images, 1)


def _of_each_draw(aggregator: BoundAggregator, maps: Float[Tensor, "n D c h w"]) -> Float[Tensor, "D c h w"]:
    assert isinstance(aggregator.instance, Aggregator)  # noqa: S101 - of maps, as was checked; this tells mypy
    return torch.stack([aggregate(aggregator.instance, maps[:, draw]) for draw in range(maps.shape[1])])


def _unit(maps: Float[Tensor, "E D c h w"]) -> Float[Tensor, "E D P"]:
    """Return the maps at unit norm; zero maps stay zero."""
    return torch.nn.functional.normalize(maps.flatten(2).double(), dim=-1)


def _across_draws(left: Float[Tensor, "E D P"], right: Float[Tensor, "F D P"]) -> Float[Tensor, "E F"]:
    """Return inner products, of different draws where there are several: a draw that both share is no agreement.

    A map's product with itself is that in one draw.
    """
    products = torch.einsum("edp,fgp->efdg", left, right)
    draws = products.shape[-1]
    if draws == 1:
        return products[..., 0, 0]
    same = products.diagonal(dim1=-2, dim2=-1)
    across = (products.sum((-2, -1)) - same.sum(-1)) / (draws * (draws - 1))
    if left is right:
        across = across - torch.diag_embed(across.diagonal() - same.mean(-1).diagonal())
    return across
