"""Results on disk: `result.json`, `snr.parquet`, Gram matrices, marginal maps, and `maps.zarr` for people."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import product
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from saliencynoise.data.levels import shown
from saliencynoise.engine.ceiling import ceiling_of, is_ceiling
from saliencynoise.engine.member_quality import Votes, failed_training_warnings, votes
from saliencynoise.engine.predictions import PREDICTIONS, note_prediction
from saliencynoise.engine.study import FORMAT, PARQUET, RESULT, Study
from saliencynoise.engine.untrained import with_floors
from saliencynoise.records.cell import Cell
from saliencynoise.records.common import Hardware, RecipeRecord
from saliencynoise.records.files import PICTURES, StoredChunk, StoredMaps, map_path
from saliencynoise.records.study import (
    ArchitectureResult,
    Chunks,
    DatasetRecord,
    ImageRecord,
    MethodRecord,
    SamplerRecord,
    Settings,
    StudyRecord,
)
from saliencynoise.records.writing import record_of, write_record
from saliencynoise.registry.parameters import values_of
from saliencynoise.store.atomic import sha256_of, write_bytes
from saliencynoise.store.export import Group, export_maps
from saliencynoise.store.grams import save_grams
from saliencynoise.store.provenance import hardware, versions

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from saliencynoise.engine.architecture_plan import ArchitecturePlan
    from saliencynoise.engine.explained_classes import ExplainedClasses
    from saliencynoise.engine.member_outputs import MemberOutputs
    from saliencynoise.engine.plan import Plan
    from saliencynoise.engine.reduce import Reduced
    from saliencynoise.engine.untrained import Floors
    from saliencynoise.registry.catalogue import BoundMethod
    from saliencynoise.store.maps import Chunk
    from saliencynoise.store.records import MemberRecord

Cells = Mapping[tuple[str, str], "Reduced | str"]
"""Statistics of the maps by architecture and method, or the reason why they failed."""


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """The trained members of one architecture of a plan.

    Attributes:
        plan: plan of the architecture.
        records: records of the members that were trained.
        flags: reason for each member that may have failed, by index.
        votes: votes on the attributed images; None where no member was trained.
        targets: the class that is explained, for each attributed image; empty where the vote on it failed.
        chunks: division of the images into files.
    """

    plan: ArchitecturePlan
    records: Sequence[MemberRecord]
    flags: Mapping[int, str]
    votes: Votes | None
    targets: tuple[int, ...]
    chunks: tuple[Chunk, ...]


def write_results(
    explained: ExplainedClasses,
    cells: Cells,
    kept: MemberOutputs,
    floors: Floors,
    *,
    tracebacks: Mapping[tuple[str, str | None], str] = MappingProxyType({}),
) -> Study:
    """Write the files of a study; `result.json` is written last, so that it is complete or absent.

    Raises:
        UsageError: if the folder is read-only or full.
    """
    plan = explained.plan
    ensembles = [_ensemble(explained, architecture, kept) for architecture in plan.architectures]
    found = _all_cells(plan, ensembles, cells, tracebacks)
    names = {architecture.name: architecture.model.display_name for architecture in plan.architectures}
    found = with_floors(found, cells, floors, names=names, seed=plan.config.seed)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    for ensemble, method, reduced in _computed(plan, ensembles, cells):
        save_grams(plan.run_folder.gram_file(ensemble.plan, method), reduced.grams)
    note_prediction(plan.run_folder.path, found, members=plan.config.settings["members"], created=created)
    _write_parquet(plan, ensembles, cells)
    maps = _write_maps(plan, ensembles, cells)
    result = StudyRecord(
        format=FORMAT,
        created=created,
        settings=record_of(plan.config.settings, Settings),
        plan=record_of(plan.run_folder.division, Chunks),
        dataset=_dataset(plan),
        recipes={
            architecture.model.display_name: record_of(architecture.recipe, RecipeRecord)
            for architecture in plan.architectures
        },
        device=plan.device,
        aggregator=plan.aggregator.canonical_name,
        sampler=_sampler(plan),
        versions=versions(),
        hardware=record_of(hardware(plan.device, threads=1), Hardware),
        methods=tuple(_method(method) for method in plan.methods),
        architectures=tuple(_architecture(ensemble) for ensemble in ensembles),
        images=tuple(_images(plan, ensembles)),
        cells=tuple(found),
        maps=tuple(maps),
        files=_sums(plan, ensembles, cells),
    )
    write_record(plan.run_folder.path / RESULT, result)
    _remove_maps(plan, ensembles, cells)
    return Study(result, plan.run_folder.path)


def _all_cells(
    plan: Plan,
    ensembles: Sequence[Ensemble],
    cells: Cells,
    tracebacks: Mapping[tuple[str, str | None], str],
) -> list[Cell]:
    return [
        cell
        for ensemble in ensembles
        for method in plan.methods
        for cell in _cells(
            plan,
            ensemble,
            method,
            cells[ensemble.plan.name, method.canonical_name],
            tracebacks.get((ensemble.plan.name, None)) or tracebacks.get((ensemble.plan.name, method.canonical_name)),
        )
    ]


def _sampler(plan: Plan) -> SamplerRecord:
    return SamplerRecord(
        name=plan.sampler.canonical_name,
        label=plan.sampler.display_name,
        distribution=plan.sampler.distribution,
        trains=plan.sampler.instance.trains,
        at_chance=plan.sampler.spec.at_chance,
        runs=len(plan.runs()),
    )


def _ensemble(explained: ExplainedClasses, architecture: ArchitecturePlan, kept: MemberOutputs) -> Ensemble:
    plan = explained.plan
    labels, records = plan.dataset.test.labels, kept.records(architecture.name)
    return Ensemble(
        plan=architecture,
        records=records,
        flags=failed_training_warnings(architecture.pool, records, plan.dataset) if records else {},
        votes=votes(kept.logits(architecture.name), labels[plan.images]) if records else None,
        targets=explained.of(architecture),
        chunks=explained.chunks(architecture),
    )


def _dataset(plan: Plan) -> DatasetRecord:
    dataset = plan.dataset
    return DatasetRecord(
        name=plan.dataset_text,
        asked=plan.config.dataset,
        key=plan.dataset_key,
        classes=tuple(dataset.classes),
        train_images=len(dataset.train),
        test_images=len(dataset.test),
        image_shape=tuple(dataset.test.images.shape[1:]),
        masks=dataset.test.masks is not None,
        notes=(*dataset.notes, *plan.image_groups.notes),
    )


def _method(method: BoundMethod) -> MethodRecord:
    """Return the description of a method for reports, so that they need no plugin."""
    spec = method.spec
    return MethodRecord(
        name=method.canonical_name,
        label=method.display_name,
        plugin=method.plugin,
        short_name=method.name,
        given=dict(method.given),
        parameters=values_of(method.instance),
        distribution=method.distribution,
        library=spec.library,
        summary=spec.summary,
        family=spec.family,
        kind=spec.kind,
        paper=spec.paper,
        cost=spec.cost,
        stochastic=spec.stochastic,
        views=tuple(method.views),
        sign=method.sign,
    )


def _architecture(ensemble: Ensemble) -> ArchitectureResult:
    model = ensemble.plan.model
    return record_of(
        {
            "name": model.canonical_name,
            "label": model.display_name,
            "plugin": model.entry.plugin.name,
            "short_name": model.entry.name,
            "arguments": model.arguments,
            "distribution": model.distribution,
            "pool": str(ensemble.plan.pool.folder),
            **ensemble.plan.network,
            "members": [{**asdict(record), "flag": ensemble.flags.get(record.index)} for record in ensemble.records],
        },
        ArchitectureResult,
    )


def _images(plan: Plan, ensembles: Sequence[Ensemble]) -> list[ImageRecord]:
    labels = plan.dataset.test.labels[plan.images].tolist()
    voted = {ensemble.plan.name: ensemble.votes for ensemble in ensembles if ensemble.votes is not None}
    targets = {ensemble.plan.name: ensemble.targets for ensemble in ensembles if ensemble.targets}
    return [
        ImageRecord(
            name=plan.dataset.test.names[index],
            label=labels[row],
            group=None if plan.groups is None else plan.groups[row],
            target={name: classes[row] for name, classes in targets.items()},
            predicted={name: int(vote.predicted[row]) for name, vote in voted.items()},
            members_correct={name: int(vote.members_correct[row]) for name, vote in voted.items()},
        )
        for row, index in enumerate(plan.images.tolist())
    ]


def _cells(
    plan: Plan, ensemble: Ensemble, method: BoundMethod, reduced: Reduced | str, traceback: str | None
) -> list[Cell]:
    accuracies = [record.accuracy for record in ensemble.records]
    common = {
        "dataset": plan.dataset.name,
        "architecture": ensemble.plan.model.display_name,
        "method": method.display_name,
        "method_name": method.canonical_name,
        "distribution": method.distribution,
        "members": plan.members,
        "draws": plan.draws(method),
        "flagged_members": sorted(ensemble.flags),
        "accuracy": {
            "median": median(accuracies) if accuracies else None,
            "min": min(accuracies, default=None),
            "max": max(accuracies, default=None),
        },
        "untrained": None,
    }
    if isinstance(reduced, str):
        blank = dict.fromkeys(
            ("figures", "ceiling", "classes", "details", "seconds", "diagnostics", "denormal_images", "gram")
        )
        failure = {**common, **blank, "status": "failed", "reason": reduced, "traceback": traceback}
        return [record_of({**failure, "sign": method.sign, "view": view}, Cell) for view in method.views]
    computed = {
        **common,
        "status": "ok",
        "reason": None,
        "sign": reduced.sign,
        "traceback": None,
        "seconds": _seconds(plan, ensemble, method),
        "gram": plan.run_folder.gram_file(ensemble.plan, method).relative_to(plan.run_folder.path).as_posix(),
        "denormal_images": reduced.denormal,
        "diagnostics": {name: _summary(values) for name, values in reduced.diagnostics.items() if not is_ceiling(name)},
    }
    return [
        record_of(
            {
                **computed,
                "view": view,
                "figures": figures,
                "ceiling": ceiling_of(method, reduced.diagnostics, view),
                "details": reduced.details[view].to_dict(None if ensemble.votes is None else ensemble.votes.correct),
                "classes": {
                    plan.dataset.classes[label]: class_figures for label, class_figures in reduced.classes[view].items()
                },
            },
            Cell,
        )
        for view, figures in reduced.figures.items()
    ]


def _seconds(plan: Plan, ensemble: Ensemble, method: BoundMethod) -> float:
    return sum(
        store.seconds(record.index, record.sha256, chunk)
        for store in plan.run_folder.stores(ensemble.plan, method)
        for record in ensemble.records
        for chunk in ensemble.chunks
    )


def _summary(values: Tensor) -> dict[str, float]:
    """Return the median and the largest of a diagnostic over members, images and draws."""
    return {"median": float(values.median()), "max": float(values.max())}


def _write_parquet(plan: Plan, ensembles: Sequence[Ensemble], cells: Cells) -> None:
    """Write a row per architecture, method, view and image; by pyarrow alone, since pandas takes a second to load."""
    import pyarrow as pa  # noqa: PLC0415 - planning need not wait for it
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    tables = []
    for ensemble, method, reduced in _computed(plan, ensembles, cells):
        about = _about_images(plan, ensemble)
        for view, figures in reduced.figures.items():
            names = {"architecture": ensemble.plan.model.display_name, "method": method.display_name, "view": view}
            cell_names = {
                name: [value] * figures.images for name, value in {"dataset": plan.dataset.name, **names}.items()
            }
            values = {name: column.numpy() for name, column in figures.per_image.items()}
            tables.append(pa.table({**cell_names, **about, **values, **reduced.details[view].per_image()}))
    columns = ("dataset", "architecture", "method", "view", "image")
    table = (
        pa.concat_tables(tables, promote_options="default")
        if tables
        else pa.table({name: pa.array([], "string") for name in columns})
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    write_bytes(plan.run_folder.path / PARQUET, buffer.getvalue())


def _computed(
    plan: Plan, ensembles: Sequence[Ensemble], cells: Cells
) -> Iterator[tuple[Ensemble, BoundMethod, Reduced]]:
    for ensemble in ensembles:
        for method in plan.methods:
            reduced = cells[ensemble.plan.name, method.canonical_name]
            if not isinstance(reduced, str):
                yield ensemble, method, reduced


def _about_images(plan: Plan, ensemble: Ensemble) -> dict[str, list[Any]]:
    classes = plan.dataset.classes
    about = {
        "image": [plan.dataset.test.names[index] for index in plan.images.tolist()],
        "label": [classes[label] for label in plan.dataset.test.labels[plan.images].tolist()],
        "target": [classes[target] for target in ensemble.targets],
    }
    if ensemble.votes is not None:
        about["predicted"] = [classes[predicted] for predicted in ensemble.votes.predicted.tolist()]
        about["members_correct"] = ensemble.votes.members_correct.tolist()
    return about


def _sums(plan: Plan, ensembles: Sequence[Ensemble], cells: Cells) -> dict[str, str]:
    """Return the checksum of each file that the result consists of, by its path in the folder."""
    computed = list(_computed(plan, ensembles, cells))
    keep = plan.config.keep_maps
    paths = [plan.run_folder.path / PARQUET, plan.run_folder.path / PREDICTIONS]
    paths += [plan.run_folder.gram_file(ensemble.plan, method) for ensemble, method, _ in computed]
    if keep != "none":
        paths += [
            plan.run_folder.path / PICTURES,
            *(_marginal(plan, ensemble, method) for ensemble, method, _ in computed),
        ]
    sums = {path: sha256_of(path) or "" for path in paths}
    for ensemble, method, _ in computed if keep == "all" else ():
        for store, record, chunk in product(
            plan.run_folder.stores(ensemble.plan, method), ensemble.records, ensemble.chunks
        ):
            sums[store.path(record.index, chunk)] = store.sha256(record.index, record.sha256, chunk)
    return {path.relative_to(plan.run_folder.path).as_posix(): checksum for path, checksum in sums.items()}


def _write_maps(plan: Plan, ensembles: Sequence[Ensemble], cells: Cells) -> list[StoredMaps]:
    """Write marginal maps, images and the export, and return the paths of the maps, as in `result.json`."""
    from safetensors.torch import save  # noqa: PLC0415 - as above

    export = plan.run_folder.path / "maps.zarr"
    if plan.config.keep_maps == "none":
        shutil.rmtree(export, ignore_errors=True)  # of an earlier run, whose maps it shows
        return []
    computed = list(_computed(plan, ensembles, cells))
    for ensemble, method, reduced in computed:
        write_bytes(_marginal(plan, ensemble, method), save({"values": reduced.marginal.contiguous()}))
    pictures = shown(plan.dataset.test.images[plan.images])
    write_bytes(plan.run_folder.path / PICTURES, save({"pixels": pictures.contiguous()}))
    members = plan.config.keep_maps == "all"
    export_maps(export, [_group(plan, *cell, members=members) for cell in computed], pictures)
    return [_stored(plan, *cell, members=members) for cell in computed]


def _stored(plan: Plan, ensemble: Ensemble, method: BoundMethod, reduced: Reduced, *, members: bool) -> StoredMaps:
    stores = plan.run_folder.stores(ensemble.plan, method) if members else ()
    return StoredMaps(
        architecture=ensemble.plan.model.display_name,
        method=method.display_name,
        shape=tuple(reduced.marginal.shape[1:]),
        marginal=_marginal(plan, ensemble, method).relative_to(plan.run_folder.path).as_posix(),
        draws=tuple(store.folder.relative_to(plan.run_folder.path).as_posix() for store in stores),
        chunks=tuple(StoredChunk(file=chunk.file, images=len(chunk.rows)) for chunk in ensemble.chunks),
    )


def _marginal(plan: Plan, ensemble: Ensemble, method: BoundMethod) -> Path:
    return plan.run_folder.maps(ensemble.plan, method) / "marginal.safetensors"


def _remove_maps(plan: Plan, ensembles: Sequence[Ensemble], cells: Cells) -> None:
    """Delete the members' maps that are not to be kept."""
    if plan.config.keep_maps == "all":
        return
    for ensemble, method, _ in _computed(plan, ensembles, cells):
        for store in plan.run_folder.stores(ensemble.plan, method):
            store.remove_members(plan.members)


def _group(plan: Plan, ensemble: Ensemble, method: BoundMethod, reduced: Reduced, *, members: bool) -> Group:
    return Group(
        path=map_path(ensemble.plan.model.display_name, method.display_name),
        stores=plan.run_folder.stores(ensemble.plan, method) if members else (),
        members=plan.members,
        chunks=ensemble.chunks,
        marginal=reduced.marginal,
        coordinates=_about_images(plan, ensemble),
        attributes={
            "method": method.canonical_name,
            "architecture": ensemble.plan.model.canonical_name,
            "aggregator": plan.aggregator.canonical_name,
        },
    )
