"""Members that share starts in tables and pages: r within a start, the worth of averages, the best use of a cost."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.display.labels import method_label
from saliencynoise.display.numbers import counted, format_number, with_interval
from saliencynoise.display.population import UNITS, members_as
from saliencynoise.display.table_rows import with_headings

if TYPE_CHECKING:
    from rich.console import Console

    from saliencynoise.engine.study import Study
    from saliencynoise.records.cell import Cell, Nested
    from saliencynoise.records.common import Interval, ValueWithInterval
    from saliencynoise.records.study import StudyRecord

LEGEND = (
    "SNR and all that follows from it are of {nouns} from different {unit}s, with intervals for other {unit}s and "
    "other images. within a {unit}: SNR of {nouns} from one {unit}, which the next {unit} does not share."
)

AVERAGES = (
    "{unit}s x networks: an average of this number of {unit}s with this number of networks each. reliability: the "
    "cosine between two such averages of other {unit}s, with its 95% interval. worth: networks, each from a {unit} of "
    "its own, whose average has the same reliability."
)


def nested_of(cell: Cell) -> Nested | None:
    """Return the figures of a cell whose members share some of several starts; None for other cells."""
    nested = None if cell.figures is None else cell.figures.nested
    return nested if nested is not None and nested.r_population is not None else None


def networks_of(cell: Cell) -> int:
    """Return how many independent networks the average of all members is worth, rounded; without starts all of them."""
    worth = cell.worth
    return max(1, round(worth)) if math.isfinite(worth) else cell.members


def unit_of(result: StudyRecord, cell: Cell) -> str:
    """Return the word for what the members of a cell share: "start", "run", "block" or "cluster"."""
    return UNITS[result.architecture(cell.architecture).population.unit][1]


def legend_of(result: StudyRecord) -> str:
    """Return the sentences of the legend on members that share starts; empty for other studies."""
    units = dict.fromkeys(unit_of(result, cell) for cell in result.cells if nested_of(cell) is not None)
    return "".join(f" {LEGEND.format(unit=unit, nouns=members_as(unit))}" for unit in units)


def worth_sentences(result: StudyRecord) -> Iterator[str]:
    """Yield for each architecture what the average of all members is worth, by method, in one sentence."""
    for architecture in result.architectures:
        cells = [cell for cell in result.cells if cell.architecture == architecture.label]
        worths: dict[str, ValueWithInterval] = {}
        for cell in cells:
            nested = nested_of(cell)
            if nested is not None and nested.worth is not None:
                worths.setdefault(cell.method, nested.worth)
        if worths:
            unit = UNITS[architecture.population.unit][1]
            texts = [f"{_estimate(worth)} ({method})" for method, worth in worths.items()]
            yield (
                f"{architecture.label}: as {members_as(unit)} that each have a {unit} of their own, the average of all "
                f"{len(architecture.members)} is worth {', '.join(texts)}."
            )


def split_sentences(cell: Cell, unit: str) -> Iterator[str]:
    """Yield the best number of starts and networks for this study's cost, for each cost of a start."""
    nested = nested_of(cell)
    for split in () if nested is None else nested.splits:
        cost = f"costs as much as {split.start_cost:g} networks" if split.start_cost else "costs nothing"
        cost = "costs as much as a network" if split.start_cost == 1 else cost
        yield (
            f"if a {unit} {cost}, this study's cost is best spent on {counted(split.starts, unit)} with "
            f"{counted(split.seeds, 'network')} each, worth {format_number(split.worth)}"
        )


def print_averages(study: Study, console: Console, *, narrow: bool) -> None:
    """Print the reliability and worth of averages of starts and networks, and the best split, where there are any."""
    cells = [cell for cell in study.done if nested_of(cell) is not None]
    if not cells:
        return
    unit = unit_of(study.result, cells[0])
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("architecture, method", overflow="fold", min_width=22)
    for header in (f"{unit}s x networks", "reliability", "95%", "worth"):
        table.add_column(header, justify="right", no_wrap=True)
    for cell in with_headings(table, cells, narrow=narrow):
        for index, row in enumerate(average_rows(cell)):
            label = escape(method_label(cell.method, cell.view, narrow=narrow)) if index == 0 else ""
            table.add_row(label, *map(escape, row))
    console.print(table)
    console.print(Text(AVERAGES.format(unit=unit), style="dim"))
    for cell in cells:
        sentences = "; ".join(split_sentences(cell, unit))
        console.print(Text(f"{cell.method} on {cell.architecture}: {sentences}."))


def average_rows(cell: Cell) -> list[tuple[str, str, str, str]]:
    """Return the texts of each average: its size, reliability, interval and worth."""
    nested = nested_of(cell)
    return [
        (
            f"{average.starts} x {average.seeds}",
            format_number(average.reliability),
            _range(average.interval),
            format_number(average.worth),
        )
        for average in (() if nested is None else nested.averages)
    ]


def _range(interval: Interval | None) -> str:
    return "-" if interval is None else f"[{format_number(interval.low)}, {format_number(interval.high)}]"


def _estimate(value: ValueWithInterval) -> str:
    ends = (None, None) if value.interval is None else (value.interval.low, value.interval.high)
    return with_interval(value.value, *ends)
