"""The table of a study, for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rich.markup import escape
from rich.text import Text

from saliencynoise.display.cell_quantities import cell_value, one_map
from saliencynoise.display.grid import WIDE, Section, TerminalColumn, render_sections
from saliencynoise.display.labels import NAME_WIDTH, method_label, recipes_text
from saliencynoise.display.numbers import (
    counted,
    format_number,
    interval_text,
    p_cell,
)
from saliencynoise.display.population import population_sentences
from saliencynoise.display.quantities import QUANTITIES, TABLE, Quantity
from saliencynoise.display.sparkline import COUNTS, reliability_line
from saliencynoise.display.terminal import Terminal
from saliencynoise.engine.config import REFERENCE
from saliencynoise.engine.study import Study
from saliencynoise.interfaces.shell import shell
from saliencynoise.records.study import MeasureSettings
from saliencynoise.report.html.words import finding
from saliencynoise.report.nested import legend_of, nested_of, networks_of, unit_of, worth_sentences
from saliencynoise.report.warnings import warnings

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from saliencynoise.records.cell import Cell, UntrainedFloor
    from saliencynoise.records.study import StudyRecord

SHORT = (
    "SNR: corrected, pure noise has 0. rel.: reliability of one map, SNR/(1 + SNR). for 0.9: networks to average for a "
    "reliability of 0.9. sig. pix.: values of the mean map that exceed noise. p: test for any signal. publ. SNR: "
    "|mean|/sd, beside its floor. All words: --legend"
)
"""At most four lines of a terminal of 80 columns."""

REST = (
    "95%: intervals for new members and new images. reliability and networks for 0.9 are on the aggregator's scale "
    "where they are of averages; views in which pure noise agrees have neither."
)

ACCURACY = "Beside the architecture: its members' median test accuracy."

DRAWS = (
    "networks alone: SNR of a stochastic method without its sampling noise, from {draws} draws; all members share the "
    "second draw. The row above it includes the sampling noise."
)

BALANCED = (
    "balanced: the mean over classes of the share of images that are right; chance is 1 over the number of classes."
)

WIDER = (
    f"reliability 1..{COUNTS[-1]}: of averages of {', '.join(map(str, COUNTS[:3]))} ... {COUNTS[-1]} networks, each on "
    "a scale of 0 to 1 (as digits: in tenths); right of the bar a forecast for more networks than this run has."
)
RANGE = "In brackets: the lowest and the highest accuracy."

CEILING = (
    "ceiling: SNR between rewritten copies of one network, with different weights and the same function; in brackets: "
    "the lowest and the highest member. No training lifts the SNR "
    "above it. It is shown where it is below ten times the SNR."
)

CURVE = f"reliability\n1..{COUNTS[-1]}"
CURVE = f"reliability\n1..{COUNTS[-1]}"
CURVE_RANK, PUBLISHED_RANK = 2, 3

MEAN = "builtin/mean"
"""The default aggregator, which provenance does not mention."""

LOW = 10
"""A ceiling is shown if it is below this many times the SNR."""


def print_study(study: Study, console: Console | None = None, *, legend: bool = False) -> None:
    """Print a study's table, its provenance, its finding and what to do next.

    Args:
        study: what is shown.
        console: in place of standard output.
        legend: explain each column, in place of four lines on the main ones.
    """
    console = console or Terminal()
    for part in render_study(study, width=console.width, ascii_only=console.options.ascii_only, legend=legend):
        console.print(part, soft_wrap=isinstance(part, Text) and bool(part.no_wrap))  # a command is copied whole


def render_study(
    study: Study, *, width: int, ascii_only: bool = False, legend: bool = False
) -> Iterator[RenderableType]:
    """Yield the printed parts: table, legend, provenance, notes and warnings, folder, finding and next commands."""
    result = study.result
    units = {cell.architecture: unit_of(result, cell) for cell in result.cells}
    columns = _columns(result.cells)
    yield from _table(result.cells, units, columns, width=width, ascii_only=ascii_only)
    if study.done:
        yield Text(_legend(result, wide=width >= WIDE) if legend else SHORT, style="dim")
    yield Text(basis(result))
    for sentence in (*population_sentences(result), *worth_sentences(result)):
        yield Text(sentence)
    for warning in warnings(result):
        yield Text(warning, style=_style(warning))
    if study.scratch is None:
        files = ["result.json", "snr.parquet", *(["maps.zarr"] if result.sampler is not None else [])]
        yield Text(f"Results in {study.folder} ({', '.join(files)})")
    found = finding(result)
    if found:
        yield Text(found, style="bold")
    if study.scratch is None:
        yield Text("\n".join(["Next:", *next_commands(study, ascii_only=ascii_only, width=width)]), no_wrap=True)


def next_commands(study: Study, *, ascii_only: bool = False, width: int = WIDE) -> Iterator[str]:
    """Yield commands that continue with a study, each on a line with its purpose."""
    encoding: Literal["ascii", "utf-8"] = "ascii" if ascii_only else "utf-8"
    uses: list[tuple[str, list[str], str]] = []
    uses += [("plan", [], "are more members worth it?")] if study.result.sampler is not None else []
    uses += [
        ("show", ["--curve"], "reliability by networks"),
        ("show", ["--format", "latex"], "for a paper"),
    ]
    for command, options, purpose in uses:
        line = f"  {shell('saliencynoise', command, study.folder, *options, encoding=encoding)}"
        yield f"{line}  # {purpose}" if len(line) + len(purpose) + 4 <= width else line


def _legend(result: StudyRecord, *, wide: bool) -> str:
    """Return the whole legend, without the columns that no row has."""
    cells = result.cells
    shown = [column.quantity for column in _columns(cells) if column.quantity is not None]
    parts = [f"{' '.join(quantity.short.split())}: {quantity.meaning}." for quantity in dict.fromkeys(shown)]
    parts.append(REST)
    known = any(cell.accuracy.median is not None for cell in cells)
    parts += [ACCURACY] if known else []
    parts += [WIDER, *([RANGE] if known else [])] if wide else []
    parts += [BALANCED] if any(cell.accuracy.balanced is not None for cell in cells) else []
    draws = max(map(_draws_of, cells), default=1)
    parts += [DRAWS.format(draws=draws)] if draws > 1 else []
    parts += [CEILING] if any(map(is_low, cells)) else []
    return " ".join(parts) + legend_of(result)


def _style(warning: str) -> str:
    """Return the colour of a warning, by its first word."""
    return {"failed": "red", "note": "", "adapted": ""}.get(warning.partition(":")[0], "yellow")


def _draws_of(cell: Cell) -> int:
    """Return the number of draws of a cell; it is 1 for failed cells."""
    return cell.draws if cell.status == "ok" else 1


@dataclass(frozen=True, kw_only=True)
class _Column:
    """A column of the table; without a quantity it is the curve."""

    header: str
    rank: int = 0
    quantity: Quantity | None = None
    interval: bool = False


def _columns(cells: Sequence[Cell]) -> list[_Column]:
    """Return the columns in the order of all tables, without the ones that no row has."""
    columns = []
    for quantity in map(QUANTITIES.__getitem__, TABLE):
        if quantity.key == "floor":  # the interval of the published SNR stands before its floor
            published = QUANTITIES["published_snr"]
            columns.append(_Column(header="95%", rank=PUBLISHED_RANK, quantity=published, interval=True))
        if quantity.key == "seconds":
            columns.append(_Column(header=CURVE, rank=CURVE_RANK))
        if quantity.key == "seconds" and all(cell.seconds is None for cell in cells):
            continue
        columns.append(_Column(header=quantity.short, rank=quantity.rank, quantity=quantity))
        if quantity.key == "snr":
            columns.append(_Column(header="95%", quantity=quantity, interval=True))
    return columns


def _table(
    cells: Sequence[Cell], units: Mapping[str, str], columns: Sequence[_Column], *, width: int, ascii_only: bool
) -> Iterator[RenderableType]:
    narrow = width < WIDE
    sections: list[Section] = []
    rows: list[list[str]] = []
    for previous, cell in zip([None, *cells], cells, strict=False):
        if previous is None or previous.architecture != cell.architecture:
            rows = []
            sections.append(Section(title=_architecture(cell, narrow=narrow), rows=rows))
        same = previous is not None and previous.method_name == cell.method_name
        is_view = same and cell.view != "signed"
        label = escape(method_label(cell.method, cell.view if is_view else "signed", narrow=narrow))
        if cell.figures is None:
            rows.append([label, "[red]failed[/]"])
            continue
        rows.append([label, *(_entry(cell, column, ascii_only=ascii_only) for column in columns)])
        if cell.draws > 1:
            rows.append(_networks_row(cell, columns, ascii_only=ascii_only))
        nested = nested_of(cell)
        if nested is not None:
            within = nested.r_within
            rows.append(
                [
                    f"    within a {units[cell.architecture]}",
                    format_number(within.value),
                    interval_text(within.interval),
                ]
            )
        if narrow and cell.untrained is not None and not math.isnan(cell.untrained.snr):
            rows.append(_untrained_row(cell.untrained))
        if cell.ceiling is not None and is_low(cell):
            rows.append(["    ceiling", format_number(cell.ceiling.value), interval_text(cell.ceiling)])
    shown = [TerminalColumn(header=column.header, rank=column.rank) for column in columns]
    return render_sections(
        "architecture, method", shown, sections, width=width, label_width=NAME_WIDTH, ascii_only=ascii_only
    )


def _entry(cell: Cell, column: _Column, *, ascii_only: bool) -> str:
    if column.quantity is None:
        snr = cell.known_figures.estimates.snr_averaged.value
        return reliability_line(snr, members=networks_of(cell), ascii_only=ascii_only)
    value = cell_value(cell, column.quantity.key)
    if column.interval:
        ends = value.low is not None and value.high is not None
        return escape(f"[{format_number(value.low)}, {format_number(value.high)}]") if ends else "-"
    if value.key == "p":
        return p_cell(value.value)
    return "" if value.key == "seconds" and value.value is None else escape(value.text)


def _architecture(cell: Cell, *, narrow: bool) -> Text:
    title = Text(cell.architecture, style="bold")
    accuracy = cell.accuracy
    if accuracy.median is not None:
        flag = "*" if cell.flagged_members else ""
        title.append(f" {accuracy.median:.1%}{flag}", style="not bold")
        if not narrow:
            title.append(f" ({accuracy.min:.1%} to {accuracy.max:.1%})", style="not bold")
        if accuracy.balanced is not None:
            title.append(f", balanced {accuracy.balanced:.1%}", style="not bold")
    return title


def _networks_row(cell: Cell, columns: Sequence[_Column], *, ascii_only: bool) -> list[str]:
    """Return the row of a stochastic method without its own noise."""
    snr = cell.known_figures.estimates.snr_network
    entries = {
        "SNR": format_number(snr.value),
        "95%": interval_text(snr.interval),
        QUANTITIES["reliability"].short: "-" if snr.floor else format_number(one_map(snr.value)),
        CURVE: reliability_line(snr.value, members=networks_of(cell), ascii_only=ascii_only),
    }
    published = [column.interval and column.rank == PUBLISHED_RANK for column in columns]
    row = ["" if skip else entries.get(column.header, "") for column, skip in zip(columns, published, strict=True)]
    return ["    networks alone", *row]


def _untrained_row(floor: UntrainedFloor) -> list[str]:
    """Return the row of untrained networks for narrow tables. Values near zero have two decimals to save room."""
    value, interval = floor.snr, floor.interval
    if interval is None or abs(value) >= 0.1:
        return ["    untrained", format_number(value), interval_text(interval)]
    return ["    untrained", f"{value:.2f}", escape(f"[{interval.low:.2f},{interval.high:.2f}]")]


def is_low(cell: Cell) -> bool:
    """Whether a cell's ceiling is below ten times its SNR. Then part of the noise comes from equivalent weights."""
    if cell.figures is None or cell.ceiling is None:
        return False
    return cell.ceiling.value < LOW * cell.figures.estimates.snr.value


