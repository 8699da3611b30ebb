"""Comparisons for the terminal: the tables of `saliencynoise compare`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.text import Text

from saliencynoise.analyses.comparison.ranking import GRID, grid_table, rankings_of, sentences
from saliencynoise.display.grid import Section, TerminalColumn, render_sections, table_width
from saliencynoise.display.numbers import format_number, interval_text, p_cell
from saliencynoise.display.terminal import Terminal
from saliencynoise.records.writing import json_of

if TYPE_CHECKING:
    from rich.console import Console

    from saliencynoise.analyses.comparison.run import Pair
    from saliencynoise.engine.study import Study
    from saliencynoise.statistics.comparison import Everywhere

LEGEND = (
    "ratio: SNR of the first divided by SNR of the second, with its simultaneous 95% interval for new members and new "
    "images: all intervals of the table hold together (Bonferroni). p: two-sided, times the number of pairs. tie: the "
    "interval includes 1, and so no difference is shown."
)

AGREEMENT = (
    "agreement: cosine between the two mean maps after a correction for their noise (1: the same explanation), with "
    "interval. raw: the cosine without this correction."
)


def pair_rows(pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """Return comparisons as values that JSON can hold."""
    return [
        json_of(
            asdict(pair.comparison)
            | {
                "within": pair.within,
                "ratio": pair.comparison.ratio,
                "verdict": pair.comparison.verdict,
                "agreement": None if pair.agreement is None else asdict(pair.agreement),
                "agreement_note": pair.note,
            }
        )
        for pair in pairs
    ]


def print_pairs(pairs: Sequence[Pair], everywhere: Sequence[Everywhere], *, title: str) -> None:
    """Print a table of comparisons, its legend, and the claims on all architectures."""
    console = Terminal()
    console.print(Text(title, style="bold"))
    agreeing = any(pair.agreement is not None or pair.note for pair in pairs)
    _print_rows(pairs, console, agreeing=agreeing)
    console.print(Text(LEGEND + (f" {AGREEMENT}" if agreeing else ""), style="dim"))
    for note, places in _notes(pairs).items():
        where = "all pairs" if len(places) == len(pairs) > 1 else "; ".join(places)
        console.print(Text(f"{where}: {note}", style="yellow"))
    for claim in everywhere:
        console.print(Text(claim.words))


def _print_rows(pairs: Sequence[Pair], console: Console, *, agreeing: bool) -> None:
    headers = ("ratio", "95%", "p", "first is") + (("agreement", "95%", "raw") if agreeing else ())
    columns = [TerminalColumn(header=header) for header in headers]
    sections = [
        Section(title=Text(within, style="bold"), rows=[_row(pair, agreeing=agreeing) for pair in group])
        for within, group in groupby(pairs, key=lambda pair: pair.within)
    ]
    if table_width(columns, sections) > console.width:  # names in lines of their own, rather than in pieces
        sections = [
            Section(
                title=Text(f"{pair.within}: {pair.comparison.a} / {pair.comparison.b}"),
                rows=[["", *_row(pair, agreeing=agreeing)[1:]]],
            )
            for pair in pairs
        ]
    options = console.options
    for part in render_sections(
        "", columns, sections, width=options.max_width, label_width=0, ascii_only=options.ascii_only
    ):
        console.print(part)


def _row(pair: Pair, *, agreeing: bool) -> list[str]:
    comparison, agreement = pair.comparison, pair.agreement
    row = [
        escape(f"  {comparison.a}\n  / {comparison.b}"),
        format_number(comparison.ratio),
        interval_text(comparison.ratio_interval),
        p_cell(comparison.p_simultaneous),
        comparison.verdict,
    ]
    if not agreeing:
        return row
    if agreement is None:
        return [*row, "-", "-", "-"]
    return [*row, format_number(agreement.value), interval_text(agreement.interval), format_number(agreement.raw)]


def _notes(pairs: Sequence[Pair]) -> dict[str, list[str]]:
    """Return the notes on pairs, each with the pairs that it concerns."""
    pairs_by_note: dict[str, list[str]] = {}
    for pair in pairs:
        notes = (pair.comparison.note, pair.note, pair.agreement.note if pair.agreement else "")
        for note in dict.fromkeys(filter(None, notes)):
            pairs_by_note.setdefault(note, []).append(f"{pair.within}, {pair.comparison.a} / {pair.comparison.b}")
    return pairs_by_note


def print_rankings(study: Study, pairs: Sequence[Pair], everywhere: Sequence[Everywhere]) -> None:
    """Print the methods of each architecture in order, the grid of the tests, and what they say in sentences."""
    console = Terminal()
    for ranking in rankings_of(study, pairs):
        console.print(grid_table(ranking))
        for sentence in sentences(ranking):
            console.print(Text(sentence))
    console.print(Text(f"{GRID} Tests hold together for all pairs (Bonferroni).", style="dim"))
    for note, places in _notes(pairs).items():
        where = "all pairs" if len(places) == len(pairs) > 1 else "; ".join(places)
        console.print(Text(f"{where}: {note}", style="yellow"))
    for claim in everywhere:
        console.print(Text(claim.words))
