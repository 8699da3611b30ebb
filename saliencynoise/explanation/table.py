"""An explanation of a user's picture, for the terminal: the main figures, and the paths of the other files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from saliencynoise.display.numbers import TwoEnds, percent, with_interval
from saliencynoise.display.page.page import render
from saliencynoise.display.page.tables import plain_table
from saliencynoise.display.population import population_sentence
from saliencynoise.display.terminal import Terminal
from saliencynoise.display.visible import one_visible_line
from saliencynoise.explanation.pictures import LeftOut
from saliencynoise.records.numbers import FALSE_DISCOVERY_RATE

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console, RenderableType

    from saliencynoise.explanation.explanation import Explanation, MethodExplanation
    from saliencynoise.records.explanation import ExplainedClass, ExplanationRecord, MethodFigures, PictureRecord

LEGEND = (
    "reliability: expected cosine between this mean map and that of as many other networks, 0 to 1, with its 95% "
    "interval for other networks on this picture; pure noise has 0. r: corrected SNR of one network's map. "
    "for 0.9: networks to average until the reliability is 0.9. sig. pix.: significant pixels, the share of the "
    f"values (pixels x channels) whose mean is significant (false discoveries: {FALSE_DISCOVERY_RATE:.0%}, more where "
    "noise is skewed); it grows with the members."
)


def print_found(outcome: Explanation | LeftOut, page: Path | None, console: Console | None = None) -> None:
    """Print the ensemble's vote on a picture, each map's reliability, warnings, and the path of the page.

    For a file that could not be read, print the reason.
    """
    console = console or Terminal()
    if isinstance(outcome, LeftOut):
        console.print(
            Text(
                f"{one_visible_line(outcome.file.place)}: left out, as it cannot be read: {outcome.reason}", style="red"
            )
        )
        return
    for part in render_explanation(outcome, page):
        console.print(part)


def print_record(record: ExplanationRecord, folder: Path, console: Console | None = None) -> None:
    """Print the pictures of a folder from its document: class, reliabilities, warnings, and the paths of the pages."""
    console = console or Terminal()
    for picture in record.explanations:
        console.print(Text(f"{one_visible_line(picture.picture)}: {_headline_of(picture)}", style="bold"))
        if picture.notes:
            console.print(Text(f"{'; '.join(picture.notes)}", style="dim"))
        console.print(_table([_texts_of(method) for method in picture.methods]))
        for warning in picture.warnings:
            console.print(Text(f"warning: {warning.text}", style="yellow"))
        console.print(Text(f"page: {folder / picture.files.html}\n", overflow="fold"))
    for left_out in record.left_out:
        console.print(Text(f"{one_visible_line(left_out.picture)}: left out: {left_out.reason}", style="red"))
    print_legend(folder, console)


def _headline_of(picture: PictureRecord) -> str:
    """Return the ensemble's class, and which class is explained, if another, as `headline` does."""
    likely = {entry.index: entry for entry in picture.classes}

    def about(found: ExplainedClass) -> str:
        entry = likely[found.index]
        votes = f"{entry.votes} of {len(picture.members)} members"
        return f"'{found.name}' ({votes}, mean probability {entry.probability:.0%})"

    vote = about(picture.vote)
    return vote if picture.explained == picture.vote else f"{vote}; explained: {about(picture.explained)}"


def _texts_of(method: MethodFigures) -> MethodTexts:
    share, agreement = method.significant_share, method.sign_agreement
    return MethodTexts(
        method=method.method,
        reason=method.reason or "",
        no_marginal="",
        reliability=_figure(method.reliability.value, method.reliability.interval),
        snr=_figure(method.snr.value, method.snr.interval),
        needed=method.members_needed.text,
        share="-" if share is None else percent(share),
        agreement="-" if agreement is None else f"{agreement:.0%}",
    )


def print_legend(folder: Path, console: Console | None = None) -> None:
    """Print the meaning of the columns, and the folder of all files."""
    console = console or Terminal()
    console.print(Text(LEGEND, style="dim"))
    index = "index.html with all pictures; " if (folder / "index.html").exists() else ""
    console.print(
        Text(f"In {folder}: {index}a page, a figure (.png) and maps (.npz) of each picture, explanation.json")
    )


