"""The reliability against the number of averaged networks: the table of `saliencynoise show RUN --curve`."""

from __future__ import annotations

from dataclasses import asdict
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.display.grid import WIDE
from saliencynoise.display.labels import method_label
from saliencynoise.display.numbers import format_number, interval_text
from saliencynoise.display.population import population_sentences
from saliencynoise.display.sparkline import COUNTS, reliability_line
from saliencynoise.display.table_rows import with_headings
from saliencynoise.display.terminal import Terminal
from saliencynoise.engine.study import Study, interval_of
from saliencynoise.records.writing import json_of
from saliencynoise.report.nested import legend_of, networks_of, print_averages, worth_sentences
from saliencynoise.statistics.curve import CurvePoint, averaging_curve

if TYPE_CHECKING:
    from rich.console import Console

    from saliencynoise.records.cell import Cell

LEGEND = (
    "n: networks averaged; more than the {members} of this run are a forecast by the same formula. reliability: "
    "the correlation to be expected between two averages of n different networks, with its 95% interval for new "
    "members and new images. truth: cosine of the average with the true mean map, the square "
    "root of the reliability. Beside the method: reliability of 1, 2, 4 ... {last} networks, each on a scale of 0 to "
    "1 (as digits: in tenths), with a bar after the networks that this run has."
)


def curve_counts(members: int) -> list[int]:
    """Return the numbers of networks of a curve: powers of two up to eight times the members, and the members.

    >>> curve_counts(6)
    [1, 2, 4, 6, 8, 16, 32]
    """
    powers = [2**power for power in range(20) if 2**power <= 8 * members]
    return sorted({*powers, members})


def curve_of(cell: Cell) -> tuple[CurvePoint, ...]:
    """Return the curve of a cell that is "ok"."""
    snr = cell.known_figures.estimates.snr_averaged
    return averaging_curve(snr.value, interval_of(snr.interval), counts=curve_counts(cell.members))


def curve_rows(study: Study) -> list[Any]:
    """Return the curves as values that JSON can hold."""
    return [
        json_of(
            {name: getattr(cell, name) for name in ("architecture", "method", "view")}
            | {"curve": [asdict(point) for point in curve_of(cell)], "nested": cell.known_figures.nested}
        )
        for cell in study.done
    ]


def print_curve(study: Study, console: Console | None = None) -> None:
    """Print a block for each method, a line for each number of networks."""
    console = console or Terminal()
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("architecture, method", overflow="fold", min_width=22)
    for header in ("n", "reliability", "95%", "truth"):
        table.add_column(header, justify="right", no_wrap=True)
    narrow = console.width < WIDE
    for cell in with_headings(table, study.done, narrow=narrow):
        labels = _labels(cell, narrow=narrow, ascii_only=console.options.ascii_only)
        rows = [_row(point, members=networks_of(cell)) for point in curve_of(cell)]
        for label, row in zip_longest(labels, rows, fillvalue=""):
            table.add_row(label, *row)
    console.print(table)
    members = study.result.settings.members
    console.print(Text(LEGEND.format(members=members, last=COUNTS[-1]) + legend_of(study.result), style="dim"))
    for sentence in (*population_sentences(study.result), *worth_sentences(study.result)):
        console.print(Text(sentence))
    print_averages(study, console, narrow=narrow)


def _labels(cell: Cell, *, narrow: bool, ascii_only: bool) -> list[str]:
    """Return the labels beside a curve's figures, line by line: the method's name, then the curve as a sparkline."""
    snr = cell.known_figures.estimates.snr_averaged.value
    line = reliability_line(snr, members=networks_of(cell), ascii_only=ascii_only)
    return [*escape(method_label(cell.method, cell.view, narrow=narrow)).split("\n"), f"    {line}"]


def _row(point: CurvePoint, *, members: int) -> list[str]:
    row = [
        str(point.members),
        format_number(point.reliability),
        interval_text(point.interval),
        format_number(point.cosine_with_true_map),
    ]
    return [f"[bold]{value}[/]" for value in row] if point.members == members else row
