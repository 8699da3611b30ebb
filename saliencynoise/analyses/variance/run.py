"""Which randomness matters? Networks that share some of their seeds show the parts of the noise.

Every stream that has an effect is varied, by itself or with others as one. Otherwise the members of a block would share
it, and its part would be counted in that of another stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from saliencynoise.analyses.result import facts_of, load_result
from saliencynoise.analyses.variance.config import VarianceConfig
from saliencynoise.analyses.variance.seed_design import Blocks, Design, design_of, without_effect
from saliencynoise.engine.architecture_plan import built_without_weights
from saliencynoise.engine.dataset import load_dataset
from saliencynoise.engine.device import resolve_device
from saliencynoise.engine.judged import judged_cells
from saliencynoise.engine.plan import make_plan
from saliencynoise.engine.run import run_plan
from saliencynoise.records.common import ValueWithInterval
from saliencynoise.records.variance import (
    AccuracyRange,
    EnergyShares,
    FailedVarianceRow,
    StreamShares,
    TrainedAgain,
    VarianceMembers,
    VarianceRecord,
    VarianceRow,
    VarianceSettings,
)
from saliencynoise.records.writing import record_of, write_record
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.statistics.components import seed_components
from saliencynoise.statistics.draws import energy_shares, networks_gram
from saliencynoise.statistics.jackknife import jackknife_variance, t_interval
from saliencynoise.store.atomic import slug_of
from saliencynoise.store.holding import holding
from saliencynoise.training.recipes import recipe_for

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.engine.observer import Observer
    from saliencynoise.engine.plan import Plan
    from saliencynoise.engine.study import Study
    from saliencynoise.records.cell import Cell
    from saliencynoise.statistics.intervals import Interval

RESULT = "variance.json"
FORMAT = 1
"""Version of the file's layout."""


def run_variance(config: VarianceConfig, observer: Observer) -> VarianceRecord:
    """Train the blocks, attribute, and divide the noise; the result is in `variance.json` when it is returned.

    Raises:
        UsageError: naming the setting that cannot be used, and the fix.
    """
    designs = _designs(config)
    plans = [_plan(config, architecture, design) for architecture, design in designs.items()]
    with holding(config.folder):
        record = _record(config, plans, designs, observer)
        write_record(config.folder / RESULT, record)
    return record


def _record(
    config: VarianceConfig, plans: Sequence[Plan], designs: Mapping[str, Design], observer: Observer
) -> VarianceRecord:
    """Run the plans and divide the noise of each architecture and method."""
    studies = [run_plan(plan, observer) for plan in plans]
    ensembles = [
        (study, design, _blocks(study, design)) for study, design in zip(studies, designs.values(), strict=True)
    ]
    return VarianceRecord(
        format=FORMAT,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=config.command,
        settings=record_of(config.settings, VarianceSettings),
        study=facts_of(studies[0].result),
        images=len(plans[0].images),
        architectures=tuple(_members(*ensemble) for ensemble in ensembles),
        rows=tuple(row for ensemble in ensembles for row in _rows(*ensemble)),
    )


def load_variance(folder: str | Path) -> VarianceRecord:
    """Read a result.

    Raises:
        UsageError: if there is none, or it is damaged.
    """
    return load_result(folder, RESULT, VarianceRecord, command="variance")


def _designs(config: VarianceConfig) -> dict[str, Design]:
    """Return the design of each architecture; nothing is written yet."""
    bench, names = config.bench, catalogue()
    for text in bench.methods:
        names.method(text)
    models = {name: names.model(name, bench.arch_args) for name in bench.archs}
    device = resolve_device(bench.device)
    _, dataset = load_dataset(bench)
    recipes = {
        name: recipe_for(dataset, architecture=model.display_name, device=device, overrides=bench.recipe)
        for name, model in models.items()
    }
    shape = tuple(dataset.train.images.shape[1:])
    return {
        name: design_of(
            config.streams,
            without_effect(recipes[name], built_without_weights(model, shape, len(dataset.classes)).module),
            architecture=model.display_name,
        )
        for name, model in models.items()
    }


