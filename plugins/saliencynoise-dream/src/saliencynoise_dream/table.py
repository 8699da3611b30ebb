"""A dream for the terminal, and its pictures side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from saliencynoise.display.figures.saving import drawn
from saliencynoise.display.numbers import counted, with_interval
from saliencynoise.display.terminal import Terminal
from saliencynoise.store.atomic import write_bytes
from saliencynoise_dream import figure
from saliencynoise_dream.results import RESULT, DreamStudy

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure
    from rich.console import Console, RenderableType

    from saliencynoise_dream.records import DreamFacts, DreamRecord, Kind, Score, ScoreMean

FIGURE = "dreams.png"
KINDS_OF_FILES = ("png", "svg", "pdf")
SMALL = 32
"""Edge in pixels below which a dream cannot be expected to show a form."""

WIDE = 112
"""Width of a terminal from which figures and their intervals are on one line."""
SCORES: Mapping[Score, str] = {"probability": "probability", "margin": "margin", "top1": "top-1", "gain": "gain (log2)"}
KINDS: Mapping[Kind, str] = {
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
    members = study.result.members
    return figure.draw(study.rows, list(figure.data(study.sets, members, singles=len(members))))


def write_figure(study: DreamStudy) -> Path:
    """Write `dreams.png`, `.svg` and `.pdf` beside the results, and return where the first is.

    Raises:
        UsageError: if the folder cannot be written.
    """
    picture = dream_figure(study)
    for kind in KINDS_OF_FILES:
        write_bytes((study.folder / FIGURE).with_suffix(f".{kind}"), drawn(picture, kind))
    return study.folder / FIGURE


def print_dream(result: DreamRecord, folder: Path, console: Console | None = None) -> None:
    """Print the scores of the dreams, the networks and data behind them, and the folder of the files."""
    console = console or Terminal()
    for part in render_dream(result, width=console.width):
        console.print(part)
    names = ("report.html", FIGURE, "dreams.svg", "dreams.pdf", "pictures", "large", "steps.gif", "scores.csv")
    found = ", ".join(name for name in (*names, "objective.csv", RESULT) if (folder / name).exists())
    console.print(Text(f"Results in {folder} ({found})."))


def render_dream(result: DreamRecord, *, width: int) -> Iterator[RenderableType]:
    """Yield the parts of the printed text."""
    legend = LAYER_LEGEND if result.of.kind == "layer" else CLASS_LEGEND
    yield scores_table(result.facts, narrow=width < WIDE)
    populations = _others(len(result.of.names), result.facts.singles)
    yield Text(f"{legend} {INTERVALS.format(others=populations)}", style="dim")
    yield Text(basis(result))
    for note in notes(result):
        yield Text(f"note: {note}", style="yellow")
    for warning in warnings(result):
        yield Text(warning, style="yellow")


def scores_table(facts: DreamFacts, *, narrow: bool) -> Table:
    """Return the table of scores: a line for each kind of dream, and for its difference to single networks."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("dream")
    scores = list(next(iter(facts.recognition.values())))
    for score in scores:
        table.add_column(SCORES[score], justify="right", no_wrap=True)

    def add(label: str, cells: list[str], style: str = "") -> None:
        lines = [cell.replace(" [", "\n[") if narrow and len(scores) > 1 else cell for cell in cells]
        table.add_row(label, *map(Text, lines), style=style)

    for kind, by_score in facts.recognition.items():
        add(KINDS[kind], [_ends(by_score[score]) for score in scores])
    for kind, by_score in facts.more_than_single.items():
        add(f"{KINDS[kind]}: more than single", [_signed(by_score[score]) for score in scores], "bold")
    return table


def _ends(mean: ScoreMean) -> str:
    return with_interval(mean.value, mean.low, mean.high)


def _signed(mean: ScoreMean) -> str:
    return f"{'+' if mean.value >= 0 else ''}{_ends(mean)}"


def _others(rows: int, singles: int) -> str:
    return (", classes" if rows > 1 else "") + (" and single networks" if singles > 1 else "")


def basis(result: DreamRecord) -> str:
    """Return the networks, data and settings of the dreams as a sentence."""
    return f"{_subject(result)}: {_networks(result)}. {_settings(result)}"


def _subject(result: DreamRecord) -> str:
    start = "faint noise" if result.start.kind == "noise" else "a picture"
    return f"{result.of.kind} {', '.join(result.of.names)} from {start}"


def _networks(result: DreamRecord) -> str:
    shape, accuracies = "x".join(map(str, result.dataset.image_shape)), result.accuracy.values()
    alone = "one" if result.facts.singles == 1 else result.facts.singles
    return (
        f"{counted(len(result.members), 'network')} of {result.architecture} on {result.dataset.asked} ({shape}) "
        f"dream, members {', '.join(map(str, result.members))}, the first {alone} also alone; "
        f"{counted(len(result.held_out), 'network')} judge, members {', '.join(map(str, result.held_out))}; "
        f"accuracies {min(accuracies):.1%} to {max(accuracies):.1%}"
    )


def _settings(result: DreamRecord) -> str:
    ascent = result.how
    return (
        f"{counted(ascent.octaves, 'octave')} a factor {ascent.octave_scale:g} apart, "
        f"{counted(ascent.steps, 'step')} each of {ascent.step_size:g}, jitter {ascent.jitter}, smoothing "
        f"{ascent.smoothing:g} pixels; seed {result.seeds.dream}; torch {result.versions['torch']}, "
        f"{result.hardware.device}, {result.seconds:.0f} s."
    )


def sentences(result: DreamRecord) -> list[str]:
    """Return, for each kind of ensemble dream, how its first score compares with that of single networks."""
    found = []
    for kind, by_score in result.facts.more_than_single.items():
        score, mean = next(iter(by_score.items()))
        words = f"{SCORES[score]} {_signed(mean)} compared with those of single networks"
        low = math.isfinite(mean.low) and math.isfinite(mean.high)
        verdict = "; the interval includes 0, so no difference is shown" if low and mean.low <= 0 <= mean.high else ""
        found.append(f"Dreams of the {KINDS[kind]}: {words}{verdict}.")
    return found


def too_small(image_shape: Sequence[int]) -> Iterator[str]:
    """Yield what pictures of a size cannot give, if they are small.

    >>> next(too_small((1, 16, 16))).partition(":")[0]
    'dreams of 16x16 pixels are textures'
    """
    height, width = image_shape[-2:]
    if min(height, width) < SMALL:
        yield (
            f"dreams of {height}x{width} pixels are textures: networks tell such pictures apart by a few strokes, "
            f"and nothing asks for the rest; give --dataset and --arch with pictures of {SMALL} pixels or more for "
            "forms"
        )


def notes(result: DreamRecord) -> tuple[str, ...]:
    """Return the notes on the data and the start."""
    return (*result.dataset.notes, *result.notes)


def warnings(result: DreamRecord) -> Iterator[str]:
    """Yield what a reader must know to judge the dreams."""
    yield from too_small(result.dataset.image_shape)
    yield from (f"left out: member {member}: {reason}" for member, reason in result.passed_over.items())
    if len(result.held_out) < 2:
        yield "1 network judges: no intervals; --held-out 2 or more gives them"
    elif len(result.held_out) < 5:
        yield f"{len(result.held_out)} networks judge: intervals are indicative; --held-out 5 makes them reliable"
    if len(result.members) == 1:
        yield "1 network dreams: the ensemble is that network"
