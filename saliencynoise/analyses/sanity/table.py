"""Trained networks beside untrained ones: the table and verdicts of `saliencynoise sanity`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.analyses.result import REPORT, written
from saliencynoise.analyses.sanity.figure import FILES
from saliencynoise.analyses.sanity.run import RESULT
from saliencynoise.display.labels import method_label
from saliencynoise.display.numbers import counted, format_number, interval_text, p_text, with_interval
from saliencynoise.display.table_rows import with_headings
from saliencynoise.display.terminal import Terminal

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from saliencynoise.records.common import ValueWithInterval
    from saliencynoise.records.sanity import (
        FailedSanityRow,
        SanityContrast,
        SanityEnsemble,
        SanityRecord,
        SanityRow,
    )

LEGEND = (
    "SNR: corrected, of one map (0: networks of this kind agree on nothing), with its 95% interval for new members "
    "and new images. p: of no difference to the reliability of one map of trained networks, corrected for all rows "
    "(Holm). cosine (mean maps): between the signal of the trained networks and that of these networks, corrected "
    "for the noise in both (1: the same map); it needs a signal in both. depends: whether the signal of trained "
    "networks depends on what these networks lack. magnitude: absolute values less their mean; it shows where a map "
    "is large, without the sign. centred: each map less its own mean, for methods whose whole maps agree without "
    "training."
)
WORDS = (
    ("trained", "Networks that were trained as usual."),
    ("untrained", "Networks of the same architecture with their initial weights."),
    ("permuted labels", "Networks that were trained as usual, on labels that were permuted over the images."),
    (
        "SNR",
        (
            "Corrected signal-to-noise ratio of one map: c / (1 - c), with c the mean cosine between the maps of two "
            "networks. 0 means that networks of this kind agree on nothing."
        ),
    ),
    ("95%", "Interval of the figure before it, for other networks and other images."),
    ("reliability", "SNR / (1 + SNR): the cosine to be expected between the maps of two networks."),
    ("p", "p-value of no difference to the reliability of trained networks, corrected for all rows (Holm)."),
    (
        "cosine (mean maps)",
        (
            "Between the signal of the trained networks and that of the other networks, corrected for the noise in "
            "both. 1 is the same map. Above 0.71 most of the signal is the same."
        ),
    ),
    (
        "depends",
        (
            "Whether the signal of trained networks depends on what these networks lack. yes: they show no agreement "
            "and less than trained ones, or their map differs. no: their map is mostly the same. in part: the interval "
            "of the cosine includes 0.71. undetermined: an interval is missing or too wide."
        ),
    ),
    ("magnitude", "Absolute values less their mean: where a map is large, without the sign."),
    ("centred", "Each map less its own mean."),
)
"""The words of a sanity run's page, each with its meaning."""

SIGNIFICANT = 0.05
"""Corrected p-value below which networks are said to agree less."""

NEEDED = {"depends": "yes", "does not depend": "no", "in part": "in part", "undetermined": "undetermined"}

LEARNED = 0.15
"""Share of the way from chance to perfect accuracy below which networks are said to have learned nothing."""

MOST_FLAGS = 3
"""The largest number of flagged members that have a line each."""


def print_sanity(record: SanityRecord, folder: Path, console: Console | None = None) -> None:
    """Print the figures of all three kinds of networks, a verdict for each method, and the folder."""
    console = console or Terminal()
    for part in render_sanity(record, folder, width=console.width):
        console.print(part)


def render_sanity(record: SanityRecord, folder: Path, *, width: int) -> Iterator[RenderableType]:
    """Yield the printed parts."""
    yield sanity_table(record.rows, narrow=width < 92)
    if record.done:
        yield Text(LEGEND, style="dim")
    for sentence in sentences(record):
        yield Text(sentence)
    yield Text(basis(record))
    for warning in (*warnings(record), *notes(record)):
        yield Text(warning, style="yellow")
    yield Text(written(folder, [RESULT, REPORT, *FILES], "and a bench of each kind of networks"))


def sentences(record: SanityRecord) -> list[str]:
    """Return the findings; where the trained networks learned nothing, this is the first."""
    return [*not_learned(record), *map(verdict_words, record.done)]


def not_learned(record: SanityRecord) -> list[str]:
    """Return a sentence for each architecture whose trained networks are hardly better than chance."""
    dataset = record.study.dataset
    if len(dataset.classes) < 2 and dataset.largest_class is None:
        return []
    chance = dataset.largest_class or 1 / len(dataset.classes)
    lines = []
    for label, members in record.ensembles.trained.architectures.items():
        if members.accuracies and median(members.accuracies) < chance + LEARNED * (1 - chance):
            low, high = min(members.accuracies), max(members.accuracies)
            lines.append(
                f"The trained networks of {label} did not learn (accuracy {low:.1%} to {high:.1%}, chance "
                f"{chance:.1%}), so nothing below is about the methods; more --epochs or --train-images may help."
            )
    return lines


def verdict_words(row: SanityRow) -> str:
    """Return a sentence with the verdict on a method's maps; it never says more than the intervals."""
    view = "" if row.view == "signed" else f", {row.view}"
    trained = row.snr.trained
    if trained.interval is None:
        return f"{row.method}{view}: undetermined, as the SNR of trained networks has no interval."
    if trained.interval.low <= 0:
        return (
            f"{row.method}{view}: undetermined, as the interval of the SNR of trained networks includes 0 "
            f"({_snr(trained)})."
        )
    untrained = _untrained_words(row, row.contrasts.untrained, _r_words(row, row.snr.untrained))
    permuted = _permuted_words(row.contrasts.permuted, _r_words(row, row.snr.permuted))
    return f"{row.method}{view}: {untrained}; {permuted}."


