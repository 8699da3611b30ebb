"""Whether averaging moves maps towards the pixels that cause the label: `saliencynoise show RUN --localization`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Literal

from msgspec import structs
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.display.labels import method_label
from saliencynoise.display.numbers import counted, format_number, interval_text, p_text
from saliencynoise.display.terminal import Terminal
from saliencynoise.engine.study import Study
from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.shell import shell
from saliencynoise.records.cell import Point
from saliencynoise.records.common import Count, Interval, Number, Record, Share
from saliencynoise.statistics.comparison import LEVEL, holm

if TYPE_CHECKING:
    from rich.console import Console

    from saliencynoise.records.cell import Cell, Measure

MEANINGS: Mapping[str, str] = {
    "mass": "share of the relevance on the mask",
    "rank": "share of the K most relevant pixels on the mask of K pixels",
    "pointing": "share of images with the most relevant pixel on the mask",
    "auc": "probability that a pixel on the mask has more relevance than one beside it",
}
"""The meaning of each measure."""

RELEVANCE = (
    "Mask: the pixels that cause the label. Relevance: |sum over channels| of the map, in its view, at the image's size"
)

LEGEND = (
    f"Means over {{images}}. {RELEVANCE}. {'; '.join(f'{name}: {meaning}' for name, meaning in MEANINGS.items())}. "
    "chance: value of a map without information. one: a single network's map. mean: the mean of {members} networks' "
    "raw maps. gain: mean minus one, with 95% interval for new members and new images. p: test of no gain, corrected "
    "for all rows of the measure (Holm). nearer: whether averaging moves maps towards the mask (no: away from it; ?: "
    "undecided, p above 0.05). Low noise is not correctness: for the noise, see the table without --localization."
)


Nearer = Literal["yes", "no", "undecided"]
"""Whether averaging moves maps towards the mask."""


class LocalizationRow(Record, frozen=True, kw_only=True):
    """A measure of the maps of an architecture, method and view: of single maps, of their mean, and the gain.

    `p_holm` is corrected over all rows of a measure. `nearer` is None where there is no test.
    """

    architecture: str
    method: str
    view: str
    members: Count
    measure: str
    images: Count
    chance: Number
    single: Number
    marginal: Number
    gain: Number
    interval: Interval | None
    p: Share | None
    curve: tuple[Point, ...]
    p_holm: Share | None = None
    nearer: Nearer | None = None


def localization_rows(study: Study) -> list[LocalizationRow]:
    """Return a row for each architecture, method, view and measure.

    Raises:
        UsageError: if the run's data set has no masks, or nothing was computed.
    """
    rows = [
        _row(cell, localization.images, measure, estimates)
        for cell in study.done
        if (localization := cell.known_details.localization) is not None
        for measure, estimates in localization.measures.items()
    ]
    if not rows:
        raise _missing(study)
    corrected = {id(row): p for measure in MEANINGS for row, p in _corrected(rows, measure)}
    return [
        structs.replace(row, p_holm=corrected[id(row)], nearer=_nearer(row.gain, corrected[id(row)])) for row in rows
    ]


def _corrected(rows: Sequence[LocalizationRow], measure: str) -> Iterator[tuple[LocalizationRow, float | None]]:
    """Yield the rows of a measure, each with its p-value after Holm's correction."""
    same = [row for row in rows if row.measure == measure]
    yield from zip(same, holm([row.p for row in same]), strict=True)


def _missing(study: Study) -> UsageError:
    dataset = study.result.dataset
    if not dataset.masks:
        return UsageError(
            f"the data set of {study.folder}, {dataset.asked}, has no masks of the pixels that "
            "cause the label; run a bench on --dataset shapes"
        )
    return UsageError(
        f"{study.folder} holds no localisation; see why with: {shell('saliencynoise', 'show', study.folder)}"
    )


def _row(cell: Cell, images: int, measure: str, estimates: Measure) -> LocalizationRow:
    return LocalizationRow(
        architecture=cell.architecture,
        method=cell.method,
        view=cell.view,
        members=cell.members,
        measure=measure,
        images=images,
        chance=estimates.chance,
        single=estimates.curve[0].value,
        marginal=estimates.curve[-1].value,
        gain=estimates.gain.value,
        interval=estimates.gain.interval,
        p=estimates.gain.p,
        curve=estimates.curve,
    )


def _nearer(gain: float, p: float | None) -> Nearer | None:
    if math.isnan(gain) or p is None:
        return None
    if p >= 1 - LEVEL:
        return "undecided"
    return "yes" if gain > 0 else "no"


def print_localization(study: Study, console: Console | None = None) -> None:
    """Print a block for each method, a line for each measure.

    Raises:
        UsageError: as `localization_rows`.
    """
    console = console or Terminal()
    rows = localization_rows(study)
    console.print(_table(rows, narrow=console.width < 92))
    images = counted(max(row.images for row in rows), "image")
    console.print(Text(LEGEND.format(images=images, members=rows[0].members), style="dim"))
    for note in _blank(study):
        console.print(Text(note, style="yellow"))


def _table(rows: Sequence[LocalizationRow], *, narrow: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("architecture, method", overflow="fold", min_width=22)
    for header in ("chance", "one", "mean", "gain", "95%", "p", "nearer"):
        table.add_column(header, justify="right", no_wrap=True)
    for architecture, of_architecture in groupby(rows, key=lambda row: row.architecture):
        table.add_row(f"[bold]{escape(architecture)}[/]")
        for (method, view), measures in groupby(of_architecture, key=lambda row: (row.method, row.view)):
            label = method_label(method, narrow=narrow)
            table.add_row(
                escape(label if view == "signed" else f"{label}\n{method_label(method, view, narrow=narrow)}")
            )
            for row in measures:
                table.add_row(*_line(row))
    return table


def _line(row: LocalizationRow) -> Iterator[str]:
    yield f"    {row.measure}"
    for value in (row.chance, row.single, row.marginal, row.gain):
        yield format_number(value)
    yield interval_text(row.interval)
    yield p_text(row.p_holm)
    yield {"yes": "yes", "no": "no", "undecided": "?", None: "-"}[row.nearer]


def _blank(study: Study) -> Iterator[str]:
    """Yield a line for each method with single maps that are zero on some images."""
    for cell in study.done:
        localization = cell.known_details.localization
        if localization is not None and localization.blank > 0:
            yield (
                f"{localization.blank:.1%} of the single maps of {cell.method} on {cell.architecture} in the view "
                f"{cell.view} are zero everywhere; they count as chance"
            )