def render_explanation(explanation: Explanation, page: Path | None) -> Iterator[RenderableType]:
    """Yield the printed parts."""
    yield Text(f"{one_visible_line(explanation.file.place)}: {headline(explanation)}", style="bold")
    yield Text(_other_classes(explanation))
    if explanation.notes:
        yield Text(f"{'; '.join(explanation.notes)}", style="dim")
    yield _table(facts(explanation))
    for sentence in scope(explanation):
        yield Text(sentence, style="dim")
    for caution in explanation.cautions:
        yield Text(f"warning: {caution.text}", style="yellow")
    yield Text(f"page: {page}\n", overflow="fold")


def explanation_html(explanation: Explanation) -> str:
    """Return an explanation as a piece of HTML for a notebook: its class, figures, population and cautions."""
    return render(
        "notebook.html",
        sentences=[f"{explanation.file.place}: {headline(explanation)}", _other_classes(explanation)],
        tables=[plain_table(_table(facts(explanation)), "")],
        notes=[*explanation.notes, *scope(explanation), *(caution.text for caution in explanation.cautions)],
    )


def headline(explanation: Explanation) -> str:
    """Return the ensemble's class with its agreement, in a line; and which class is explained, if another."""
    mean = explanation.probabilities.mean(0)
    members = len(explanation.members)

    def about(index: int) -> str:
        votes = explanation.votes.count(index)
        return f"'{explanation.classes[index]}' ({votes} of {members} members, mean probability {mean[index]:.0%})"

    vote = about(explanation.vote)
    if explanation.target == explanation.vote:
        return vote
    return f"{vote}; explained: {about(explanation.target)}"


def scope(explanation: Explanation) -> list[str]:
    """Return sentences on the population, on a score that is no logit, and on a reliability of no plain mean."""
    aggregator = explanation.aggregator
    stochastic = [method for method in explanation.methods if method.draws > 1 and not method.reason]
    sentences = [population_sentence(explanation.origin.population, members=len(explanation.members))]
    if explanation.scalar.function or explanation.scalar.score != "logit":
        sentences.append(f"Explained: the {explanation.scalar.in_words}.")
    if aggregator not in {"mean", "mean_unit"}:
        sentences.append(f"Reliability is that of the mean of unit-norm maps, not of the marginal map by {aggregator}.")
    if stochastic:
        names, draws = ", ".join(method.method for method in stochastic), stochastic[0].draws
        sentences.append(f"For {names} it is that of the mean over members and {draws} draws of each.")
    return sentences


@dataclass(frozen=True, kw_only=True)
class MethodTexts:
    """The figures of a method as text; `share` is that of significant values."""

    method: str
    reason: str
    no_marginal: str
    reliability: str
    snr: str
    needed: str
    share: str
    agreement: str


def facts(explanation: Explanation) -> list[MethodTexts]:
    """Return each method's figures as text."""
    return [_texts(method) for method in explanation.methods]


def _texts(method: MethodExplanation) -> MethodTexts:
    figures, share, agreement = method.reliability, method.significant_share, method.agreement
    return MethodTexts(
        method=method.method,
        reason=method.reason,
        no_marginal=method.no_marginal,
        reliability=_figure(figures.value, figures.interval),
        snr=_figure(figures.snr, figures.snr_interval),
        needed=str(figures.needed),
        share="-" if share is None else percent(share),
        agreement="-" if agreement is None else f"{agreement.mean():.0%}",
    )


def _figure(value: float, interval: TwoEnds | None) -> str:
    low, high = (None, None) if interval is None else (interval.low, interval.high)
    return with_interval(value, low, high)


def _other_classes(explanation: Explanation) -> str:
    ranked = [entry for entry in explanation.ranked(3) if entry.index not in {explanation.vote, explanation.target}]
    return "next: " + ", ".join(f"'{entry.name}' {entry.probability:.0%}" for entry in ranked)


def _table(methods: Sequence[MethodTexts]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("method", overflow="fold")
    for title in ("reliability", "r", "for 0.9", "sig.\npix."):
        table.add_column(title, justify="right", no_wrap=True)
    for fact in methods:
        cells = [fact.reliability, fact.snr, fact.needed, fact.share]
        table.add_row(*map(Text, [fact.method, *(["failed", "", "", ""] if fact.reason else cells)]))
    return table
