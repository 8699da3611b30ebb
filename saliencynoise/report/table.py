"""The table of a study, for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.text import Text

from saliencynoise.display.grid import WIDE, Section, TerminalColumn, render_sections
from saliencynoise.display.labels import NAME_WIDTH, method_label, recipes_text
from saliencynoise.display.numbers import (
    counted,
    format_number,
    interval_text,
    p_cell,
    percent,
    seconds_text,
    untrained_text,
)
from saliencynoise.display.population import population_sentences
from saliencynoise.display.sparkline import COUNTS, reliability_line
from saliencynoise.display.terminal import Terminal
from saliencynoise.engine.config import REFERENCE
from saliencynoise.engine.study import Study
from saliencynoise.interfaces.shell import shell
from saliencynoise.records.numbers import FALSE_DISCOVERY_RATE
from saliencynoise.records.study import MeasureSettings
from saliencynoise.report.nested import legend_of, nested_of, networks_of, unit_of, worth_sentences
from saliencynoise.report.warnings import warnings

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from saliencynoise.records.cell import Cell, UntrainedFloor
    from saliencynoise.records.study import StudyRecord

LEGEND = (
    "SNR: published SNR, |mean|/sd over members, averaged over pixels; floor: its value for pure noise with as many "
    "members. r: corrected SNR, c/(1-c) with c the mean cosine between members' maps (pure noise: 0, but more in the "
    "views relu and abs), and its 95% interval for new members and new images.{untrained} p: sign-flip test for any "
    "signal. for 0.9: networks to average, on the aggregator's scale, until the reliability is 0.9. sig. pix.: "
    "significant pixels, the share of the mean map's values that exceed noise, at "
    f"{FALSE_DISCOVERY_RATE:.0%} false discoveries (more with 4 members or skewed noise); it grows with the members."
    "{seconds}{accuracy}"
)

UNTRAINED = " untrained: r of as many untrained networks, for methods on a layer and maps of one sign."
SECONDS = " s: seconds of attribution; a pass that methods share counts for each."
ACCURACY = " Beside the architecture: its members' median test accuracy."

DRAWS = (
    "networks alone: r of a stochastic method without its sampling noise, from {draws} draws; all members share the "
    "second draw. The row above it includes the sampling noise."
)

BALANCED = (
    "balanced: the mean over classes of the share of images that are right; chance is 1 over the number of classes."
)

WIDER = (
    f"reliability 1..{COUNTS[-1]}: of averages of {', '.join(map(str, COUNTS[:3]))} ... {COUNTS[-1]} networks, each on "
    "a scale of 0 to 1 (as digits: in tenths); right of the bar a forecast for more networks than this run has."
)
RANGE = " In brackets: the lowest and the highest accuracy."

CEILING = (
    "ceiling: r between rewritten copies of one network, with different weights and the same function; in brackets: "
    "the lowest and the highest member. No training lifts r above it. It is shown where it is below ten times r."
)

CURVE = f"reliability\n1..{COUNTS[-1]}"
HEADERS = (
    "SNR", "95% of SNR", "floor", "r", "95% of r", "untrained", "p", "for 0.9", CURVE, "sig.\npix.", "s"
)  # fmt: skip

RANKS = {"untrained": 1, CURVE: 2, "95% of SNR": 3}
"""Columns for wide terminals, in the order in which they get room."""

MEAN = "builtin/mean"
"""The default aggregator, which provenance does not mention."""

LOW = 10
"""A ceiling is shown if it is below this many times r."""


def print_study(study: Study, console: Console | None = None) -> None:
    """Print a study's table, its provenance and its folder."""
    console = console or Terminal()
    for part in render_study(study, width=console.width, ascii_only=console.options.ascii_only):
        console.print(part)


def render_study(study: Study, *, width: int, ascii_only: bool = False) -> Iterator[RenderableType]:
    """Yield the printed parts: the table, its legend, provenance, warnings and the folder of the results."""
    cells = study.result.cells
    units = {cell.architecture: unit_of(study.result, cell) for cell in cells}
    yield from _table(cells, units, width=width, ascii_only=ascii_only)
    if any(cell.status == "ok" for cell in cells):
        known = any(cell.accuracy.median is not None for cell in cells)
        wider = f" {WIDER}{RANGE if known else ''}" if width >= WIDE else ""
        low = f" {CEILING}" if any(map(is_low, cells)) else ""
        balanced = f" {BALANCED}" if any(cell.accuracy.balanced is not None for cell in cells) else ""
        yield Text(
            _legend(study.result) + wider + balanced + _draws(cells) + low + legend_of(study.result), style="dim"
        )
    yield Text(basis(study.result))
    for sentence in (*population_sentences(study.result), *worth_sentences(study.result)):
        yield Text(sentence)
    for warning in warnings(study.result):
        yield Text(warning, style=_style(warning))
    if study.scratch is not None:
        return
    files = ["result.json", "snr.parquet", *(["maps.zarr"] if study.result.sampler is not None else [])]
    yield Text(
        f"Results in {study.folder} ({', '.join(files)}); again with: "
        f"{shell('saliencynoise', 'show', study.folder, encoding='ascii' if ascii_only else 'utf-8')}"
    )