def _snr(figure: ValueWithInterval) -> str:
    ends = None if figure.interval is None else (figure.interval.low, figure.interval.high)
    return f"SNR {with_interval(figure.value, *(ends or (None, None)))}"


def _r_words(row: SanityRow, other: ValueWithInterval) -> str:
    return f"{_snr(other)} against {_snr(row.snr.trained).removeprefix('SNR ')}"


def _untrained_words(row: SanityRow, contrast: SanityContrast, r: str) -> str:
    if contrast.verdict == "does not depend":
        head = "an edge detector" if row.view != "magnitude" else "where it is large needs no training"
        return f"{head}: untrained networks show the same ({_cosine(contrast)}; {r})"
    return _dependence_words(contrast, r, lacking="training", networks="untrained networks")


def _permuted_words(contrast: SanityContrast, r: str) -> str:
    networks = "networks trained on permuted labels"
    if contrast.verdict == "does not depend":
        return f"does not depend on the labels: {networks} show the same ({_cosine(contrast)}; {r})"
    return _dependence_words(contrast, r, lacking="the labels", networks=networks)


def _dependence_words(contrast: SanityContrast, r: str, *, lacking: str, networks: str) -> str:
    if contrast.verdict == "in part":
        return f"depends on {lacking} in part ({_cosine(contrast)}; {r})"
    if contrast.verdict == "undetermined":
        return f"undetermined whether it depends on {lacking} ({r})"
    if contrast.agreement.interval is None:
        return f"depends on {lacking}: {networks} agree less, and agreement among them is not shown ({r})"
    agree = "agree less, and" if contrast.difference.p_holm < SIGNIFICANT else "agree"
    return f"depends on {lacking}: {networks} {agree} on a map that differs ({_cosine(contrast)}; {r})"


def _cosine(contrast: SanityContrast) -> str:
    return f"cosine {format_number(contrast.agreement.value)}"


def sanity_table(rows: Sequence[SanityRow | FailedSanityRow], *, narrow: bool) -> Table:
    """Return the table of all three kinds of networks."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("architecture, method", overflow="fold", min_width=22)
    for header in ("SNR", "95%", "p", "cosine\n(mean\nmaps)", "95%", "depends"):
        table.add_column(header, justify="right", no_wrap=True)
    for row in with_headings(table, rows, narrow=narrow):
        label = escape(method_label(row.method, narrow=narrow))
        table.add_row(label if row.view == "signed" else f"{label}\n    {row.view}", *([""] * 6))
        trained = row.snr.trained
        table.add_row("    trained", format_number(trained.value), interval_text(trained.interval))
        table.add_row("    untrained", *_other(row.snr.untrained, row.contrasts.untrained))
        table.add_row("    permuted labels", *_other(row.snr.permuted, row.contrasts.permuted))
    return table


def _other(snr: ValueWithInterval, contrast: SanityContrast) -> list[str]:
    return [
        format_number(snr.value),
        interval_text(snr.interval),
        p_text(contrast.difference.p_holm),
        format_number(contrast.agreement.value),
        interval_text(contrast.agreement.interval),
        NEEDED[contrast.verdict],
    ]


def basis(record: SanityRecord) -> str:
    """Return the provenance of the figures."""
    study, bench, ensembles = record.study, record.settings.bench, record.ensembles
    named = {"trained": ensembles.trained, "untrained": ensembles.untrained, "permuted labels": ensembles.permuted}
    accuracies = [f"{name} {text}" for name, ensemble in named.items() for text in _accuracies(ensemble)]
    epochs_of = {record.settings.permuted_epochs or recipe.epochs: None for recipe in study.recipes.values()}
    epochs = ", ".join(counted(number, "epoch") for number in epochs_of)
    return (
        f"{record.members} networks of each kind; accuracies: {', '.join(accuracies)}; permuted labels for "
        f"{epochs}. {counted(record.images, 'test image')} of {study.dataset.asked}; "
        f"target {bench.target}; seed {bench.seed}; torch {study.versions['torch']}, "
        f"{study.hardware.device}, {study.hardware.processor}."
    )


def _accuracies(ensemble: SanityEnsemble) -> list[str]:
    """Return the range of the accuracies of each architecture."""
    accuracies = [members.accuracies for members in ensemble.architectures.values() if members.accuracies]
    return [f"{min(values):.1%} to {max(values):.1%}" for values in accuracies]


def warnings(record: SanityRecord) -> list[str]:
    """Return failures, and flags of trained networks. Chance accuracy of the other networks is no fault."""
    lines = []
    for label, members in record.ensembles.trained.architectures.items():
        flagged = list(members.flagged.items())
        lines += [f"flagged: trained member {index} of {label}: {why}" for index, why in flagged[:MOST_FLAGS]]
        if len(flagged) > MOST_FLAGS:
            lines.append(f"flagged: {len(flagged) - MOST_FLAGS} more trained members of {label}")
    return lines + failures(record)


def failures(record: SanityRecord) -> list[str]:
    """Return a line for each method that failed, with the reason."""
    return [f"failed: {row.method} on {row.architecture}: {row.reason}" for row in record.failed]


def notes(record: SanityRecord) -> list[str]:
    """Return the notes on the data."""
    return [f"note: {note}" for note in record.study.dataset.notes]
