"""The cards of a page: one for each method, for the data set and for each architecture, with one fact per line."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from saliencynoise.display.numbers import counted, duration, format_number, with_interval
from saliencynoise.display.page.machine import machine
from saliencynoise.display.page.settings import flat
from saliencynoise.display.page.tables import PageColumn, PageRow, PageTable, PageValue, without_empty_columns
from saliencynoise.display.population import UNITS, population_sentence, population_sentences
from saliencynoise.records.study import MeasureSettings
from saliencynoise.records.writing import json_of
from saliencynoise.report.figures.texts import explained_scalar
from saliencynoise.report.html.names import method_words
from saliencynoise.report.nested import AVERAGES, average_rows, nested_of, split_sentences, worth_sentences

if TYPE_CHECKING:
    from saliencynoise.records.cell import Cell
    from saliencynoise.records.common import RecipeRecord
    from saliencynoise.records.study import (
        ArchitectureResult,
        ImageRecord,
        MemberResult,
        MethodRecord,
        SamplerRecord,
        StudyRecord,
    )

KINDS = {
    "pass": "computed from one plain pass, which methods share",
    "functional": "computed from samples of the image that the method makes itself",
    "module": "computed by a library from the network itself",
}
FAMILIES = {
    "gradient": "gradient",
    "cam": "class activation map",
    "perturbation": "perturbation: parts of the image are changed",
    "reference": "reference: the image is compared with others",
}
MOST_IMAGES = 500
"""The largest number of attributed images in the list."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """A heading, a line about it, facts by name, and a table where there is one."""

    title: str
    about: str = ""
    facts: Sequence[tuple[str, str]] = ()
    paper: str = ""
    table: PageTable | None = None


def method_cards(result: StudyRecord) -> list[Card]:
    """Return a card for each method that has a cell."""
    cells = defaultdict(list)
    for cell in result.cells:
        cells[cell.method].append(cell)
    methods = {method.label: method for method in result.methods}
    return [_method(methods[label], measured) for label, measured in cells.items()]


def _method(method: MethodRecord, cells: Sequence[Cell]) -> Card:
    title = method_words(method)
    facts = [] if title == method.label else [("name", method.label)]
    known = [
        ("family", FAMILIES.get(method.family, method.family)),
        ("kind", KINDS.get(method.kind, method.kind)),
        ("parameters", ", ".join(f"{key} = {value}" for key, value in method.parameters.items()) or "none"),
        ("cost of an image", method.cost),
    ]
    facts += known if method.distribution else []
    facts += [
        ("random", "yes: its draws are separated from the networks" if method.stochastic else "no"),
        ("views", ", ".join(method.views)),
        *([("provided by", method.distribution)] if method.distribution else []),
    ]
    facts += [(f"{name} on {where}", values) for where, name, values in _diagnostics(cells)]
    facts += [(f"ceiling on {where}", ceiling) for where, ceiling in _ceilings(cells)]
    facts += [("failed", f"on {cell.architecture}: {cell.reason}") for cell in _first_failures(cells)]
    return Card(
        title=title, about=method.summary, facts=facts, paper=method.paper or ""
    )  # fmt: skip


def _diagnostics(cells: Sequence[Cell]) -> Iterator[tuple[str, str, str]]:
    for cell in cells:
        if cell.view == cells[0].view:
            for name, values in (cell.diagnostics or {}).items():
                summary = f"median {format_number(values.median)}, largest {format_number(values.max)}"
                yield cell.architecture, name.replace("_", " "), summary


def _ceilings(cells: Sequence[Cell]) -> Iterator[tuple[str, str]]:
    """Yield each architecture with rewritten copies of one network, and a text with the r between these copies."""
    for cell in cells:
        ceiling = cell.ceiling
        if cell.view == cells[0].view and ceiling is not None and ceiling.kinds:
            kinds = " and ".join(kind.replace("_", " ") for kind in ceiling.kinds)
            r = with_interval(ceiling.value, ceiling.low, ceiling.high)
            copies = f"{ceiling.copies} copies of {counted(ceiling.members, 'network')}"
            compared = f"r {r} between {copies}, with other weights and the same function ({kinds}), "
            yield cell.architecture, f"{compared}on {counted(ceiling.images, 'image')}"


def _first_failures(cells: Sequence[Cell]) -> list[Cell]:
    failed = {cell.architecture: cell for cell in cells if cell.status == "failed"}
    return list(failed.values())


def data_card(result: StudyRecord) -> Card:
    """Return the card of the data set."""
    dataset = result.dataset
    classes = dataset.classes
    facts = [("requested as", dataset.asked)] if dataset.asked else []
    if dataset.test_images is None:
        facts.append(("attributed", counted(len(result.images), result.item)))
    else:
        facts.append(("images", f"{dataset.train_images} to train, {dataset.test_images} to test"))
        facts.append(("attributed", f"{len(result.images)} of the test images"))
    if dataset.image_shape is not None:
        channels, height, width = dataset.image_shape
        facts.append(("shape", f"{counted(channels, 'channel')}, {height} x {width} pixels"))
    if classes:
        facts.append((f"{len(classes)} classes", ", ".join(map(str, classes))))
    if dataset.features:
        facts.append((counted(len(dataset.features), "feature"), ", ".join(dataset.features)))
    if dataset.test_images is not None:
        facts.append(("masks of the causing pixels", "yes" if dataset.masks else "no"))
    facts += [("note", note) for note in dataset.notes]
    facts += [("fingerprint", dataset.key)] if dataset.key else []
    return Card(title=dataset.name or counted(len(result.images), result.item), facts=facts, table=_images(result))


def _images(result: StudyRecord) -> PageTable:
    classes, members = result.dataset.classes, result.settings.members
    labelled = bool(classes)
    labels = {architecture.name: architecture.label for architecture in result.architectures}
    named = [name for name in labels if any(name in image.members_correct for image in result.images)]
    rows = [
        PageRow(
            values=[
                PageValue(text=str(image.name)),
                *([PageValue(text=result.class_of(image) or "-")] if labelled else []),
                *(_correct(image, name, members) for name in named),
            ]
        )
        for image in result.images[:MOST_IMAGES]
    ]
    remaining = len(result.images) - MOST_IMAGES
    heads = [f"{labels[name]} correct" for name in named] if len(named) > 1 else ["networks correct"] * len(named)
    return PageTable(
        caption=f"The attributed {result.item}s"
        + (f", the first {MOST_IMAGES}; {remaining} more" if remaining > 0 else ""),
        columns=[
            PageColumn(label=result.item, numeric=False),
            *([PageColumn(label="class", numeric=False)] if labelled else []),
            *(PageColumn(label=head) for head in heads),
        ],
        rows=rows,
    )


def _correct(image: ImageRecord, name: str, members: int) -> PageValue:
    count = image.members_correct.get(name)
    return PageValue(text="-") if count is None else PageValue(text=f"{count} of {members}", key=str(count))


def architecture_cards(result: StudyRecord) -> list[Card]:
    """Return a card for each architecture, with its members, and one for each method on members that share starts."""
    cards = []
    for architecture in result.architectures:
        cards.append(_architecture(architecture, result.recipes.get(architecture.label)))
        cells = [cell for cell in result.cells if cell.architecture == architecture.label]
        cards += [_starts(architecture, cell) for cell in cells if nested_of(cell) is not None]
    return cards


def _starts(architecture: ArchitectureResult, cell: Cell) -> Card:
    """Return the card of a method whose members share some of several starts: what averages of them are worth."""
    population = architecture.population
    unit = UNITS[population.unit][1]
    sizes = Counter(population.start_of)
    names = [f"{name or index} ({sizes[index]})" for index, name in enumerate(population.starts)]
    headers = (f"{unit}s x networks", "reliability", "95%", "worth")
    view = "" if cell.view == "signed" else f", view {cell.view}"
    return Card(
        title=f"{cell.method}{view} on {architecture.label}: averages of {unit}s and networks",
        facts=[
            (f"{unit}s and their networks", ", ".join(names)),
            *[(f"best split {index + 1}", text) for index, text in enumerate(split_sentences(cell, unit))],
        ],
        table=PageTable(
            caption=AVERAGES.format(unit=unit),
            columns=[PageColumn(label=header, numeric=index in {1, 3}) for index, header in enumerate(headers)],
            rows=[PageRow(values=[PageValue(text=text) for text in row]) for row in average_rows(cell)],
            sortable=False,
        ),
    )


def _architecture(architecture: ArchitectureResult, recipe: RecipeRecord | None) -> Card:
    members = architecture.members
    accuracies = architecture.accuracies
    trained = sum(member.seconds or 0.0 for member in members)
    known = architecture.parameters is not None
    facts = [
        *([("parameters", f"{architecture.parameters:,}")] if known else []),
        *([("provided by", architecture.distribution)] if architecture.distribution else []),
        *([("adapted", "; ".join(architecture.adaptations) or "no")] if known else []),
        *([("population", population_sentence(architecture.population, members=len(members)))] if members else []),
        *([("test accuracy", _accuracy(accuracies))] if accuracies else []),
        *([("trained in", f"{duration(trained)} of computing, all members together")] if trained else []),
        *([("recipe", _recipe(recipe))] if recipe is not None else []),
        *([("pool", architecture.pool)] if architecture.pool else []),
    ]
    return Card(title=architecture.label, facts=facts, table=_members(architecture))


def _recipe(recipe: RecipeRecord) -> str:
    return ", ".join(f"{key} {value}" for key, value in flat(json_of(recipe)).items())


def _accuracy(values: Sequence[float]) -> str:
    return f"median {median(values):.1%}, from {min(values):.1%} to {max(values):.1%}"


def _members(architecture: ArchitectureResult) -> PageTable:
    rows = [
        PageRow(
            values=[
                PageValue(text=str(member.index), key=str(member.index)),
                _percent(member.accuracy),
                _percent(member.balanced_accuracy),
                PageValue(text=member.flag or "-", failed=bool(member.flag)),
                PageValue(text=", ".join(f"{name} {seed}" for name, seed in member.seeds.items()) or "-"),
                PageValue(text=member.sha256[:16] or "-"),
                PageValue(text=member.source or ("trained" if member.sha256 else "-")),
            ]
        )
        for member in architecture.members
    ]
    headers = ("flag", "seeds", "weights (SHA-256)", "source")
    table = PageTable(
        caption=f"Members of {architecture.label}",
        columns=[
            PageColumn(label="member"),
            PageColumn(label="accuracy"),
            PageColumn(label="balanced accuracy"),
            *(PageColumn(label=header, numeric=False) for header in headers),
        ],
        rows=rows,
    )
    return without_empty_columns(table)


def _percent(value: float | None) -> PageValue:
    return PageValue(text="-") if value is None else PageValue(text=f"{value:.1%}", key=repr(value))


def key_facts(result: StudyRecord) -> list[tuple[str, str]]:
    """Return the main facts: networks, images, accuracy, explained scalar, device, time and seed."""
    settings, hardware = result.settings, result.hardware
    members = [member for architecture in result.architectures for member in architecture.members]
    accuracies = [accuracy for architecture in result.architectures for accuracy in architecture.accuracies]
    networks = f"{settings.members} of {_names([architecture.label for architecture in result.architectures])}"
    images = counted(len(result.images), result.item)
    time = _time(result, members)
    if result.dataset.test_images is not None:
        images = f"{len(result.images)} test images of {result.dataset.asked}"
    return [
        ("networks", networks),
        ("population", " ".join([*population_sentences(result), *worth_sentences(result)])),
        (f"{result.item}s", images),
        *([("maps from", settings.maps)] if isinstance(settings, MeasureSettings) else []),
        *([("accuracy", _accuracy(accuracies))] if accuracies else []),
        *([("explained", explained_scalar(result))] if settings.target else []),
        ("device", f"{hardware.device}, {hardware.processor}"),
        *([("time", time)] if time else []),
        ("seed", str(settings.seed)),
        ("made", result.created.replace("T", " ").replace("+00:00", " UTC")),
    ]


def _names(labels: Sequence[str]) -> str:
    return labels[0] if len(labels) == 1 else f"each of {', '.join(labels)}"


def _time(result: StudyRecord, members: Sequence[MemberResult]) -> str:
    """Return the computing time to train and to explain, as far as it is known; it is empty where it is not.

    Views share their maps, so each method counts once.
    """
    if all(cell.seconds is None for cell in result.cells):
        return ""
    trained = sum(member.seconds or 0.0 for member in members)
    seconds = {(cell.architecture, cell.method): cell.seconds or 0.0 for cell in result.cells}
    maps = f"{duration(sum(seconds.values()))} to explain"
    return f"{duration(trained)} to train, {maps}" if trained else maps


def provenance(result: StudyRecord) -> list[tuple[str, str]]:
    """Return the versions and the hardware that computed the figures."""
    facts = [
        ("made", result.created),
        *([("sampler", _sampler(result.sampler))] if result.sampler is not None else []),
        ("aggregator", result.aggregator),
        *machine(result),
    ]
    brought = Counter(cell.distribution for cell in result.cells)
    return facts + [("methods provided by", name) for name in brought if name]


def _sampler(sampler: SamplerRecord) -> str:
    trains = "trains networks" if sampler.trains else "trains no network"
    return f"{sampler.name} ({sampler.distribution}): {trains}; {counted(sampler.runs, 'run')}"
