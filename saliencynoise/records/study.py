"""`result.json` of a bench: settings, data, members, images and cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

from saliencynoise.records.common import (
    BenchSettings,
    Count,
    Data,
    Ends,
    Format,
    Hardware,
    Interval,
    Name,
    Number,
    Provenance,
    Recipe,
    Seconds,
    Seed,
    Shape,
    Share,
    Status,
)
from saliencynoise.records.files import Files, StoredMaps, wrong_file, wrong_maps


class Settings(BenchSettings):
    """The settings of every bench, with the number of members."""

    members: Count


class Dataset(Data):
    """The images that a study is about."""

    classes: list[str]
    train_images: Count
    test_images: Count
    image_shape: Shape
    notes: list[str]


class Sampler(TypedDict):
    """The sampler that the members come from."""

    label: str
    name: str
    runs: Count
    trains: bool
    at_chance: str
    distribution: NotRequired[str]


class Method(TypedDict):
    """The description of a method for a report."""

    label: str
    name: NotRequired[str]
    distribution: NotRequired[str]
    library: NotRequired[str | None]
    summary: NotRequired[str]
    family: NotRequired[str]
    kind: NotRequired[str]
    paper: NotRequired[str | None]
    cost: NotRequired[str]
    stochastic: NotRequired[bool]
    views: NotRequired[list[str]]
    sign: NotRequired[str]
    parameters: NotRequired[dict[str, Any]]


class Member(TypedDict):
    """A trained network."""

    index: Count
    accuracy: Share
    seeds: dict[str, Seed]
    sha256: str
    flag: str | None
    seconds: Seconds
    hardware: Hardware
    logits_sha256: NotRequired[str]
    versions: NotRequired[dict[str, str]]
    source: NotRequired[str]
    note: NotRequired[str]


class Architecture(TypedDict):
    """An architecture with its members."""

    name: Name
    label: Name
    adaptations: list[str]
    members: list[Member]
    distribution: NotRequired[str]
    pool: NotRequired[str]
    parameters: NotRequired[Count]
    points: NotRequired[dict[str, Any]]


class Image(TypedDict):
    """An attributed image; by architecture its target, the vote on it, and how many members are right."""

    name: str
    label: Count
    group: NotRequired[Count | None]
    target: dict[str, Count]
    predicted: dict[str, Count]
    members_correct: NotRequired[dict[str, Count]]


class Accuracy(TypedDict):
    """Test accuracies of an architecture's members."""

    median: Share | None
    min: Share | None
    max: NotRequired[Share | None]


class Estimate(TypedDict):
    """A figure with interval, floor and meaning."""

    value: Number
    interval: Interval | None
    floor: Number
    definition: NotRequired[str]
    words: NotRequired[str | None]


class Estimates(TypedDict):
    """Figures by name; the file may have others."""

    snr_pixel: Estimate
    snr_rms: Estimate
    snr_power: Estimate
    cosine: Estimate
    snr: Estimate
    snr_amplitude: Estimate
    snr_network: NotRequired[Estimate]
    snr_averaged: NotRequired[Estimate]


class Needed(TypedDict):
    """Members to average for a reliability."""

    value: Count | None
    low: Count | None
    high: Count | None
    text: str
    reliability: Share


class UnseenMode(TypedDict):
    """The lower end of r, if no member is of one mode of networks."""

    share: Share
    low: Number


class Figures(TypedDict):
    """The figures of a cell, or of a class of it."""

    images: Count
    estimates: Estimates
    members_needed: Needed
    signal_p: Share | None
    indicative: bool
    view: NotRequired[str]
    members: NotRequired[Count]
    used_images: NotRequired[Count]
    signal_note: NotRequired[str]
    floor_note: NotRequired[str | None]
    draws: NotRequired[Count]
    energy: NotRequired[dict[str, Number] | None]
    unseen_mode: NotRequired[UnseenMode | None]


class Pixels(TypedDict):
    """Significant pixels."""

    share: Share
    agreement: Number
    rate: NotRequired[Share]
    agreement_all: NotRequired[Number]
    skewness: NotRequired[Number]


class Likeness(TypedDict):
    """Measures of the similarity of maps."""

    ssim: Number
    spearman: Number
    top: Number
    cosine: Number


class Similarity(TypedDict):
    """The similarity of members' maps."""

    images: Count
    pairwise: Likeness
    to_mean: Likeness
    coefficient_of_variation: Number
    mege: Number
    reco: Number


class Modes(TypedDict):
    """Groups of members with different maps."""

    words: str
    share: Share | None
    images: list[dict[str, Any]]
    representative: NotRequired[Count | None]


class Template(TypedDict):
    """The part that the maps of all images share."""

    share: Number
    share_interval: Interval | None
    snr_specific: Number
    snr_specific_interval: Interval | None
    share_class: NotRequired[Number]
    share_class_interval: NotRequired[Interval | None]
    share_specific: NotRequired[Number]
    share_specific_interval: NotRequired[Interval | None]
    snr: NotRequired[Number]
    template: NotRequired[Number]
    of_class: NotRequired[Number]
    specific: NotRequired[Number]
    noise_common: NotRequired[Number]
    images: NotRequired[Count]
    classes: NotRequired[Count]
    note: NotRequired[str]


class Band(TypedDict):
    """Figures of a band of frequencies."""

    frequency: Number
    ssnr: Number
    energy: NotRequired[Number]
    cosine: NotRequired[Number]
    interval: NotRequired[Interval | None]


class Spectrum(TypedDict):
    """Signal and noise by spatial frequency."""

    bands: list[Band]
    resolution: Number
    words: str
    images: NotRequired[Count]