def _plan(config: VarianceConfig, architecture: str, design: Design) -> Plan:
    members = config.blocks * _per_block(design)
    folder = config.folder / slug_of(architecture)
    return make_plan(
        replace(
            config.bench,
            archs=(architecture,),
            sampler=design.sampler,
            members=members,
            out=str(folder),
            untrained="none",
        )
    )


def _per_block(design: Design) -> int:
    return catalogue().sampler(design.sampler).instance.per_block


def _blocks(study: Study, design: Design) -> Blocks:
    (architecture,) = study.result.architectures
    return Blocks.of(architecture.members, design, per_block=_per_block(design))


def _members(study: Study, design: Design, blocks: Blocks) -> VarianceMembers:
    (architecture,) = study.result.architectures
    members = architecture.members
    accuracies = architecture.accuracies
    equal = [members[one].sha256 == members[other].sha256 for one, other in blocks.repeated_pairs]
    return VarianceMembers(
        architecture=architecture.label,
        run=str(study.folder),
        streams={factor: design.streams_of(factor) for factor in design.factors},
        left_out=dict(design.without),
        blocks=len(set(blocks.blocks)),
        members=len(members),
        accuracy=AccuracyRange(min=min(accuracies, default=None), max=max(accuracies, default=None)),
        trained_again=TrainedAgain(members=len(equal), bitwise_equal=sum(equal)),
        flagged={str(member.index): member.flag for member in members if member.flag},
    )


def _rows(study: Study, design: Design, blocks: Blocks) -> Iterator[VarianceRow | FailedVarianceRow]:
    """Yield a row per method, in its headline's view, or centred if whole maps of untrained networks agree."""
    failed = {cell.method_name: cell for cell in reversed(study.failed)}
    judged = {cell.method_name: cell for cell in judged_cells(study)}
    for name in dict.fromkeys(cell.method_name for cell in study.result.cells):
        if name in judged:
            yield _row(study, judged[name], design, blocks)
        else:
            cell = failed[name]
            yield FailedVarianceRow(
                architecture=cell.architecture, method=cell.method, view=cell.view, reason=cell.reason or ""
            )


def _row(study: Study, cell: Cell, design: Design, blocks: Blocks) -> VarianceRow:
    """Return the parts of the noise of a cell that was computed."""
    crossed = study.crossed(cell)
    components = seed_components(
        study.gram(cell) if crossed is None else networks_gram(crossed),
        seeds=blocks.seeds,
        streams=design.factors,
        blocks=blocks.blocks,
        replicates=blocks.repeats,
        scaled=crossed is not None,
    )
    energy = None if crossed is None else _energy(crossed, blocks)
    return VarianceRow(
        architecture=cell.architecture,
        method=cell.method,
        view=cell.view,
        reason=None,
        noise=components.noise if energy is None else energy.network.value,
        streams=tuple(record_of(part, StreamShares) for part in components.streams),
        replicate=None if components.replicate is None else record_of(components.replicate, ValueWithInterval),
        energy=energy,
        words=components.words,
    )


def _energy(crossed: Float[Tensor, "B N D N D"], blocks: Blocks) -> EnergyShares:
    """Return the shares of a map's energy, from members that share no seed; t over blocks."""
    names = sorted(set(blocks.blocks))
    block_of_member = torch.tensor(blocks.blocks)
    whole = energy_shares(crossed, apart=blocks.sharing_no_seed)
    fewer = [_without_block(crossed, blocks.sharing_no_seed, block_of_member != block) for block in names]
    shares = {
        key: {"value": value, "interval": _interval(value, [shares[key] for shares in fewer])}
        for key, value in whole.items()
    }
    return record_of(shares, EnergyShares)


def _interval(value: float, without: Sequence[float]) -> Interval:
    """Return the interval of a share over blocks, from the share without each block."""
    variance, df = jackknife_variance(torch.tensor(without)), len(without) - 1
    return t_interval(value, [(variance, df)], question="members", note=f"t over {len(without)} blocks of seeds")


def _without_block(crossed: Tensor, apart: Tensor, keep: Tensor) -> Mapping[str, float]:
    return energy_shares(crossed[:, keep][:, :, :, keep], apart=apart[keep][:, keep])
