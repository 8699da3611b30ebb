"""SNR and reliability against the number of averaged networks: the table of `saliencynoise show RUN --curve`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.bench.study import Study, interval_of, number
from saliencynoise.report.table import interval_text, method_label, show
from saliencynoise.report.terminal import Terminal
from saliencynoise.statistics.curve import CurvePoint, averaging_curve
from saliencynoise.statistics.plain import json_safe

if TYPE_CHECKING:
    from rich.console import Console

LEGEND = (
    "n: networks averaged; beyond the {members} of this run a forecast from the same closed form. SNR: n r, signal "
    "energy over noise energy of the average. R: reliability, the cosine between two independent averages of n "
    "networks, with 95% interval for new members and new images. truth: cosine of the average with the true mean map,"
    " sqrt R."
)


def curve_counts(members: int) -> list[int]:
    """Return the numbers of networks that a curve shows: powers of two and what the run has, up to eight times that.

    >>> curve_counts(6)
    [1, 2, 4, 6, 8, 16, 32]
    """
    powers = [2**power for power in range(20) if 2**power <= 8 * members]
    return sorted({*powers, members})


def curve_of(cell: Mapping[str, Any]) -> tuple[CurvePoint, ...]:
    """Return the curve of a cell that is "ok"."""
    snr = cell["figures"]["estimates"]["snr"]
    return averaging_curve(
        number(snr["value"]), interval_of(snr["interval"]), counts=curve_counts(int(cell["members"]))
    )


def curve_rows(study: Study) -> list[Any]:
    """Return the curves as values that JSON can hold."""
    return [
        json_safe(
            {name: cell[name] for name in ("architecture", "method", "view")}
            | {"curve": [asdict(point) for point in curve_of(cell)]}
        )
        for cell in study.done
    ]


def print_curve(study: Study, console: Console | None = None) -> None:
    """Print a block for each method, a line for each number of networks."""
    console = console or Terminal()
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("architecture, method", overflow="fold", min_width=22)
    for header in ("n", "SNR", "R", "95% of R", "truth"):
        table.add_column(header, justify="right", no_wrap=True)
    shown = None
    for cell in study.done:
        if cell["architecture"] != shown:
            table.add_row(f"[bold]{escape(cell['architecture'])}[/]")
            shown = cell["architecture"]
        label = escape(method_label(cell["method"], cell["view"], narrow=console.width < 92))
        for place, point in enumerate(curve_of(cell)):
            table.add_row(label if place == 0 else "", *_row(point, members=cell["members"]))
    console.print(table)
    console.print(Text(LEGEND.format(members=study.result["settings"]["members"]), style="dim"))


def _row(point: CurvePoint, *, members: int) -> list[str]:
    interval = None if point.interval is None else asdict(point.interval)
    row = [
        str(point.members),
        show(point.snr),
        show(point.reliability),
        interval_text(interval),
        show(point.cosine),
    ]
    return [f"[bold]{value}[/]" for value in row] if point.members == members else row
