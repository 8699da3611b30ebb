"""Which randomness makes the noise: the tables of `saliencynoise variance`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.analyses.variance.figure import NAMES, PLOT
from saliencynoise.analyses.variance.run import RESULT
from saliencynoise.display.labels import method_label
from saliencynoise.display.numbers import counted, estimated_percent
from saliencynoise.display.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

LEGEND = (
    "noise: share of a map's energy that changes when everything is drawn anew. Of that noise, first order: what goes "
    "away when networks share this stream's seed and no other. total: what another seed of this stream alone brings "
    "in, combinations with other streams included. First-order parts sum to 100% at most, total parts to 100% at "
    "least, but for sampling error. 95% intervals are for new seeds on these images, t over {blocks} blocks. again: "
    "networks trained again with all seeds equal, which shows what the hardware does."
)
ENERGY = (
    "Methods that draw random numbers, shares of one map's energy: signal, what networks differ in (the noise above), "
    "what draws differ in, and what only the pair of both determines. One draw is the same for all networks."
)
MOST_FLAGS = 3
"""The largest number of flagged members that have a line each."""


def print_variance(document: Mapping[str, Any], folder: Path, console: Console | None = None) -> None:
    """Print the parts of the noise, a sentence for each method, the provenance and the folder."""
    console = console or Terminal()
    for part in render_variance(document, folder, width=console.width):
        console.print(part)


def render_variance(document: Mapping[str, Any], folder: Path, *, width: int) -> Iterator[RenderableType]:
    """Yield the printed parts."""
    rows, narrow = document["rows"], width < 92
    done = [row for row in rows if row["status"] == "ok"]
    yield variance_table(rows, narrow=narrow)
    if done:
        yield Text(LEGEND.format(blocks=document["settings"]["blocks"]), style="dim")
    if any(row["energy"] for row in done):
        yield energy_table([row for row in done if row["energy"]], narrow=narrow)
        yield Text(ENERGY, style="dim")
    for row in done:
        yield Text(f"{row['method']} on {row['architecture']}: {row['words']}.")
    for architecture in document["architectures"]:
        yield Text(basis(document, architecture))
    for warning in notes(document):
        yield Text(warning, style="yellow")
    drawn = f"{PLOT}, " if done else ""
    yield Text(f"Results in {folder} ({RESULT}, {drawn}and a bench of each architecture's networks).")


def variance_table(rows: Sequence[Any], *, narrow: bool) -> Table:
    """Return the table of shares of the noise."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("architecture, method", overflow="fold", min_width=22)
    for header in ("noise", "first order", "95%", "total", "95%"):
        table.add_column(header, justify="right", no_wrap=True)
    shown = None
    for row in rows:
        if row["architecture"] != shown:
            table.add_row(f"[bold]{escape(row['architecture'])}[/]")
            shown = row["architecture"]
        label = escape(method_label(row["method"], narrow=narrow))
        if row["status"] == "failed":
            table.add_row(label, Text("failed", style="red"))
            continue
        view = "" if row["view"] == "signed" else f"\n    view {row['view']}"
        table.add_row(label + view, estimated_percent(row["noise"]))
        for part in row["streams"]:
            table.add_row(
                f"    {NAMES.get(part['stream'], part['stream'])}", "", *_share(part["first"]), *_share(part["total"])
            )
        if row["replicate"] is not None:
            table.add_row("    again, same seeds", "", "", "", *_share(row["replicate"]))
    return table


def energy_table(rows: Sequence[Any], *, narrow: bool) -> Table:
    """Return the table of shares of one map's energy, of methods that draw random numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("shares of energy", overflow="fold", min_width=22)
    for header in ("signal", "networks", "draws", "both"):
        table.add_column(header, justify="right", no_wrap=True)
    for row in rows:
        parts = [row["energy"][key] for key in ("signal", "network", "draw", "residual")]
        table.add_row(
            escape(method_label(row["method"], narrow=narrow)), *("\n".join(_share(part)) for part in parts)
        )  # fmt: skip
    return table


def _share(share: Mapping[str, Any]) -> list[str]:
    interval = share["interval"]
    ends = [] if interval is None else [estimated_percent(interval[end]) for end in ("low", "high")]
    return [estimated_percent(share["value"]), escape(f"[{', '.join(ends)}]") if ends else "-"]


def basis(document: Mapping[str, Any], architecture: Any) -> str:
    """Return the provenance of an architecture's figures."""
    study, bench = document["study"], document["settings"]["bench"]
    again = architecture["trained_again"]
    lowest, highest = architecture["accuracy"]["min"], architecture["accuracy"]["max"]
    accuracy = "" if lowest is None else f", accuracies {lowest:.1%} to {highest:.1%}"
    others = architecture["streams"].get("rest")
    names = " and ".join(NAMES.get(stream, stream) for stream in others or ())
    together = f"; all others: {names}, changed together" if others else ""
    left_out = "".join(
        f"; {NAMES.get(stream, stream)} left out: {reason}" for stream, reason in architecture["left_out"].items()
    )  # fmt: skip
    return (
        f"{architecture['architecture']}: {architecture['members']} networks in {architecture['blocks']} blocks"
        f"{accuracy}{together}{left_out}; of {again['members']} trained again with the same seeds, "
        f"{again['bitwise_equal']} bitwise equal. {counted(document['images'], 'test image')} of "
        f"{study['dataset']['asked']}; seed {bench['seed']}; torch {study['versions']['torch']}, "
        f"{study['hardware']['device']}, {study['hardware']['processor']}."
    )


def notes(document: Mapping[str, Any]) -> list[str]:
    """Return the notes that a reader needs to judge the figures."""
    lines = [f"note: {note}" for note in document["study"]["dataset"]["notes"]]
    for architecture in document["architectures"]:
        flagged = list(architecture["flagged"].items())
        lines += [
            f"flagged: member {index} of {architecture['architecture']}: {why}" for index, why in flagged[:MOST_FLAGS]
        ]
        if len(flagged) > MOST_FLAGS:
            lines.append(
                f"flagged: {len(flagged) - MOST_FLAGS} more of {architecture['architecture']}; more --epochs may help"
            )
    lines += [
        f"failed: {row['method']} on {row['architecture']}: {row['reason']}"
        for row in document["rows"]
        if row["status"] == "failed"
    ]
    return lines