def basis(result: StudyRecord) -> str:
    """Return the provenance of the figures: members, images, recipe, versions and hardware."""
    settings, dataset = result.settings, result.dataset
    aggregator = result.aggregator
    marginal = "" if aggregator == MEAN else f"marginal maps by {aggregator.removeprefix('builtin/')}; "
    versions, hardware = result.versions, result.hardware
    images = counted(len(result.images), result.item)
    if dataset.test_images is not None:
        images = f"{len(result.images)} of {dataset.test_images} test images of {dataset.asked}"
    size = f", {dataset.size}" if dataset.size else ""
    parts = [
        f"{settings.members} members",
        f"{images}{size}{_correct(result)}",
        *([f"target {settings.target}"] if settings.target else []),
        _origin(result),
        f"{marginal}seed {settings.seed}",
        f"torch {versions['torch']}, {hardware.device}, {hardware.processor}",
    ]
    return f"{'; '.join(parts)}."


def _origin(result: StudyRecord) -> str:
    """Return the source of the members as text."""
    dataset = result.dataset
    sampler, settings = result.sampler, result.settings
    if isinstance(settings, MeasureSettings) or sampler is None:
        return f"maps from {settings.maps}" if isinstance(settings, MeasureSettings) else "networks from elsewhere"
    if not sampler.trains:
        return f"members from {settings.sampler}"
    source = "" if sampler.name == REFERENCE else f"members from {sampler.label}, by a recipe: "
    recipes = {name: (recipe.epochs, recipe.precision) for name, recipe in result.recipes.items()}
    return f"{source}trained on {dataset.train_images} images, {recipes_text(recipes)}"


def _correct(result: StudyRecord) -> str:
    labelled = [image for image in result.images if image.label is not None]
    wrong = sum(any(predicted != image.label for predicted in image.predicted.values()) for image in labelled)
    return f" ({wrong} misclassified)" if wrong else ""
