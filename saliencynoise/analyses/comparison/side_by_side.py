"""Any number of studies side by side: their cells, their differences, and warnings on comparability."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from saliencynoise.analyses.comparison.run import Pair, compare_runs
from saliencynoise.display.population import scope_words
from saliencynoise.engine.judged import key_of_cell
from saliencynoise.engine.study import Study
from saliencynoise.interfaces import UsageError
from saliencynoise.records.writing import json_of
from saliencynoise.store.atomic import DamagedFileError

if TYPE_CHECKING:
    from saliencynoise.records.cell import Cell
    from saliencynoise.records.population import PopulationRecord
    from saliencynoise.records.study import StudyRecord

ABSENT = "-"
"""The value of a setting that a run does not know."""

ABOUT_ARCHITECTURES = ("recipe of ", "weights of ", "population of ")
"""Prefix of the names of differences that concern one architecture."""

LISTED = 3
"""The largest number of names that a difference lists; longer lists give only their length."""

DIGITS = 8
"""Number of characters of a checksum in a difference."""


@dataclass(frozen=True, kw_only=True)
class ComparedCells:
    """A method on an architecture in one view, in all studies.

    Attributes:
        architecture: its label.
        method: its label.
        view: of the maps.
        cells: of each study; None where it has none.
    """

    architecture: str
    method: str
    view: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Something in which studies differ.

    Attributes:
        name: the setting, as "seed" or "torch".
        values: the text of each study's value.
    """

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SideBySide:
    """Studies side by side.

    Attributes:
        names: of the studies: their folders' names, with enough of the path to be distinct.
        studies: in the user's order.
        rows: the cells of all studies.
        differences: the settings in which they differ.
        warnings: reasons why figures cannot be compared, or only in part.
    """

    names: tuple[str, ...]
    studies: tuple[Study, ...]
    rows: tuple[ComparedCells, ...]
    differences: tuple[Difference, ...]
    warnings: tuple[str, ...]


def side_by_side(studies: Sequence[Study]) -> SideBySide:
    """Put studies side by side.

    Raises:
        UsageError: if one is named twice.
    """
    folders = [study.folder.resolve() for study in studies]
    twice = [str(study.folder) for study, folder in zip(studies, folders, strict=True) if folders.count(folder) > 1]
    if twice:
        raise UsageError(f"{twice[0]} is named twice; name each run once")
    differences = tuple(_differences(studies))
    return SideBySide(
        names=distinct_names(folders),
        studies=tuple(studies),
        rows=tuple(_rows(studies)),
        differences=differences,
        warnings=tuple(_warnings(studies, {difference.name for difference in differences})),
    )


def distinct_names(folders: Sequence[Path]) -> tuple[str, ...]:
    """Return folders' names, each with as many parent folders as it needs to be distinct.

    >>> distinct_names([Path("/x/one/run"), Path("/x/two/run"), Path("/x/other")])
    ('one/run', 'two/run', 'other')
    """
    depths = [1] * len(folders)
    while True:
        names = ["/".join(folder.parts[-depth:]) for folder, depth in zip(folders, depths, strict=True)]
        alike = [index for index, name in enumerate(names) if names.count(name) > 1]
        if not any(depths[index] < len(folders[index].parts) for index in alike):
            return tuple(names)
        for index in alike:
            depths[index] += 1


def _rows(studies: Sequence[Study]) -> Iterator[ComparedCells]:
    """Yield the rows by architecture, in the order in which they first occur."""
    cells = [{_key(cell): cell for cell in study.result.cells} for study in studies]
    keys = list(dict.fromkeys(key for cells_of_one in cells for key in cells_of_one))
    architectures = list(dict.fromkeys(key[0] for key in keys))
    methods = list(dict.fromkeys(key[1] for key in keys))
    for key in sorted(keys, key=lambda key: (architectures.index(key[0]), methods.index(key[1]))):
        row_cells = tuple(cells_of_one.get(key) for cells_of_one in cells)
        label = next(cell.method for cell in row_cells if cell is not None)
        yield ComparedCells(architecture=key[0], method=label, view=key[2], cells=row_cells)


def _key(cell: Cell) -> tuple[str, str, str]:
    return (*key_of_cell(cell), cell.view)


def _differences(studies: Sequence[Study]) -> Iterator[Difference]:
    facts = [dict(_facts(study.result)) for study in studies]
    for name in dict.fromkeys(name for study_facts in facts for name in study_facts):
        values = tuple(study_facts.get(name, ABSENT) for study_facts in facts)
        if len(set(values)) > 1 and not _is_of_an_absent_architecture(name, values):
            yield Difference(name=name, values=tuple(map(_short, values)))


def _is_of_an_absent_architecture(name: str, values: Sequence[str]) -> bool:
    """Return whether the only difference is that a run lacks the architecture, which the table shows."""
    return name.startswith(ABOUT_ARCHITECTURES) and len(set(values) - {ABSENT}) < 2


