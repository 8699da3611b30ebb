"""Comparisons for the terminal: the tables of `saliencynoise compare`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.report.table import interval_text, p_text, show
from saliencynoise.report.terminal import Terminal
from saliencynoise.statistics.plain import json_safe

if TYPE_CHECKING:
    from rich.console import Console

    from saliencynoise.bench.comparisons import Pair
    from saliencynoise.statistics.comparison import Everywhere

LEGEND = (
    "ratio: r of the first over r of the second, with 95% interval for new members and new images. p: two-sided, "
    "corrected for all pairs of the table (Holm); a tie is a p above 0.05."
)

AGREEMENT = (
    "agreement: cosine between the two mean maps once their noise is removed (1: the same explanation), with interval; "
    "raw: the same between the averages as they are."
)


def pair_rows(pairs: Sequence[Pair]) -> list[Any]:
    """Return comparisons as values that JSON can hold."""
    return [
        json_safe(
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
    """Print a table of comparisons, its legend, and what holds on all architectures."""
    console = Terminal()
    console.print(Text(title, style="bold"))
    agreeing = any(pair.agreement is not None or pair.note for pair in pairs)
    _print_rows(pairs, console, agreeing=agreeing)
    console.print(Text(LEGEND + (f" {AGREEMENT}" if agreeing else ""), style="dim"))
    for note in dict.fromkeys(filter(None, (_notes(pair) for pair in pairs))):
        console.print(Text(note, style="yellow"))
    for claim in everywhere:
        console.print(Text(claim.words))


def _print_rows(pairs: Sequence[Pair], console: Console, *, agreeing: bool) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("", overflow="fold")
    headers = ("ratio", "95%", "p", "verdict") + (("agreement", "95%", "raw") if agreeing else ())
    for header in headers:
        table.add_column(header, justify="left" if header == "verdict" else "right", no_wrap=header != "verdict")
    shown = None
    for pair in pairs:
        if pair.within != shown:
            table.add_row(f"[bold]{escape(pair.within)}[/]")
            shown = pair.within
        table.add_row(*_row(pair, agreeing=agreeing))
    console.print(table)


def _row(pair: Pair, *, agreeing: bool) -> list[str]:
    own, agreement = pair.comparison, pair.agreement
    ratio = own.ratio_interval
    row = [
        escape(f"  {own.a}\n  / {own.b}"),
        show(own.ratio),
        interval_text(None if ratio is None else asdict(ratio)),
        p_text(own.p_holm),
        own.verdict,
    ]
    if not agreeing:
        return row
    if agreement is None:
        return [*row, "-", "-", "-"]
    interval = None if agreement.interval is None else asdict(agreement.interval)
    return [*row, show(agreement.value), interval_text(interval), show(agreement.raw)]


def _notes(pair: Pair) -> str:
    notes = [pair.comparison.note, pair.note, pair.agreement.note if pair.agreement else ""]
    found = "; ".join(dict.fromkeys(filter(None, notes)))
    return f"{pair.within}, {pair.comparison.a} / {pair.comparison.b}: {found}" if found else ""
