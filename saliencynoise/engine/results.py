"""The result of a bench: `result.json`, written after all files that it lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from saliencynoise.data.chance import balanced_accuracy, is_imbalanced, largest_share
from saliencynoise.data.stored import name_for_people
from saliencynoise.engine.ceiling import ceiling_of
from saliencynoise.engine.command import command_of
from saliencynoise.engine.computed_cells import accuracy_of, computed_cells, failed_cells
from saliencynoise.engine.member_quality import failed_training_warnings, votes
from saliencynoise.engine.population import population_of
from saliencynoise.engine.predictions import note_prediction
from saliencynoise.engine.result_files import (
    ComputedMaps,
    Ensemble,
    checksums,
    remove_unwanted_maps,
    write_maps,
    write_table,
)
from saliencynoise.engine.study import FORMAT, RESULT, Study
from saliencynoise.engine.untrained import with_floors
from saliencynoise.records.cell import Cell
from saliencynoise.records.common import Hardware, RecipeRecord
from saliencynoise.records.study import (
    ArchitectureResult,
    Chunks,
    DatasetRecord,
    ImageRecord,
    MethodRecord,
    SamplerRecord,
    StudyRecord,
    StudySettings,
)
from saliencynoise.records.writing import record_of, write_record
from saliencynoise.registry.parameters import values_of
from saliencynoise.store.grams import save_grams
from saliencynoise.store.provenance import hardware, versions

if TYPE_CHECKING:
    from saliencynoise.engine.architecture_plan import ArchitecturePlan
    from saliencynoise.engine.explained_classes import ExplainedClasses
    from saliencynoise.engine.member_outputs import MemberOutputs
    from saliencynoise.engine.plan import Plan
    from saliencynoise.engine.reduce import Reduced
    from saliencynoise.engine.untrained import Floors
    from saliencynoise.registry.bound import BoundMethod

Cells = Mapping[tuple[str, str], "Reduced | str"]
"""Statistics of the maps by architecture and method, or the reason why they failed."""


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
    computed = list(_computed(plan, ensembles, cells))
    all_cells = _all_cells(plan, ensembles, cells, tracebacks)
    names = {architecture.name: architecture.model.display_name for architecture in plan.architectures}
    all_cells = with_floors(all_cells, cells, floors, names=names, seed=plan.config.seed)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    for maps in computed:
        save_grams(maps.gram_file, maps.reduced.grams)
    note_prediction(plan.run_folder.path, all_cells, members=plan.config.settings["members"], created=created)
    write_table(plan, computed)
    stored_maps = write_maps(plan, computed)
    result = StudyRecord(
        format=FORMAT,
        created=created,
        command=command_of("bench", plan.config.settings),
        settings=record_of(plan.config.settings, StudySettings),
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
        methods=tuple(method_record(method) for method in plan.methods),
        architectures=tuple(_architecture(plan, ensemble) for ensemble in ensembles),
        images=tuple(_images(plan, ensembles)),
        cells=tuple(all_cells),
        maps=tuple(stored_maps),
        files=checksums(plan, computed),
    )
    write_record(plan.run_folder.path / RESULT, result)
    remove_unwanted_maps(plan, computed)
    return Study(result, plan.run_folder.path)


def _computed(plan: Plan, ensembles: Sequence[Ensemble], cells: Cells) -> Iterator[ComputedMaps]:
    for ensemble in ensembles:
        for method in plan.methods:
            reduced = cells[ensemble.plan.name, method.canonical_name]
            if not isinstance(reduced, str):
                yield ComputedMaps(plan=plan, ensemble=ensemble, method=method, reduced=reduced)


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
    predicted = kept.predicted(architecture.name)
    return Ensemble(
        plan=architecture,
        records=records,
        flags=failed_training_warnings(records, predicted, plan.dataset) if records else {},
        balanced={index: balanced_accuracy(answers, labels) for index, answers in predicted.items()},
        votes=votes(kept.logits(architecture.name), labels[plan.images]) if records else None,
        targets=explained.of(architecture),
        chunks=explained.chunks(architecture),
    )


def _dataset(plan: Plan) -> DatasetRecord:
    dataset = plan.dataset
    return DatasetRecord(
        name=plan.dataset_text,
        asked=name_for_people(plan.config.dataset, dataset),
        key=plan.dataset_key,
        classes=tuple(dataset.classes),
        train_images=len(dataset.train),
        test_images=len(dataset.test),
        image_shape=tuple(dataset.test.images.shape[1:]),
        masks=dataset.test.masks is not None,
        largest_class=largest_share(dataset.test.labels),
        notes=(*dataset.notes, *plan.image_groups.notes),
    )


def method_record(method: BoundMethod) -> MethodRecord:
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


def _architecture(plan: Plan, ensemble: Ensemble) -> ArchitectureResult:
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
            "population": population_of(plan, ensemble.plan),
            "members": [
                {
                    **asdict(record),
                    "balanced_accuracy": ensemble.balanced[record.index],
                    "flag": ensemble.flags.get(record.index),
                }
                for record in ensemble.records
            ],
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
    common = {
        "dataset": plan.dataset.name,
        "architecture": ensemble.plan.model.display_name,
        "method": method.display_name,
        "method_name": method.canonical_name,
        "distribution": method.distribution,
        "members": plan.members,
        "draws": plan.draws(method),
        "flagged_members": sorted(ensemble.flags),
        "accuracy": accuracy_of(
            [record.accuracy for record in ensemble.records],
            balanced=ensemble.balanced.values() if is_imbalanced(plan.dataset.test.labels) else (),
        ),
        "untrained": None,
    }
    if isinstance(reduced, str):
        return failed_cells(common, views=method.views, sign=method.sign, reason=reduced, traceback=traceback)
    return computed_cells(
        common,
        reduced,
        classes=plan.dataset.classes,
        correct=None if ensemble.votes is None else ensemble.votes.correct,
        gram=plan.run_folder.gram_file(ensemble.plan, method).relative_to(plan.run_folder.path).as_posix(),
        seconds=_seconds(plan, ensemble, method),
        ceilings={view: ceiling_of(method, reduced.diagnostics, view) for view in reduced.figures},
    )


def _seconds(plan: Plan, ensemble: Ensemble, method: BoundMethod) -> float:
    return sum(
        store.seconds(record.index, record.sha256, chunk)
        for store in plan.run_folder.stores(ensemble.plan, method)
        for record in ensemble.records
        for chunk in ensemble.chunks
    )