def _legend(result: StudyRecord) -> str:
    """Return the legend without the columns that no row has."""
    done = [cell for cell in result.cells if cell.status == "ok"]
    return LEGEND.format(
        untrained=UNTRAINED if result.sampler is not None else "",
        seconds=SECONDS if any(cell.seconds is not None for cell in done) else "",
        accuracy=ACCURACY if any(cell.accuracy.median is not None for cell in done) else "",
    )


def _style(warning: str) -> str:
    """Return the colour of a warning, by its first word."""
    return {"failed": "red", "note": "", "adapted": ""}.get(warning.partition(":")[0], "yellow")


def _draws(cells: Sequence[Cell]) -> str:
    draws = max(map(_draws_of, cells), default=1)
    return " " + DRAWS.format(draws=draws) if draws > 1 else ""


def _draws_of(cell: Cell) -> int:
    """Return the number of draws of a cell; it is 1 for failed cells."""
    return cell.draws if cell.status == "ok" else 1


def _table(
    cells: Sequence[Cell], units: Mapping[str, str], *, width: int, ascii_only: bool
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
        rows.append([label, *_row(cell, ascii_only=ascii_only)])
        if _draws_of(cell) > 1:
            rows.append(_networks_row(cell, ascii_only=ascii_only))
        nested = nested_of(cell)
        if nested is not None:
            within = nested.r_within
            r = [format_number(within.value), interval_text(within.interval)]
            rows.append([f"    within a {units[cell.architecture]}", "", "", "", *r])
        if narrow and cell.untrained is not None and not math.isnan(cell.untrained.snr):
            rows.append(_untrained_row(cell.untrained))
        if cell.ceiling is not None and is_low(cell):
            rows.append(["    ceiling", "", "", "", format_number(cell.ceiling.value), interval_text(cell.ceiling)])
    timed = any(cell.seconds is not None for cell in cells)
    shown = HEADERS if timed else HEADERS[:-1]  # the seconds are the last column
    if not timed:
        sections = [replace(section, rows=[row[: 1 + len(shown)] for row in section.rows]) for section in sections]
    columns = [TerminalColumn(header=name, rank=RANKS.get(name, 0)) for name in shown]
    return render_sections(
        "architecture, method", columns, sections, width=width, label_width=NAME_WIDTH, ascii_only=ascii_only
    )


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


def _row(cell: Cell, *, ascii_only: bool) -> list[str]:
    figures = cell.figures
    if figures is None:
        return ["[red]failed[/]"]
    pixel, snr = figures.estimates.snr_pixel, figures.estimates.snr
    return [
        format_number(pixel.value),
        interval_text(pixel.interval),
        format_number(pixel.floor),
        format_number(snr.value),
        interval_text(snr.interval),
        untrained_text(cell),
        p_cell(figures.signal_p),
        escape(figures.members_needed.text),
        reliability_line(figures.estimates.snr_averaged.value, members=networks_of(cell), ascii_only=ascii_only),
        _significant(cell),
        "" if cell.seconds is None else seconds_text(cell.seconds),
    ]


def _networks_row(cell: Cell, *, ascii_only: bool) -> list[str]:
    """Return the row of a stochastic method without its own noise."""
    snr = cell.known_figures.estimates.snr_network
    line = reliability_line(snr.value, members=networks_of(cell), ascii_only=ascii_only)
    r = [format_number(snr.value), interval_text(snr.interval)]
    return ["    networks alone", "", "", "", *r, "", "", "", line]


def _untrained_row(floor: UntrainedFloor) -> list[str]:
    """Return the row of untrained networks for narrow tables. Values near zero have two decimals to save room."""
    value, interval = floor.snr, floor.interval
    if interval is None or abs(value) >= 0.1:
        return ["    untrained", "", "", "", format_number(value), interval_text(interval)]
    return ["    untrained", "", "", "", f"{value:.2f}", escape(f"[{interval.low:.2f}, {interval.high:.2f}]")]


def is_low(cell: Cell) -> bool:
    """Whether a cell's ceiling is below ten times its r. Then part of the noise comes from equivalent weights."""
    if cell.figures is None or cell.ceiling is None:
        return False
    return cell.ceiling.value < LOW * cell.figures.estimates.snr.value


def _significant(cell: Cell) -> str:
    """Return the share of significant pixels, or "-": views without sign have no test."""
    pixels = cell.known_details.pixels
    return "-" if pixels is None else percent(pixels.share)


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
