"""Is there something cheaper than retraining? The table of `saliencynoise frontier`, and its answers in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.analyses.frontier.figure import FILES
from saliencynoise.analyses.frontier.run import RESULT
from saliencynoise.analyses.result import REPORT, written
from saliencynoise.display.labels import method_label, recipes_text
from saliencynoise.display.numbers import counted, format_number, p_text, seconds_text
from saliencynoise.display.terminal import Terminal
from saliencynoise.interfaces.shell import shell
from saliencynoise.records.frontier import FailedSampler, FidelityRecord, FrontierRecord, FrontierRow, HeldOutNetworks
from saliencynoise.records.rows import FailedRow

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from saliencynoise.records.common import Ends

WORDS = (
    ("n", "Members whose maps are averaged."),
    (
        "price",
        "Seconds to make the members and their maps of these {images}, divided by those of one retrained network.",
    ),
    (
        "cos²",
        (
            "Squared cosine of the average with the true mean map over all networks, pooled over images. It is "
            "estimated with {held} networks that no sampler uses, and corrected for their noise."
        ),
    ),
    (
        "networks",
        (
            "Number of retrained networks whose average has the same squared cosine, with its 95% interval for other "
            "held-out networks and other base runs, on these images. Rows are means over {runs} of each sampler; those "
            "of deep_ensemble are means over disjoint groups of {ensemble} networks."
        ),
    ),
    ("training s, maps s", "Measured seconds to make the members of an average, and their maps."),
    ("p", "p-value of equality of networks and price, corrected for the number of these sentences (Holm)."),
)
"""The words of a frontier, each with its meaning."""

REFERENCE = "deep_ensemble"
"""Display name of the sampler whose networks are retrained."""

SIGNIFICANT = 0.05
"""Corrected p-value below which a sampler is called cheaper or more expensive than retraining."""


def print_frontier(record: FrontierRecord, folder: Path, console: Console | None = None) -> None:
    """Print the table of a frontier, a sentence on each sampler, and the notes."""
    console = console or Terminal()
    for part in _parts(record, folder, narrow=console.width < 92, encoding=console.encoding):
        console.print(part)


def _parts(record: FrontierRecord, folder: Path, *, narrow: bool, encoding: str) -> Iterator[RenderableType]:
    for reference, rows in compared(record):
        yield heading(reference)
        yield frontier_table(rows, narrow=narrow, several=len(record.settings.aggregators) > 1)
        yield from (Text(sentence) for sentence in sentences(rows))
        yield ""
    if record.done:
        yield Text(legend(record), style="dim")
    yield Text(basis(record))
    yield from (Text(line, style="yellow") for line in notes(record))
    again = shell("saliencynoise", "show", folder, encoding=encoding)
    yield Text(f"{written(folder, [RESULT, REPORT, *FILES]).removesuffix('.')}; again with: {again}")


def compared(record: FrontierRecord) -> Iterator[tuple[HeldOutNetworks, list[FrontierRow | FailedSampler]]]:
    """Yield the held-out networks of each architecture and method, with the rows that are compared with them."""
    for reference in record.references:
        names = reference.architecture, reference.method
        rows = [row for row in record.rows if (row.architecture, row.method) == names]
        if isinstance(reference, HeldOutNetworks) and rows:
            yield reference, rows


def sentences(rows: Sequence[FrontierRow | FailedSampler]) -> list[str]:
    """Return a sentence for each sampler but the reference, on the fidelity and the price of its largest budget."""
    done = [row for row in rows if isinstance(row, FrontierRow) and row.sampler != REFERENCE]
    samplers = groupby(done, key=lambda row: (row.sampler, row.aggregator))
    most = [max(sampler_rows, key=lambda row: row.members) for _, sampler_rows in samplers]
    several = len({row.aggregator for row in most}) > 1
    words = {row.fidelity.words for row in most}
    if len(words) == 1 < len(most) and all(math.isnan(row.fidelity.networks) for row in most):
        return [f"The fidelity of all samplers is {words.pop()}."]
    return [_sentence(row, several=several) for row in most]


def _sentence(row: FrontierRow, *, several: bool) -> str:
    subject = f"{row.sampler} with {counted(row.members, 'member')}"
    subject += f" ({row.aggregator})" if several else ""
    if math.isnan(row.fidelity.networks):
        return f"{subject} is {row.fidelity.words}."
    if not 0 < row.fidelity.networks < math.inf:
        return f"{subject} {row.fidelity.words}."
    networks = f"{format_number(row.fidelity.networks)} {_interval(row.fidelity.interval)}".removesuffix(" -")
    if row.price is None:
        return f"{subject} equals {networks} networks; the price of the members is not known."
    return f"{subject} equals {networks} networks at the price of {format_number(row.price)}: {_verdict(row)}."


def _verdict(row: FrontierRow) -> str:
    if row.p_holm is None or row.price is None:
        return "not compared with retraining"
    p = f"p {p_text(row.p_holm)}"
    if row.p_holm >= SIGNIFICANT:
        return f"not shown to be cheaper or more expensive than retraining ({p})"
    kind = "cheaper" if row.fidelity.networks > row.price else "more expensive"
    return f"{kind} than retraining ({p})"


def notes(record: FrontierRecord) -> list[str]:
    """Return the notes that a reader needs to judge the figures: of the data, failures and caveats."""
    return [*(f"note: {note}" for note in record.dataset.notes), *failures(record), *caveats(record)]


def failures(record: FrontierRecord) -> list[str]:
    """Return a line for each sampler and method that failed, with the reason."""
    return [f"failed: {_sampler_of(row)}, {_where(row)}: {row.reason}" for row in record.failed]


def caveats(record: FrontierRecord) -> list[str]:
    """Return the caveats on rows, each with the rows that it concerns, and the budgets without a row."""
    lines = []
    by_note: dict[str, list[str]] = {}
    for row in record.done:
        for note in filter(None, row.fidelity.note.split("; ")):
            by_note.setdefault(note, []).append(f"{row.sampler} n={row.members} ({_where(row)})")
    lines += [f"{_listed(names, len(record.done))}: {note}" for note, names in by_note.items()]
    for sampler in dict.fromkeys(row.sampler for row in record.done):
        available = {row.members for row in record.done if row.sampler == sampler}
        lacking = [str(budget) for budget in sorted(record.settings.budgets) if budget not in available]
        if lacking:
            lines.append(
                f"{sampler}: its runs give {max(available)} members at most, so no row for {', '.join(lacking)}"
            )
    return lines


def _sampler_of(row: FailedRow) -> str:
    return row.sampler if isinstance(row, FailedSampler) else REFERENCE


def _listed(names: Sequence[str], rows: int) -> str:
    if len(names) == rows > 1:
        return "all rows"
    distinct = list(dict.fromkeys(names))
    return ", ".join(distinct[:4]) + (f" and {len(distinct) - 4} others" if len(distinct) > 4 else "")


def _where(row: FrontierRow | FailedRow) -> str:
    return f"{row.method} on {row.architecture}"


def heading(reference: HeldOutNetworks) -> Text:
    """Return the line above a table: its method and architecture, and r of a single network."""
    heading = Text.from_markup(f"[bold]{escape(reference.architecture)}[/], {escape(reference.method)}")
    heading.append("" if reference.view == "signed" else f", view {reference.view} (each map less its own mean)")
    heading.append(f": r of a single network {format_number(reference.snr)} {_interval(reference.interval)}")
    if not math.isnan(reference.untrained):
        heading.append(f", of untrained ones {format_number(reference.untrained)}")
    if not math.isnan(reference.template):
        heading.append(f"; {reference.template:.0%} of the signal is one template, the same for all classes")
    return heading


def frontier_table(rows: Sequence[FrontierRow | FailedSampler], *, narrow: bool, several: bool) -> Table:
    """Return the table of one architecture and method."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("sampler", overflow="fold", min_width=22)
    for header, width in (("n", 3), ("price", 5), ("cos²", 6), ("networks", 8), ("95%", 14)):
        table.add_column(header, justify="right", no_wrap=True, min_width=width)
    for header in ("training s", "maps s"):
        table.add_column(header, justify="right", no_wrap=True, min_width=6)
    last_name = None
    for row in rows:
        name = f"{row.sampler}, {row.aggregator}" if several and isinstance(row, FrontierRow) else row.sampler
        label = escape(method_label(name, narrow=narrow)) if name != last_name else ""
        last_name = name
        table.add_row(label, *_cells(row))
    return table


