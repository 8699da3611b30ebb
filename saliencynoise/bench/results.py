"""Results on disk: `result.json`, `snr.parquet`, the marginal maps, and `maps.zarr` for people."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from saliencynoise.bench.members import Votes, flags, votes
from saliencynoise.bench.study import FORMAT, RESULT, Study
from saliencynoise.store.atomic import slug_of, write_bytes, write_json
from saliencynoise.store.export import Group, export_maps
from saliencynoise.store.provenance import hardware, versions

if TYPE_CHECKING:
    from saliencynoise.bench.plan import ArchitecturePlan, Plan, Targets
    from saliencynoise.bench.reduce import Reduced
    from saliencynoise.registry.catalogue import BoundMethod
    from saliencynoise.statistics.figures import Figures
    from saliencynoise.store.pool import MemberRecord

Cells = Mapping[tuple[str, str], "Reduced | str"]
"""What the maps of an architecture and a method come to, or why they came to nothing."""


def write_results(plan: Plan, targets: Targets, cells: Cells) -> Study:
    """Write everything that a study consists of; `result.json` comes last, so that it is whole or not there.

    Raises:
        UsageError: if the folder is read-only or full.
    """
    records = {architecture.name: _records(plan, architecture) for architecture in plan.architectures}
    voted = {name: _votes(plan, name, found) for name, found in records.items() if found}
    document = {
        "format": FORMAT,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "settings": plan.config.settings,
        "dataset": _dataset(plan),
        "recipe": asdict(plan.recipe),
        "device": plan.device,
        "aggregator": plan.aggregator.text,
        "versions": versions(),
        "hardware": hardware(plan.device, threads=1),
        "architectures": [_architecture(plan, a, records[a.name]) for a in plan.architectures],
        "images": _images(plan, targets, voted),
        "cells": [
            cell
            for architecture in plan.architectures
            for method in plan.methods
            for cell in _cells(plan, architecture, method, targets, records[architecture.name], cells)
        ],
    }
    _write_parquet(plan, targets, voted, cells)
    _write_maps(plan, targets, voted, cells)
    write_json(plan.folder / RESULT, document)
    return Study(document, plan.folder)


def _records(plan: Plan, architecture: ArchitecturePlan) -> list[MemberRecord]:
    found = [architecture.pool.record(member) for member in range(plan.config.members)]
    return [record for record in found if record is not None]


def _votes(plan: Plan, name: str, records: Sequence[MemberRecord]) -> Votes:
    pool = next(architecture.pool for architecture in plan.architectures if architecture.name == name)
    labels = plan.dataset.test.labels[plan.images]
    return votes(pool, [record.index for record in records], plan.images, labels)


def _dataset(plan: Plan) -> dict[str, Any]:
    dataset = plan.dataset
    return {
        "name": plan.dataset_text,
        "asked": plan.config.dataset,
        "key": plan.dataset_key,
        "classes": list(dataset.classes),
        "train_images": len(dataset.train),
        "test_images": len(dataset.test),
        "image_shape": list(dataset.test.images.shape[1:]),
        "notes": list(dataset.notes),
    }


def _architecture(
    plan: Plan, architecture: ArchitecturePlan, records: Sequence[MemberRecord]
) -> dict[str, Any]:
    flagged = flags(records, plan.dataset.test.labels) if records else {}
    return {
        "name": architecture.model.text,
        "label": architecture.model.label,
        "distribution": architecture.model.distribution,
        "pool": str(architecture.pool.folder),
        **architecture.network,
        "members": [{**asdict(record), "flag": flagged.get(record.index)} for record in records],
    }


def _images(plan: Plan, targets: Targets, voted: Mapping[str, Votes]) -> list[dict[str, Any]]:
    labels = plan.dataset.test.labels[plan.images].tolist()
    return [
        {
            "name": plan.dataset.test.names[index],
            "label": labels[place],
            "target": {name: own[place] for name, own in targets.items()},
            "predicted": {name: int(vote.predicted[place]) for name, vote in voted.items()},
            "members_correct": {name: int(vote.members_correct[place]) for name, vote in voted.items()},
        }
        for place, index in enumerate(plan.images.tolist())
    ]


def _cells(
    plan: Plan,
    architecture: ArchitecturePlan,
    method: BoundMethod,
    targets: Targets,
    records: Sequence[MemberRecord],
    cells: Cells,
) -> list[dict[str, Any]]:
    reduced = cells[architecture.name, method.text]
    accuracies = [record.accuracy for record in records]
    flagged = flags(records, plan.dataset.test.labels) if records else {}
    common = {
        "dataset": plan.dataset.name,
        "architecture": architecture.model.label,
        "method": method.label,
        "method_name": method.text,
        "distribution": method.distribution,
        "members": plan.config.members,
        "flagged_members": sorted(flagged),
        "accuracy": {
            "median": median(accuracies) if accuracies else None,
            "min": min(accuracies, default=None),
            "max": max(accuracies, default=None),
        },
    }
    if isinstance(reduced, str):
        blank = {"status": "failed", "reason": reduced, "figures": None, "classes": None, "seconds": None}
        return [{**common, "view": view, **blank} for view in method.spec.views]
    done = {"status": "ok", "reason": None, "seconds": _seconds(plan, architecture, method, targets, records)}
    return [
        {
            **common,
            **done,
            "view": view,
            "figures": _without_images(figures),
            "classes": {
                plan.dataset.classes[label]: _without_images(own)
                for label, own in reduced.classes[view].items()
            },
        }
        for view, figures in reduced.figures.items()
    ]


def _seconds(
    plan: Plan,
    architecture: ArchitecturePlan,
    method: BoundMethod,
    targets: Targets,
    records: Sequence[MemberRecord],
) -> float:
    store = plan.store(architecture, method)
    chunks = plan.chunks(targets[architecture.name])
    return sum(store.seconds(r.index, r.sha256, chunk) for r in records for chunk in chunks)


def _without_images(figures: Figures) -> dict[str, Any]:
    return {key: value for key, value in figures.to_dict().items() if key != "per_image"}


def _write_parquet(plan: Plan, targets: Targets, voted: Mapping[str, Votes], cells: Cells) -> None:
    """Write a row per architecture, method, view and image; by pyarrow alone, since pandas takes a second to load."""
    import pyarrow as pa  # noqa: PLC0415 - planning need not wait for it
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    tables = []
    for architecture in plan.architectures:
        for method in plan.methods:
            reduced = cells[architecture.name, method.text]
            if isinstance(reduced, str):
                continue
            about = _about_images(plan, targets[architecture.name], voted[architecture.name])
            for view, figures in reduced.figures.items():
                own = {"architecture": architecture.model.label, "method": method.label, "view": view}
                constant = {
                    name: [value] * figures.images
                    for name, value in {"dataset": plan.dataset.name, **own}.items()
                }
                values = {name: column.numpy() for name, column in figures.per_image.items()}
                tables.append(pa.table({**constant, **about, **values}))
    columns = ("dataset", "architecture", "method", "view", "image")
    table = pa.concat_tables(tables) if tables else pa.table({name: pa.array([], "string") for name in columns})
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    write_bytes(plan.folder / "snr.parquet", buffer.getvalue())


def _about_images(plan: Plan, targets: Sequence[int], vote: Votes) -> dict[str, list[Any]]:
    classes = plan.dataset.classes
    labels = plan.dataset.test.labels[plan.images].tolist()
    return {
        "image": [plan.dataset.test.names[index] for index in plan.images.tolist()],
        "label": [classes[label] for label in labels],
        "target": [classes[target] for target in targets],
        "predicted": [classes[predicted] for predicted in vote.predicted.tolist()],
        "members_correct": vote.members_correct.tolist(),
    }


def _write_maps(plan: Plan, targets: Targets, voted: Mapping[str, Votes], cells: Cells) -> None:
    from safetensors.torch import save  # noqa: PLC0415 - as above

    keep = plan.config.keep_maps
    groups = []
    for architecture in plan.architectures:
        for method in plan.methods:
            reduced = cells[architecture.name, method.text]
            if isinstance(reduced, str):
                continue
            store = plan.store(architecture, method)
            if keep != "none":
                write_bytes(store.folder / "marginal.safetensors", save({"values": reduced.marginal}))
            own = targets[architecture.name]
            groups.append(
                Group(
                    path=f"{slug_of(architecture.model.label)}/{slug_of(method.label)}",
                    store=store if keep == "all" else None,
                    members=plan.config.members,
                    chunks=plan.chunks(own),
                    marginal=reduced.marginal,
                    coordinates=_about_images(plan, own, voted[architecture.name]),
                    attributes={
                        "method": method.text,
                        "architecture": architecture.model.text,
                        "aggregator": plan.aggregator.text,
                    },
                )
            )
    if keep != "none":
        export_maps(plan.folder / "maps.zarr", groups, plan.dataset.test.images[plan.images])
    if keep != "all":
        for architecture in plan.architectures:
            for method in plan.methods:
                plan.store(architecture, method).remove_members()