def _facts(result: StudyRecord) -> Iterator[tuple[str, str]]:
    """Yield the settings behind a study's figures, by name, as text."""
    settings = json_of(result.settings)
    yield from ((name, _words(value)) for name, value in settings.items() if name not in {"recipe", "arch_args"})
    yield "data", f"{result.dataset.asked} (sha256 {result.dataset.key[:DIGITS] or ABSENT})"
    yield "training images", _words(result.dataset.train_images)
    yield "image shape", result.dataset.size or ABSENT
    yield "attributed images", _set_of(image.name for image in result.images)
    for architecture in result.architectures:
        members = [member.sha256 for member in architecture.members if member.sha256]
        yield f"weights of {architecture.label}", _set_of(members)
        yield f"population of {architecture.label}", scope_words(architecture.population)
    for label, recipe in result.recipes.items():
        yield from ((f"recipe of {label}: {name}", _words(value)) for name, value in json_of(recipe).items())
    yield from ((name, _words(value)) for name, value in result.versions.items())
    yield from ((f"hardware: {name}", _words(value)) for name, value in json_of(result.hardware).items())


def _set_of(names: Iterator[str] | Sequence[str]) -> str:
    """Return a short name of a list, the same for the same entries in the same order."""
    listed = list(names)
    digest = sha256("\0".join(listed).encode("utf-8", errors="surrogatepass")).hexdigest()
    return f"{len(listed)} (sha256 {digest[:DIGITS]})"


def _words(value: Any) -> str:
    if value is None:
        return ABSENT
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) if len(value) <= LISTED else f"{len(value)}, see the table"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _short(value: str) -> str:
    """Return a value, without its middle if it is longer than 60 characters."""
    return value if len(value) <= 60 else f"{value[:40]} ... {value[-12:]}"


def _warnings(studies: Sequence[Study], differing: set[str]) -> Iterator[str]:
    if differing & {"data", "dataset"}:
        yield "not comparable: other data; the runs have different tasks"
    elif "attributed images" in differing:
        yield "comparable in part: other images; intervals include that, but a test of two runs needs the same images"
    if differing & {"image shape", "normalization"}:
        yield "not comparable: other input; images of another size or scale have maps with other noise"
    if differing & {"target"} or _other_targets(studies):
        yield "not comparable: another class is explained"
    if "members" in differing:
        yield "compare the SNR only: other numbers of members; the published SNR and its floor depend on them"
    if differing & {"draws"}:
        yield "compare the SNR only: other draws; the published SNR of a stochastic method depends on them"
    yield from _other_populations(studies)
    if _sharing(studies):
        yield "not independent: runs share networks, and agree in part for that reason"
    short = [study.folder.name for study in studies if study.result.settings.members < 3]
    if short:
        yield f"no intervals with 2 members: {', '.join(short)}"


def _other_populations(studies: Sequence[Study]) -> Iterator[str]:
    """Yield a warning for each architecture whose members come from different populations in two studies."""
    populations: dict[str, list[PopulationRecord]] = {}
    for study in studies:
        for architecture in study.result.architectures:
            populations.setdefault(architecture.label, []).append(architecture.population)
    for label, found in populations.items():
        if len({_scope(population) for population in found}) > 1:
            named = "; ".join(dict.fromkeys(scope_words(population) for population in found))
            yield f"other populations of {label}: {named}; r of one says nothing about networks of the other"


def _scope(population: PopulationRecord) -> tuple[Any, ...]:
    """Return what two populations must have in common: of several starts the kind, of one start the start itself."""
    starts = population.starts if population.kind == "one_start" else ()
    return population.kind, population.unit, population.tuned, starts


def _sharing(studies: Sequence[Study]) -> bool:
    weights = [
        {
            member.sha256
            for architecture in study.result.architectures
            for member in architecture.members
            if member.sha256
        }
        for study in studies
    ]
    return sum(map(len, weights)) > len(set.union(*weights))


def _other_targets(studies: Sequence[Study]) -> bool:
    """Return whether runs with the same images explain different classes for some, as with predicted classes."""
    names = [[image.name for image in study.result.images] for study in studies]
    if any(other != names[0] for other in names):
        return False
    labels = [
        {architecture.label for architecture in study.result.architectures if architecture.members} for study in studies
    ]
    common = set.intersection(*labels)
    return any(len({_targets(study, label) for study in studies}) > 1 for label in common)


def _targets(study: Study, label: str) -> tuple[int, ...]:
    try:
        return study.targets(label)
    except KeyError:  # no vote was possible, so nothing was attributed
        return ()


def pairs_of(comparison: SideBySide) -> tuple[list[Pair], str]:
    """Return the tests of two runs against each other, and a note if they cannot be made."""
    if len(comparison.studies) != 2:
        return [], "tests of one run against another are made for two runs"
    try:
        pairs = compare_runs(*comparison.studies)
    except DamagedFileError:
        raise
    except UsageError as error:
        return [], f"no test of one run against the other: {error}"
    a, b = comparison.names
    return [replace(pair, comparison=replace(pair.comparison, a=a, b=b)) for pair in pairs], ""
