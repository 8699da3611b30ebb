"""An explanation of one's own picture, for the terminal: the essentials, and where the rest lies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from saliencynoise.display.numbers import percent, with_interval
from saliencynoise.display.terminal import Terminal
from saliencynoise.display.visible import one_visible_line
from saliencynoise.explanation.pictures import LeftOut
from saliencynoise.statistics.plain import json_safe

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console, RenderableType

    from saliencynoise.explanation.explanation import Explanation
    from saliencynoise.explanation.figure import ExplanationRow
    from saliencynoise.statistics.intervals import Interval

LEGEND = (
    "reliability: the cosine to be expected between this mean map and that of as many other networks, 0 to 1, with its "
    "95% interval for other networks on this picture; pure noise: 0. r: signal over noise of one network's map. for "
    "0.9: networks to average until the reliability is 0.9. px: share of the values (pixels x channels) whose "
    "mean is significant (false discoveries: 5%, more where noise is skewed); it grows with the members."
)


def print_found(found: Explanation | LeftOut, page: Path | None, console: Console | None = None) -> None:
    """Print what the ensemble sees in a picture, how reliable each map is, warnings, and where the page lies.

    Of a file that could not be read, say so.
    """
    console = console or Terminal()
    if isinstance(found, LeftOut):
        console.print(
            Text(f"{one_visible_line(found.file.place)}: left out, as it cannot be read: {found.reason}", style="red")
        )
        return
    for part in render_explanation(found, page):
        console.print(part)


def print_legend(folder: Path, console: Console | None = None) -> None:
    """Print what the columns are, and where everything lies."""
    console = console or Terminal()
    console.print(Text(LEGEND, style="dim"))
    console.print(Text(f"In {folder}: a page, a figure (.png) and maps (.npz) of each picture, explanation.json"))


def render_explanation(explanation: Explanation, page: Path | None) -> Iterator[RenderableType]:
    """Yield the parts of the print."""
    yield Text(f"{one_visible_line(explanation.file.place)}: {headline(explanation)}", style="bold")
    yield Text(_others(explanation))
    if explanation.notes:
        yield Text(f"{'; '.join(explanation.notes)}", style="dim")
    yield _table(explanation)
    for sentence in scope(explanation):
        yield Text(sentence, style="dim")
    for caution in explanation.cautions:
        yield Text(f"warning: {caution.text}", style="yellow")
    yield Text(f"page: {page}\n", overflow="fold")


def headline(explanation: Explanation) -> str:
    """Return the ensemble's class with its agreement, in a line; and which class is explained, if another."""
    mean = explanation.probabilities.mean(0)
    members = len(explanation.members)

    def about(index: int) -> str:
        votes = explanation.votes.count(index)
        return f"'{explanation.classes[index]}' ({votes} of {members} members, mean probability {mean[index]:.0%})"

    seen = about(explanation.vote)
    if explanation.target == explanation.vote:
        return seen
    return f"{seen}; explained: {about(explanation.target)}"


def scope(explanation: Explanation) -> list[str]:
    """Return in sentences which map's reliability it is, where that is not the mean map of members alone."""
    aggregator = str(explanation.origin["aggregator"]).removeprefix("builtin/")
    drawn = [own for own in explanation.methods if own.draws > 1 and not own.reason]
    found = []
    if aggregator not in {"mean", "mean_unit"}:
        found.append(f"Reliability is that of the mean of unit-norm maps, not of the marginal map by {aggregator}.")
    if drawn:
        names, draws = ", ".join(own.method for own in drawn), drawn[0].draws
        found.append(f"Of {names} it is that of the mean over members and {draws} draws of each.")
    return found


def facts(explanation: Explanation) -> list[dict[str, Any]]:
    """Return each method's figures as text.

    Each has: method, reason, no_marginal, reliability, snr, needed, share (of significant values), agreement.
    """
    found = []
    for own in explanation.methods:
        figures = own.reliability
        share, agreement = own.significant_share, own.agreement
        found.append(
            {
                "method": own.method,
                "reason": own.reason,
                "no_marginal": own.no_marginal,
                "reliability": _figure(figures.value, figures.interval),
                "snr": _figure(figures.snr, figures.snr_interval),
                "needed": str(figures.needed),
                "share": "-" if share is None else percent(share),
                "agreement": "-" if agreement is None else f"{agreement.mean():.0%}",
            }
        )
    return found


def rows_of(explanation: Explanation) -> list[ExplanationRow]:
    """Return what a figure of an explanation shows, a row for each method, with its reliability in words."""
    from saliencynoise.explanation.figure import ExplanationRow  # noqa: PLC0415 - one figure's module

    return [
        ExplanationRow(
            method=own.method,
            picture=explanation.picture,
            maps=None if own.reason else own.maps,
            marginal=own.marginal,
            significant=own.significant,
            no_marginal=own.no_marginal,
            lines=[] if own.reason else [f"reliability {told['reliability']}"],
            reason=own.reason,
        )
        for own, told in zip(explanation.methods, facts(explanation), strict=True)
    ]


def _figure(value: float, interval: Interval | None) -> str:
    ends = (None, None) if interval is None else (interval.low, interval.high)
    return with_interval(*(json_safe(number) for number in (value, *ends)))  # type: ignore[arg-type]


def _others(explanation: Explanation) -> str:
    ranked = [own for own in explanation.ranked(3) if own["index"] not in {explanation.vote, explanation.target}]
    return "next: " + ", ".join(f"'{own['class']}' {own['probability']:.0%}" for own in ranked)


def _table(explanation: Explanation) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("method", overflow="fold")
    for title in ("reliability", "r", "for 0.9", "px"):
        table.add_column(title, justify="right", no_wrap=True)
    for own in facts(explanation):
        cells = [own["reliability"], own["snr"], own["needed"], own["share"]]
        table.add_row(*map(Text, [own["method"], *(["failed", "", "", ""] if own["reason"] else cells)]))
    return table
