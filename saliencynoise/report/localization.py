"""Whether averaging moves maps towards the pixels that cause the label: `saliencynoise show RUN --localization`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.display.labels import method_label
from saliencynoise.display.numbers import counted, format_number, interval_text, p_text
from saliencynoise.display.terminal import Terminal
from saliencynoise.engine.study import Study
from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.shell import shell
from saliencynoise.records.writing import json_of
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


def localization_rows(study: Study) -> list[dict[str, Any]]:
    """Return a row for each architecture, method, view and measure, of values that JSON can hold.

    p-values are corrected over all rows of a measure (Holm); `nearer` is "yes", "no" or "undecided", and None where
    there is no test.

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
    for measure in MEANINGS:
        same = [row for row in rows if row["measure"] == measure]
        for row, p in zip(same, holm([row["p"] for row in same]), strict=True):
            row |= {"p_holm": p, "nearer": _nearer(row["gain"], p)}
    return rows


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


def _row(cell: Cell, images: int, measure: str, estimates: Measure) -> dict[str, Any]:
    names = ("architecture", "method", "view", "members")
    return {name: getattr(cell, name) for name in names} | {
        "measure": measure,
        "images": images,
        "chance": json_of(estimates.chance),
        "single": json_of(estimates.curve[0].value),
        "marginal": json_of(estimates.curve[-1].value),
        "gain": json_of(estimates.gain.value),
        "interval": json_of(estimates.gain.interval),
        "p": estimates.gain.p,
        "curve": json_of(estimates.curve),
    }


def _nearer(gain: float | None, p: float | None) -> str | None:
    if gain is None or p is None:
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
    images = counted(max(row["images"] for row in rows), "image")
    console.print(Text(LEGEND.format(images=images, members=rows[0]["members"]), style="dim"))
    for note in _blank(study):
        console.print(Text(note, style="yellow"))


def _table(rows: Sequence[Mapping[str, Any]], *, narrow: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("architecture, method", overflow="fold", min_width=22)
    for header in ("chance", "one", "mean", "gain", "95%", "p", "nearer"):
        table.add_column(header, justify="right", no_wrap=True)
    for architecture, of_architecture in groupby(rows, key=lambda row: str(row["architecture"])):
        table.add_row(f"[bold]{escape(architecture)}[/]")
        for (method, view), measures in groupby(of_architecture, key=lambda row: (row["method"], row["view"])):
            label = method_label(method, narrow=narrow)
            table.add_row(
                escape(label if view == "signed" else f"{label}\n{method_label(method, view, narrow=narrow)}")
            )
            for row in measures:
                table.add_row(*_line(row))
    return table


def _line(row: Mapping[str, Any]) -> Iterator[str]:
    yield f"    {row['measure']}"
    for name in ("chance", "single", "marginal", "gain"):
        yield format_number(row[name])
    yield interval_text(row["interval"])
    yield p_text(row["p_holm"])
    yield {"undecided": "?", None: "-"}.get(row["nearer"], row["nearer"])


def _blank(study: Study) -> Iterator[str]:
    """Yield a line for each method with single maps that are zero on some images."""
    for cell in study.done:
        localization = cell.known_details.localization
        if localization is not None and localization.blank > 0:
            yield (
                f"{localization.blank:.1%} of the single maps of {cell.method} on {cell.architecture} in the view "
                f"{cell.view} are zero everywhere; they count as chance"
            )
