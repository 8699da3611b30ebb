"""The table of a study for a paper: rows, columns and caption, in no format yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.display.labels import recipes_text
from saliencynoise.display.numbers import counted
from saliencynoise.display.population import population_sentences
from saliencynoise.engine.config import REFERENCE
from saliencynoise.publishing.columns import Column, Value, chosen_columns, plain
from saliencynoise.records.study import MeasureSettings

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study
    from saliencynoise.records.cell import Cell
    from saliencynoise.records.study import StudyRecord

FAILED = "failed"
INDICATIVE = 8
"""Members below which intervals are indicative."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row: its method, its entries as text, and its values for programs. A failed one has no entries."""

    method: str
    entries: tuple[str, ...]
    values: Mapping[str, Value]


@dataclass(frozen=True, kw_only=True)
class Group:
    """The rows of an architecture."""

    architecture: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, kw_only=True)
class PublishedTable:
    """A table for a paper.

    Attributes:
        name: of the study's folder.
        headers: of the columns, without that of the methods.
        groups: the rows by architecture.
        caption: what the numbers are of, and what the brackets are.
    """

    name: str
    headers: tuple[str, ...]
    groups: tuple[Group, ...]
    caption: str


def published_table(study: Study, columns: Sequence[str] | str | None = None) -> PublishedTable:
    """Return a study's table for a paper.

    Args:
        study: the study.
        columns: names of columns of `saliencynoise.publishing.columns.COLUMNS`, in their order; None for the default.

    Raises:
        UsageError: a name is unknown.
    """
    chosen = chosen_columns(columns)
    cells = study.result.cells
    groups = tuple(
        Group(architecture=name, rows=_rows(_shown(cells, name), chosen))
        for name in dict.fromkeys(cell.architecture for cell in cells)
    )
    headers = tuple(column.header for column in chosen.values())
    return PublishedTable(name=study.folder.name, headers=headers, groups=groups, caption=caption(study.result, chosen))


def _shown(cells: Sequence[Cell], architecture: str) -> list[Cell]:
    """Return the cells of an architecture; of a method that failed the first view only."""
    own = [cell for cell in cells if cell.architecture == architecture]
    first = {cell.method: cell for cell in reversed(own) if cell.status == FAILED}
    return [cell for cell in own if first.get(cell.method, cell) is cell or cell.status != FAILED]


def label_of(cell: Cell) -> str:
    """Return the name of a cell in a sentence: its method, and its view where that is not the signed one."""
    return cell.method if cell.view == "signed" else f"{cell.method}, {cell.view}"


def _rows(cells: Sequence[Cell], columns: Mapping[str, Column]) -> tuple[Row, ...]:
    """Return the rows of an architecture; further views of a method are below it, without its name."""
    rows = []
    for previous, cell in zip([None, *cells], cells, strict=False):
        is_view = previous is not None and previous.method == cell.method and cell.view != "signed"
        rows.append(_row(cell, columns, label=f"view {cell.view}" if is_view else label_of(cell)))
    return tuple(rows)


def _row(cell: Cell, columns: Mapping[str, Column], *, label: str) -> Row:
    values: dict[str, Value] = {"architecture": cell.architecture, "method": cell.method, "view": cell.view}
    values |= {"members": cell.members, "status": cell.status}
    if cell.status != "ok":
        return Row(method=label, entries=(), values=values)
    for column in columns.values():
        values |= {name: plain(value) for name, value in column.values(cell).items()}
    return Row(method=label, entries=tuple(column.text(cell) for column in columns.values()), values=values)


def caption(result: StudyRecord, columns: Mapping[str, Column]) -> str:
    """Return the caption: members, images, recipe, data set, population, interval, and what must be admitted."""
    return " ".join(_sentences(result, columns))


def _sentences(result: StudyRecord, columns: Mapping[str, Column]) -> Iterator[str]:
    yield f"Initialisation noise in saliency maps of {images_of(result)}."
    yield from population_sentences(result)
    recipe = recipe_of(result)
    if recipe:
        yield f"{recipe}."
    meanings = [column.meaning for column in columns.values() if column.meaning]
    if meanings:
        text = "; ".join(meanings)
        yield f"{text[0].upper() if not text.startswith('p:') else text[0]}{text[1:]}."
    rectified = [view for view in ("relu", "abs") if any(cell.view == view for cell in result.cells)]
    if rectified:
        yield f"In the view {' and '.join(rectified)} pure noise has an SNR above 0."
    brackets = brackets_of(result)
    if brackets:
        yield f"Brackets: {brackets}."
    flagged = sum(bool(member.flag) for architecture in result.architectures for member in architecture.members)
    if flagged:
        yield f"{counted(flagged, 'network')} flagged: {'its' if flagged == 1 else 'their'} accuracy is unusually low."
    failed = list(dict.fromkeys(cell.method for cell in result.cells if cell.status == FAILED))
    if failed:
        yield f"Not computed: {', '.join(failed)}."


def images_of(result: StudyRecord) -> str:
    """Return the images in words, with their data set, size and target."""
    dataset, settings = result.dataset, result.settings
    count = len(result.images)
    images = counted(count, result.item)
    if dataset.test_images is not None:
        images = f"{count} of {counted(dataset.test_images, 'test image')} of {dataset.asked}"
    size = f" ({dataset.size})" if dataset.size else ""
    target = f", target {settings.target}" if settings.target else ""
    return f"{images}{size}{target}"


def recipe_of(result: StudyRecord) -> str:
    """Return how the networks were made, as a sentence without its full stop; empty where that is not known."""
    sampler, settings = result.sampler, result.settings
    if isinstance(settings, MeasureSettings):
        return f"Maps from {settings.maps}"
    if sampler is None:
        return ""
    if not sampler.trains:
        return f"Networks from {settings.sampler}"
    recipes = {name: (recipe.epochs, recipe.precision) for name, recipe in result.recipes.items()}
    source = "" if sampler.name == REFERENCE else f"Networks from {sampler.label}. "
    images = counted(result.dataset.train_images or 0, "image")
    return f"{source}Training: {images}, {recipes_text(recipes)}"


def brackets_of(result: StudyRecord) -> str:
    """Return the meaning of the intervals in words; empty where there is none."""
    intervals = [cell.figures.estimates.snr.interval for cell in result.cells if cell.figures is not None]
    known = [interval for interval in intervals if interval is not None]
    words = [cell.figures.estimates.snr.words for cell in result.cells if cell.figures is not None]
    if not known:
        return ""
    meaning = "; ".join(dict.fromkeys(word for word in words if word))
    few = any(cell.members < INDICATIVE for cell in result.cells if cell.status == "ok")
    note = f" (indicative, with fewer than {INDICATIVE} networks)" if few else ""
    return f"{known[0].level:.0%} intervals {meaning}{note}"
