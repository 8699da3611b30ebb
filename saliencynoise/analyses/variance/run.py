"""Which randomness matters? Networks that share some of their seeds, and the parts of the noise that this shows.

Every stream that has an effect is varied, by itself or with others as one. Otherwise the members of a block would share
it, and its part would be counted in another stream's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.analyses.result import load_result
from saliencynoise.analyses.variance.config import VarianceConfig
from saliencynoise.analyses.variance.seed_design import Blocks, Design, design_of, without_effect
from saliencynoise.engine.architecture_plan import built_without_weights
from saliencynoise.engine.dataset import load_dataset
from saliencynoise.engine.device import resolve_device
from saliencynoise.engine.judged import judged_cells
from saliencynoise.engine.plan import make_plan
from saliencynoise.engine.run import run_plan
from saliencynoise.records.variance import read_variance
from saliencynoise.records.writing import json_of
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.statistics.components import seed_components
from saliencynoise.statistics.draws import energy_shares, networks_gram
from saliencynoise.statistics.jackknife import jackknife_variance, t_interval
from saliencynoise.statistics.json_safe import json_safe
from saliencynoise.store.atomic import slug_of, write_json
from saliencynoise.store.holding import holding
from saliencynoise.training.recipes import recipe_for

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.engine.observer import Observer
    from saliencynoise.engine.plan import Plan
    from saliencynoise.engine.study import Study

RESULT = "variance.json"
ABOUT = ("dataset", "recipes", "versions", "hardware", "device")
"""Keys that a result copies from the studies."""


def run_variance(config: VarianceConfig, observer: Observer) -> dict[str, Any]:
    """Train the blocks, attribute, and take the noise apart; the result is in `variance.json` when it is returned.

    Raises:
        UsageError: naming the setting that cannot be used, and the fix.
    """
    designs = _designs(config)
    plans = [_plan(config, architecture, design) for architecture, design in designs.items()]
    with holding(config.folder):
        return _run(config, plans, designs, observer)


def _run(
    config: VarianceConfig, plans: Sequence[Plan], designs: Mapping[str, Design], observer: Observer
) -> dict[str, Any]:
    """Run the plans, in a folder that is locked."""
    studies = [run_plan(plan, observer) for plan in plans]
    ensembles = [
        (study, design, _blocks(study, design)) for study, design in zip(studies, designs.values(), strict=True)
    ]
    document = {
        "format": 1,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": config.settings,
        "study": {key: studies[0].result[key] for key in ABOUT},
        "images": len(plans[0].images),
        "architectures": [_architecture(*ensemble) for ensemble in ensembles],
        "rows": [row for ensemble in ensembles for row in _rows(*ensemble)],
    }
    write_json(config.folder / RESULT, json_of(document))
    return document


def load_variance(folder: str | Path) -> dict[str, Any]:
    """Read a result.

    Raises:
        UsageError: if there is none.
    """
    return load_result(folder, RESULT, command="variance", read=read_variance)


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
    (architecture,) = study.result["architectures"]
    return Blocks.of(architecture["members"], design, per_block=_per_block(design))


def _architecture(study: Study, design: Design, blocks: Blocks) -> dict[str, Any]:
    (architecture,) = study.result["architectures"]
    members = architecture["members"]
    accuracies = [member["accuracy"] for member in members]
    equal = [members[one]["sha256"] == members[other]["sha256"] for one, other in blocks.again]
    return {
        "architecture": architecture["label"],
        "run": str(study.folder),
        "streams": {factor: list(design.streams_of(factor)) for factor in design.factors},
        "left_out": dict(design.without),
        "blocks": len(set(blocks.blocks)),
        "members": len(members),
        "accuracy": {"min": min(accuracies, default=None), "max": max(accuracies, default=None)},
        "trained_again": {"members": len(equal), "bitwise_equal": sum(equal)},
        "flagged": {str(member["index"]): member["flag"] for member in members if member["flag"]},
    }


def _rows(study: Study, design: Design, blocks: Blocks) -> Iterator[dict[str, Any]]:
    """Yield a row per method, in its headline's view, or centred if whole maps of untrained networks agree."""
    failed = {cell["method_name"]: cell for cell in reversed(study.failed)}
    judged = {cell["method_name"]: cell for cell in judged_cells(study)}
    for name in dict.fromkeys(cell["method_name"] for cell in study.result["cells"]):
        cell = judged[name] if name in judged else failed[name]
        about = {key: cell[key] for key in ("architecture", "method", "view", "status", "reason")}
        yield about if cell["status"] == "failed" else {**about, **_parts(study, cell, design, blocks)}


def _parts(study: Study, cell: Any, design: Design, blocks: Blocks) -> dict[str, Any]:
    """Return the parts of the noise of a cell that is done."""
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
    parts = {
        "noise": components.noise if energy is None else energy["network"]["value"],
        "streams": [asdict(part) for part in components.streams],
        "replicate": None if components.replicate is None else asdict(components.replicate),
        "energy": energy,
        "words": components.words,
    }
    return {key: json_safe(value) for key, value in parts.items()}


def _energy(crossed: Float[Tensor, "B N D N D"], blocks: Blocks) -> dict[str, dict[str, Any]]:
    """Return the shares of a map's energy, from members that share no seed; t over blocks."""
    names = sorted(set(blocks.blocks))
    block_of_member = torch.tensor(blocks.blocks)
    whole = energy_shares(crossed, apart=blocks.apart)
    fewer = [_without_block(crossed, blocks.apart, block_of_member != block) for block in names]
    return {
        key: {
            "value": value,
            "interval": asdict(
                t_interval(
                    value,
                    [(jackknife_variance(torch.tensor([shares[key] for shares in fewer])), len(names) - 1)],
                    question="members",
                    note=f"t over {len(names)} blocks of seeds",
                )
            ),
        }
        for key, value in whole.items()
    }


def _without_block(crossed: Tensor, apart: Tensor, keep: Tensor) -> Mapping[str, float]:
    return energy_shares(crossed[:, keep][:, :, :, keep], apart=apart[keep][:, keep])
