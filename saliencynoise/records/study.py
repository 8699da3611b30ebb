"""`result.json` of a bench: settings, data, members, images and cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from saliencynoise.records.cell import Cell
from saliencynoise.records.common import (
    BenchSettings,
    Count,
    Environment,
    Format,
    Hardware,
    Name,
    Number,
    Provenance,
    RecipeRecord,
    Record,
    Scalar,
    Seconds,
    Seed,
    Shape,
    Share,
    Status,
)
from saliencynoise.records.files import Files, StoredMaps, wrong_file, wrong_maps
from saliencynoise.records.population import PopulationRecord, wrong_population


class StudySettings(BenchSettings, frozen=True, kw_only=True):
    """The settings of a bench, with its number of members."""

    members: Count


class DatasetRecord(Record, frozen=True, kw_only=True):
    """The images that a study is about."""

    asked: str
    name: str
    key: str
    masks: bool
    classes: tuple[str, ...]
    train_images: Count
    test_images: Count
    image_shape: Shape
    notes: tuple[str, ...]


class StudyFacts(Environment, frozen=True, kw_only=True):
    """Facts of a study that the result of an analysis repeats."""

    dataset: DatasetRecord
    recipes: dict[str, RecipeRecord]
    device: str


class SamplerRecord(Record, frozen=True, kw_only=True):
    """The sampler that the members come from; `name` is canonical, `label` is the display name."""

    name: str
    label: str
    distribution: str
    trains: bool
    at_chance: str
    runs: Count


class MethodRecord(Record, frozen=True, kw_only=True):
    """A method and what its plugin declares; `name` is canonical, `label` is the display name."""

    name: str
    label: str
    plugin: str
    short_name: str
    given: dict[str, Scalar]
    parameters: dict[str, Any]
    distribution: str
    library: str | None
    summary: str
    family: str
    kind: str
    paper: str | None
    cost: str
    stochastic: bool
    views: tuple[str, ...]
    sign: str


class MemberResult(Record, frozen=True, kw_only=True):
    """A trained network."""

    index: Count
    seeds: dict[str, Seed]
    accuracy: Share
    seconds: Seconds
    sha256: str
    logits_sha256: str
    versions: dict[str, str]
    hardware: Hardware
    source: str
    note: str
    flag: str | None


class ArchitectureResult(Record, frozen=True, kw_only=True):
    """An architecture with its members; `name` is canonical, `label` is the display name."""

    name: Name
    label: Name
    plugin: str
    short_name: str
    arguments: dict[str, Any]
    distribution: str
    pool: str
    parameters: Count
    adaptations: tuple[str, ...]
    points: dict[str, Any]
    population: PopulationRecord
    members: tuple[MemberResult, ...]


class ImageRecord(Record, frozen=True, kw_only=True):
    """An attributed image; by architecture its target, the vote on it, and how many members are right."""

    name: str
    label: Count
    group: Count | None
    target: dict[str, Count]
    predicted: dict[str, Count]
    members_correct: dict[str, Count]


class PrecisionCell(Record, frozen=True, kw_only=True):
    """r of a cell in bfloat16 and in float32, or the reason why it is not known."""

    architecture: str
    method: str
    view: str
    status: Status
    reason: str | None
    bfloat16: Number
    float32: Number
    relative_error: Number


class Precision(Record, frozen=True, kw_only=True):
    """The error of bfloat16."""

    images: Count
    cells: tuple[PrecisionCell, ...]


class Chunks(Record, frozen=True, kw_only=True):
    """The number of images of a chunk, and by architecture the rows of a pass."""

    chunk: Count
    rows: dict[str, Count]


class StudyRecord(Provenance, frozen=True, kw_only=True):
    """The document of `result.json`."""

    format: Format
    settings: StudySettings
    plan: Chunks
    dataset: DatasetRecord
    recipes: dict[str, RecipeRecord]
    device: str
    aggregator: str
    sampler: SamplerRecord
    methods: tuple[MethodRecord, ...]
    architectures: tuple[ArchitectureResult, ...]
    images: tuple[ImageRecord, ...]
    cells: tuple[Cell, ...]
    maps: tuple[StoredMaps, ...]
    files: Files
    precision: Precision | None = None

    def architecture(self, label: str) -> ArchitectureResult:
        """Return the architecture with a display name."""
        return next(architecture for architecture in self.architectures if architecture.label == label)


def contradiction(record: StudyRecord) -> str | None:
    """Return a message on a contradiction in a study, or None: unknown names, classes out of range."""
    return next(_contradictions(record), None)


def _contradictions(record: StudyRecord) -> Iterator[str]:
    member_counts = {architecture.label: len(architecture.members) for architecture in record.architectures}
    misplaced = wrong_file(record.files) or wrong_maps(
        record.maps, record.files, members=member_counts, images=len(record.images)
    )
    if misplaced:
        yield misplaced
    if "torch" not in record.versions:
        yield "versions has no torch"
    if len(member_counts) < len(record.architectures):
        yield "two architectures have one label"
    for index, architecture in enumerate(record.architectures):
        wrong = wrong_population(architecture.population, members=len(architecture.members))
        if wrong:
            yield f"architectures[{index}].population.{wrong}"
    for index, cell in enumerate(record.cells):
        wrong = _wrong_cell(cell, member_counts, record.files)
        if wrong:
            yield f"cells[{index}].{wrong}"
    classes = len(record.dataset.classes)
    for index, image in enumerate(record.images):
        wrong = _wrong_image(image, classes)
        if wrong:
            yield f"images[{index}].{wrong}"
    yield from _missing_entries(record)


def _missing_entries(record: StudyRecord) -> Iterator[str]:
    """Yield a message on each method, recipe and target that a cell needs and the record lacks."""
    methods = {method.label for method in record.methods}
    for index, cell in enumerate(record.cells):
        if cell.method not in methods:
            yield f"cells[{index}].method is '{cell.method}', which is none of the methods"
    computed = {cell.architecture for cell in record.cells if cell.status == "ok"}
    for architecture in record.architectures:
        if architecture.label not in record.recipes:
            yield f"recipes has no '{architecture.label}'"
        lacking = [index for index, image in enumerate(record.images) if architecture.name not in image.target]
        if lacking and architecture.label in computed:
            yield f"images[{lacking[0]}].target has no '{architecture.name}'"


def _wrong_cell(cell: Cell, member_counts: Mapping[str, int], files: Files) -> str | None:
    """Return what is wrong with a cell, given the number of members of each architecture, or None."""
    if cell.architecture not in member_counts:
        return f"architecture is '{cell.architecture}', which is none of the architectures"
    if cell.status == "failed":
        return None if cell.reason is not None else "reason is null, though it failed"
    lacks = [f"{name} is null" for name in ("figures", "seconds", "details", "classes") if getattr(cell, name) is None]
    lacks += [] if cell.members else ["members is 0"]
    if lacks:
        return f"{lacks[0]}, though its status is ok"
    if not member_counts[cell.architecture]:
        return f"members is {cell.members}, and architecture '{cell.architecture}' lists none"
    if cell.gram not in files:
        return f"gram is '{cell.gram}', which is none of the files"
    return None


def _wrong_image(image: ImageRecord, classes: int) -> str | None:
    if image.label >= classes:
        return f"label is {image.label}, and there are {classes} classes"
    for name, votes in (("target", image.target), ("predicted", image.predicted)):
        wrong = next((value for value in votes.values() if value >= classes), None)
        if wrong is not None:
            return f"{name} is {wrong}, and there are {classes} classes"
    return None
