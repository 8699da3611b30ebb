"""`result.json` of a bench: settings, data, members, images and cells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

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

Layout = Literal["picture", "values"]


class StudySettings(BenchSettings, frozen=True, kw_only=True, tag_field="command", tag="bench"):
    """The settings of a bench, with its number of members."""

    members: Count


class MeasureSettings(Record, frozen=True, kw_only=True, tag_field="command", tag="measure"):
    """The settings of a study of maps that no bench made.

    `maps` says in words where they are from; `target` is what they explain, empty where that is not known. `draws` is
    the largest number of draws of a method, `shapes` has the shape of one map of each method as it was given.
    """

    maps: str
    methods: tuple[str, ...]
    shapes: dict[str, tuple[Count, ...]]
    views: tuple[str, ...]
    members: Count
    images: Count
    draws: Count
    target: str
    seed: Seed
    aggregator: str


class DatasetRecord(Record, frozen=True, kw_only=True):
    """The images or other items that a study is about.

    The numbers of training and test images are null where no data set is known, the shape where there are no pictures.
    `classes` is empty where the items have no labels; `features` names the values of each map, where it is a list.
    `largest_class` is its share of the test images: the accuracy of naming it always.
    """

    asked: str
    name: str
    key: str
    masks: bool
    classes: tuple[str, ...]
    train_images: Count | None
    test_images: Count | None
    image_shape: Shape | None
    notes: tuple[str, ...]
    features: tuple[str, ...] = ()
    largest_class: Share | None = None

    @property
    def size(self) -> str:
        """The size of the pictures as text, as "3x32x32"; empty where there are none."""
        return "x".join(map(str, self.image_shape or ()))


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
    """A method and what its plugin declares; `name` is canonical, `label` is the display name.

    `layout` says whether its maps are grids of places, or lists of values without places, of shape `[1, 1, P]`.
    """

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
    layout: Layout = "picture"


class MemberResult(Record, frozen=True, kw_only=True):
    """A trained network; of one whose maps alone are known, `source` is its name."""

    index: Count
    seeds: dict[str, Seed]
    accuracy: Share | None
    seconds: Seconds | None
    sha256: str
    logits_sha256: str
    versions: dict[str, str]
    hardware: Hardware | None
    source: str
    note: str
    flag: str | None
    balanced_accuracy: Share | None = None


class ArchitectureResult(Record, frozen=True, kw_only=True):
    """An architecture with its members; `name` is canonical, `label` is the display name."""

    name: Name
    label: Name
    plugin: str
    short_name: str
    arguments: dict[str, Any]
    distribution: str
    pool: str
    parameters: Count | None
    adaptations: tuple[str, ...]
    points: dict[str, Any]
    population: PopulationRecord
    members: tuple[MemberResult, ...]

    @property
    def accuracies(self) -> tuple[float, ...]:
        """The test accuracies of the members, as far as they are known."""
        return tuple(member.accuracy for member in self.members if member.accuracy is not None)


class ImageRecord(Record, frozen=True, kw_only=True):
    """An attributed image or other item; by architecture its target, the vote on it, and how many members are right.

    `label` is null where it has none.
    """

    name: str
    label: Count | None
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
    """The document of `result.json`; `sampler` is null, and `recipes` is empty, where the networks are not known."""

    format: Format
    settings: StudySettings | MeasureSettings
    plan: Chunks
    dataset: DatasetRecord
    recipes: dict[str, RecipeRecord]
    device: str
    aggregator: str
    sampler: SamplerRecord | None
    methods: tuple[MethodRecord, ...]
    architectures: tuple[ArchitectureResult, ...]
    images: tuple[ImageRecord, ...]
    cells: tuple[Cell, ...]
    maps: tuple[StoredMaps, ...]
    files: Files
    precision: Precision | None = None

    @property
    def bench(self) -> StudySettings:
        """The settings of a study that a bench made.

        Raises:
            ValueError: if its maps are from elsewhere.
        """
        if not isinstance(self.settings, StudySettings):
            raise ValueError(f"these maps are from {self.settings.maps}, and no bench made them")  # noqa: TRY004 - a value
        return self.settings

    def architecture(self, label: str) -> ArchitectureResult:
        """Return the architecture with a display name."""
        return next(architecture for architecture in self.architectures if architecture.label == label)

    @property
    def item(self) -> str:
        """The word for what is attributed: "image", or "item" where no map is a grid of places."""
        grids = any(method.layout == "picture" for method in self.methods)
        return "image" if grids or not self.methods else "item"

    def class_of(self, image: ImageRecord) -> str | None:
        """Return the name of an image's class; None where it has no label."""
        return None if image.label is None else self.dataset.classes[image.label]


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
    if record.sampler is None:
        return
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
    lacks = [f"{name} is null" for name in ("figures", "details", "classes") if getattr(cell, name) is None]
    lacks += [] if cell.members else ["members is 0"]
    if lacks:
        return f"{lacks[0]}, though its status is ok"
    if not member_counts[cell.architecture]:
        return f"members is {cell.members}, and architecture '{cell.architecture}' lists none"
    if cell.gram not in files:
        return f"gram is '{cell.gram}', which is none of the files"
    return None


def _wrong_image(image: ImageRecord, classes: int) -> str | None:
    if image.label is not None and image.label >= classes:
        return f"label is {image.label}, and there are {classes} classes"
    for name, votes in (("target", image.target), ("predicted", image.predicted)):
        wrong = next((value for value in votes.values() if value >= classes), None)
        if wrong is not None:
            return f"{name} is {wrong}, and there are {classes} classes"
    return None
