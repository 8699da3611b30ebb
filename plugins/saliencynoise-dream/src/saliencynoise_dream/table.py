"""A dream for the terminal, and its pictures side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from saliencynoise.display.figures.saving import drawn
from saliencynoise.display.numbers import counted, with_interval
from saliencynoise.display.terminal import Terminal
from saliencynoise.store.atomic import write_bytes
from saliencynoise_dream import figure
from saliencynoise_dream.run import RESULT, DreamStudy

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure
    from rich.console import Console, RenderableType

FIGURE = "dreams.png"
WIDE = 112
"""Width of a terminal from which figures and their intervals are on one line."""
SCORES = {"probability": "probability", "margin": "margin", "top1": "top-1", "gain": "gain (log2)"}
KINDS = {
    "start": "start",
    "single": "single networks",
    "ensemble": "ensemble",
    "stochastic": "ensemble, drawn",
}
CLASS_LEGEND = (
    "Judgement of the saved pictures by held-out networks: probability of the dreamt class; margin: its logit less the "
    "largest other one; top-1: share of networks and pictures where it comes first."
)
LAYER_LEGEND = (
    "A layer has no class to recognise. gain: log2 of held-out networks' energy at the layer over that at the start."
)
INTERVALS = (
    "Ensemble: the mean gradient of all members; drawn: the gradient of one member, drawn at each step. 95% intervals "
    "are for other held-out networks{others}, not for another ensemble; there is none where all scores are equal."
)


def dream_figure(study: DreamStudy) -> Figure:
    """Return the dreams side by side: a row per class, a column per kind, the scores of held-out members below."""
    members = study.result["members"]
    return figure.draw(study.rows, list(figure.data(study.sets, members, singles=len(members))))


def write_figure(study: DreamStudy) -> Path:
    """Write `dreams.png` beside the results, and return where.

    Raises:
        UsageError: if the folder cannot be written.
    """
    path = study.folder / FIGURE
    write_bytes(path, drawn(dream_figure(study), "png"))
    return path


def print_dream(study: DreamStudy, console: Console | None = None) -> None:
    """Print how well the dreams transfer, the networks and data behind it, and the folder of the files."""
    console = console or Terminal()
    for part in render_dream(study.result, width=console.width):
        console.print(part)
    gif = ", steps.gif" if (study.folder / "steps.gif").exists() else ""
    console.print(
        Text(f"Results in {study.folder} ({FIGURE}, pictures, large{gif}, scores.csv, objective.csv, {RESULT}).")
    )


def render_dream(result: Mapping[str, Any], *, width: int) -> Iterator[RenderableType]:
    """Yield the parts of the printed text."""
    facts, layer = result["facts"], result["of"]["kind"] == "layer"
    yield _table(facts, narrow=width < WIDE)
    populations = _others(len(result["of"]["names"]), facts["singles"])
    yield Text(f"{LAYER_LEGEND if layer else CLASS_LEGEND} {INTERVALS.format(others=populations)}", style="dim")
    yield Text(_basis(result))
    for note in _notes(result):
        yield Text(note, style="yellow")


def _table(facts: Mapping[str, Any], *, narrow: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("dream")
    scores = list(facts["recognition"]["start"])
    for score in scores:
        table.add_column(SCORES[score], justify="right", no_wrap=True)

    def add(label: str, cells: list[str], style: str = "") -> None:
        lines = [cell.replace(" [", "\n[") if narrow and len(scores) > 1 else cell for cell in cells]
        table.add_row(label, *map(Text, lines), style=style)

    for kind, by_score in facts["recognition"].items():
        add(KINDS[kind], [_ends(by_score[score]) for score in scores])
    for kind, by_score in facts["more_than_single"].items():
        add(f"{KINDS[kind]}: more than single", [_signed(by_score[score]) for score in scores], "bold")
    return table


def _ends(fact: Mapping[str, Any]) -> str:
    return with_interval(fact["value"], fact["low"], fact["high"])


def _signed(fact: Mapping[str, Any]) -> str:
    positive = isinstance(fact["value"], float) and fact["value"] >= 0
    return f"{'+' if positive else ''}{_ends(fact)}"


def _others(rows: int, singles: int) -> str:
    return (", classes" if rows > 1 else "") + (" and single networks" if singles > 1 else "")


def _basis(result: Mapping[str, Any]) -> str:
    how, shape = result["how"], "x".join(map(str, result["dataset"]["image_shape"]))
    start = "faint noise" if result["start"]["kind"] == "noise" else "a picture"
    accuracies = result["accuracy"].values()
    alone = result["facts"]["singles"]
    subject = "layer" if result["of"]["kind"] == "layer" else "classes"
    return (
        f"{subject} {', '.join(result['of']['names'])} from {start}: {counted(len(result['members']), 'network')} of "
        f"{result['architecture']} on {result['dataset']['asked']} ({shape}) dream, members "
        f"{', '.join(map(str, result['members']))}, the first {'one' if alone == 1 else alone} also alone; "
        f"{counted(len(result['held_out']), 'network')} judge, members {', '.join(map(str, result['held_out']))}; "
        f"accuracies {min(accuracies):.1%} to {max(accuracies):.1%}. {counted(how['octaves'], 'octave')} a factor "
        f"{how['octave_scale']:g} apart, {counted(how['steps'], 'step')} each of {how['step_size']:g}, jitter "
        f"{how['jitter']}, smoothing {how['smoothing']:g} pixels; seed {result['seeds']['dream']}; "
        f"torch {result['versions']['torch']}, {result['hardware']['device']}, {result['seconds']:.0f} s."
    )


def _notes(result: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"note: {note}" for note in [*result["dataset"]["notes"], *result["notes"]])
    yield from (f"passed over: member {member}: {why}" for member, why in result["passed_over"].items())
    if len(result["held_out"]) < 2:
        yield "1 network judges: no intervals; --held-out 2 or more gives them"
    elif len(result["held_out"]) < 5:
        yield f"{len(result['held_out'])} networks judge: intervals are indicative; --held-out 5 makes them reliable"
    if len(result["members"]) == 1:
        yield "1 network dreams: the ensemble is that network"