def _cells(row: FrontierRow | FailedSampler) -> list[str | Text]:
    if isinstance(row, FailedSampler):
        return ["", Text("failed", style="red")]
    return [
        str(row.members),
        "?" if row.price is None else format_number(row.price),
        format_number(row.fidelity.fidelity_squared),
        format_number(row.fidelity.networks),
        _networks_interval(row.fidelity),
        "?" if row.training_seconds is None else seconds_text(row.training_seconds),
        seconds_text(row.attribution_seconds),
    ]


def _networks_interval(fidelity: FidelityRecord) -> str:
    return "undetermined" if math.isnan(fidelity.networks) else escape(_interval(fidelity.interval))


def _interval(interval: Ends | None) -> str:
    return "-" if interval is None else f"[{format_number(interval.low)}, {format_number(interval.high)}]"


def words(record: FrontierRecord) -> list[tuple[str, str]]:
    """Return the words of a frontier, each with its meaning."""
    known = {
        "images": counted(record.images, "image"),
        "held": len(record.held_out),
        "runs": counted(record.settings.runs, "base run"),
        "ensemble": min(record.held_out),
    }
    return [(word, meaning.format(**known)) for word, meaning in WORDS]


def legend(record: FrontierRecord) -> str:
    """Return the meaning of the table's headings in a paragraph."""
    return " ".join(f"{word}: {meaning[0].lower()}{meaning[1:]}" for word, meaning in words(record))


def basis(record: FrontierRecord) -> str:
    """Return the provenance of the figures."""
    bench, dataset = record.settings.bench, record.dataset
    recipes = {name: (recipe.epochs, recipe.precision) for name, recipe in record.recipes.items()}
    return (
        f"{record.images} of {dataset.test_images} test images of {dataset.asked}, "
        f"{dataset.size}; target {bench.target}; trained on {dataset.train_images} images, "
        f"{recipes_text(recipes)}; seed {bench.seed}; "
        f"torch {record.versions['torch']}, {record.hardware.device}, {record.hardware.processor}."
    )
