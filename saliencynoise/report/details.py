"""Tables of `saliencynoise show RUN`: the similarity of members' maps and the components of their signal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from saliencynoise.display.grid import WIDE
from saliencynoise.display.labels import method_label
from saliencynoise.display.numbers import estimated_percent, format_number, interval_text, with_interval
from saliencynoise.display.table_rows import with_headings
from saliencynoise.display.terminal import Terminal
from saliencynoise.engine.study import Study
from saliencynoise.interfaces import UsageError
from saliencynoise.records.writing import json_of

if TYPE_CHECKING:
    from rich.console import Console

    from saliencynoise.records.cell import Cell, Details, Estimate, UnseenMode
    from saliencynoise.records.common import Interval

SIMILARITY = (
    "Means over {images}. SSIM: structural similarity of two members' maps, each divided by its largest absolute "
    "value (data range 2, 7x7 windows or the largest odd size that fits; - below 3x3). Spearman: rank correlation. "
    "top: share of the 10% strongest pixels in common (chance: 0.10). cosine: of raw maps. to mean: the same between "
    "a member and the mean of the others. MeGe, ReCo: Fel et al. 2022, on members trained on the same images (not on "
    "folds), distance sqrt(1 - |Spearman|); ReCo needs images on which members disagree. CV: s/|mean|, median over "
    "pixels."
)

STRUCTURE = (
    "template: share of the signal that is the same for every class, in percent. class: share that is the same on the "
    "images of a class. The rest belongs to the image, and image r is its corrected SNR: a high r explains no image "
    "if little is left for the image. In brackets: 95% intervals for new members and new images of these classes. ?: "
    "these images cannot separate the class from the template or the image. sig. pix.: significant pixels, as in "
    "the table. signs: members that agree with the sign of the mean, over the significant pixels. modes: images on "
    "which the members fall into groups, so that their mean averages several explanations; 0 is no proof of a single "
    "one. finest: period, in pixels of the map's grid, below which half of a single network's detail is noise (0: the "
    "grid is the limit; ∞: all of it is)."
)

STRUCTURE_HEADERS = ("template", "class", "image r", "95%", "sig.\npix.", "signs", "modes", "finest")


def print_similarity(study: Study, console: Console | None = None) -> None:
    """Print the similarity of members' maps by measures other than the SNR."""
    console = console or Terminal()
    headers = ("SSIM", "Spearman", "top", "cosine", "MeGe", "ReCo", "CV")
    console.print(_table(study, headers, _similarity_rows, narrow=console.width < WIDE))
    images = max(cell.known_details.similarity.images for cell in study.done)
    shown_images = f"the first {images} images" if images < len(study.result.images) else f"all {images} images"
    console.print(Text(SIMILARITY.format(images=shown_images), style="dim"))


def print_structure(study: Study, console: Console | None = None) -> None:
    """Print the components of the members' common signal."""
    console = console or Terminal()
    narrow = console.width < WIDE
    for columns in (slice(0, 4), slice(4, 8)) if narrow else (slice(0, 8),):  # half of them fit 80 columns
        console.print(
            _table(
                study,
                STRUCTURE_HEADERS[columns],
                partial(_structure_rows, columns=columns),
                narrow=narrow,
            )
        )
    console.print(Text(STRUCTURE, style="dim"))
    for cell in [cell for cell in study.done if cell.view == "signed"]:
        name, unseen, spectrum = f"{cell.method} on {cell.architecture}", cell.known_figures.unseen_mode, None
        if unseen is not None:
            console.print(Text(f"{name}: {_unseen(cell.known_figures.estimates.snr, unseen)}"))
        spectrum = cell.known_details.spectrum
        if spectrum is not None:
            console.print(Text(f"{name}: {spectrum.words}"))


def detail_rows(study: Study) -> list[dict[str, Any]]:
    """Return the details as values that JSON can hold."""
    names = ("architecture", "method", "view", "details")
    return [{name: json_of(getattr(cell, name)) for name in names} for cell in _done(study)]


def _done(study: Study) -> list[Cell]:
    """Return the cells that were computed.

    Raises:
        UsageError: all cells failed.
    """
    if not study.done:
        raise UsageError(f"{study.folder} has no figures: all cells failed; run the same bench again")
    return study.done


def _table(
    study: Study, headers: Sequence[str], rows_of: Callable[[Details], Iterator[list[str]]], *, narrow: bool
) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("architecture, method", overflow="fold", min_width=22)
    for header in headers:
        table.add_column(header, justify="right", overflow="fold")  # wrapped, not cut
    for cell in with_headings(table, _done(study), narrow=narrow):
        label = escape(method_label(cell.method, cell.view, narrow=narrow))
        for index, row in enumerate(rows_of(cell.known_details)):
            table.add_row(label if index == 0 else "      to mean", *row)
    return table


def _similarity_rows(details: Details) -> Iterator[list[str]]:
    similarity = details.similarity
    further = (similarity.mege, similarity.reco, similarity.coefficient_of_variation)
    for measures, others in ((similarity.pairwise, further), (similarity.to_mean, ())):
        yield [
            format_number(value) for value in (measures.ssim, measures.spearman, measures.top, measures.cosine, *others)
        ]


def _structure_rows(details: Details, columns: slice) -> Iterator[list[str]]:
    template, pixels, spectrum = details.template, details.pixels, details.spectrum
    parts = ["-"] * 4
    if template is not None:
        parts = [
            _share(template.share, template.share_interval),
            "?" if template.note else _share(template.share_class, template.share_class_interval),
            format_number(template.snr_specific),
            interval_text(template.snr_specific_interval),
        ]
    significant = [pixels.share, pixels.agreement] if pixels is not None else [None, None]
    finest = format_number(None if spectrum is None else spectrum.resolution)
    row = [*parts, *map(estimated_percent, significant), str(len(details.modes.images)), finest]
    yield row[columns]


def _unseen(snr: Estimate, unseen: UnseenMode) -> str:
    ends = (None, None) if snr.interval is None else (snr.interval.low, snr.interval.high)
    return (
        f"r {with_interval(snr.value, *ends)}; from {format_number(unseen.low)} if a mode of "
        f"up to {unseen.share:.0%} of the networks was missed"
    )


def _share(value: float, interval: Interval | None) -> str:
    plain = estimated_percent(value).removesuffix("%")
    return plain if interval is None else f"{plain} {_percents(interval)}"


def _percents(interval: Interval) -> str:
    low, high = (f"{end * 100:.0f}".replace("-0", "0") for end in (interval.low, interval.high))
    return escape(f"[{low}, {high}]")