class Point(TypedDict):
    """A measure of localisation with some members."""

    value: Number
    members: NotRequired[Count]
    interval: NotRequired[Interval | None]


class Gain(TypedDict):
    """The change of a measure through averaging."""

    value: Number
    interval: Ends | None
    p: Share | None


class Measure(TypedDict):
    """A measure of localisation."""

    chance: Number
    curve: list[Point]
    gain: Gain


class Localization(TypedDict):
    """The agreement of maps with the pixels that cause the class."""

    images: Count
    blank: Share
    measures: dict[str, Measure]


class Details(TypedDict):
    """Figures of a study other than the SNR."""

    pixels: Pixels | None
    similarity: Similarity
    modes: Modes
    template: Template | None
    spectrum: Spectrum | None
    localization: NotRequired[Localization | None]


class Diagnostic(TypedDict):
    """A check of a method on its maps."""

    median: Number
    max: Number


class Ceiling(TypedDict):
    """The SNR of rewritten copies of single networks."""

    value: Number
    low: Number
    high: Number
    members: Count
    images: Count
    copies: Count
    kinds: list[str]


class Worded(Ends):
    """A confidence interval with its meaning in words."""

    words: NotRequired[str | None]


class Untrained(TypedDict):
    """r of untrained networks."""

    snr: Number
    interval: Worded | None
    members: Count | None
    p: Share | None
    above: bool | None
    note: str


class Cell(TypedDict):
    """An architecture, method and view; `figures` and the like are null where it failed."""

    architecture: Name
    method: Name
    view: Name
    status: Status
    reason: str | None
    members: Count
    accuracy: Accuracy
    figures: Figures | None
    seconds: Seconds | None
    flagged_members: list[Count]
    dataset: str
    gram: str | None
    method_name: str
    distribution: NotRequired[str]
    draws: NotRequired[Count]
    classes: NotRequired[dict[str, Figures] | None]
    details: NotRequired[Details | None]
    ceiling: NotRequired[Ceiling | None]
    untrained: NotRequired[Untrained | None]
    sign: NotRequired[Literal["signed", "nonnegative", "nonpositive", "leaning"]]
    diagnostics: NotRequired[dict[str, Diagnostic] | None]
    denormal_images: NotRequired[Count | None]
    traceback: NotRequired[str | None]


class PrecisionCell(TypedDict):
    """The error of bfloat16 in a cell."""

    architecture: str
    method: str
    status: Status
    reason: NotRequired[str | None]
    bfloat16: NotRequired[Number]
    float32: NotRequired[Number]
    relative_error: NotRequired[Number]


class Precision(TypedDict):
    """The error of bfloat16."""

    images: Count
    cells: list[PrecisionCell]


class Chunks(TypedDict):
    """The number of images of a chunk, and by architecture the rows of a pass."""

    chunk: Count
    rows: dict[str, Count]


class StudyRecord(Provenance):
    """The document of `result.json`."""

    settings: Settings
    dataset: Dataset
    recipes: dict[str, Recipe]
    architectures: list[Architecture]
    images: list[Image]
    cells: list[Cell]
    files: Files
    maps: list[StoredMaps]
    device: str
    format: NotRequired[Format]
    plan: NotRequired[Chunks]
    aggregator: NotRequired[str]
    sampler: NotRequired[Sampler]
    methods: NotRequired[list[Method]]
    precision: NotRequired[Precision]


def contradiction(record: StudyRecord) -> str | None:
    """Return a message on a contradiction in a study, or None: names that point nowhere, classes out of range."""
    member_counts = {architecture["label"]: len(architecture["members"]) for architecture in record["architectures"]}
    misplaced = wrong_file(record["files"]) or wrong_maps(
        record["maps"], record["files"], members=member_counts, images=len(record["images"])
    )
    if misplaced:
        return misplaced
    if len(member_counts) < len(record["architectures"]):
        return "two architectures have one label"
    for index, cell in enumerate(record["cells"]):
        wrong = _wrong_cell(cell, member_counts, record["files"])
        if wrong:
            return f"cells[{index}].{wrong}"
    classes = len(record["dataset"]["classes"])
    for index, image in enumerate(record["images"]):
        wrong = _wrong_image(image, classes)
        if wrong:
            return f"images[{index}].{wrong}"
    return None


def _wrong_cell(cell: Cell, member_counts: Mapping[str, int], files: Files) -> str | None:
    """Return what is wrong with a cell, given the number of members of each architecture, or None."""
    if cell["architecture"] not in member_counts:
        return f"architecture is '{cell['architecture']}', which is none of the architectures"
    if cell["status"] == "failed":
        return None if cell["reason"] is not None else "reason is null, though it failed"
    lacks = [f"{name} is null" for name in ("figures", "seconds") if cell[name] is None]
    lacks += [] if cell["members"] else ["members is 0"]
    if lacks:
        return f"{lacks[0]}, though its status is ok"
    if not member_counts[cell["architecture"]]:
        return f"members is {cell['members']}, and architecture '{cell['architecture']}' lists none"
    if cell["gram"] not in files:
        return f"gram is '{cell['gram']}', which is none of the files"
    return None


def _wrong_image(image: Image, classes: int) -> str | None:
    if image["label"] >= classes:
        return f"label is {image['label']}, and there are {classes} classes"
    for name in ("target", "predicted"):
        values: dict[str, int] = image.get(name, {})  # type: ignore[assignment]
        wrong = next((value for value in values.values() if value >= classes), None)
        if wrong is not None:
            return f"{name} is {wrong}, and there are {classes} classes"
    return None
