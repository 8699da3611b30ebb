"""The table of a study, for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.text import Text

from saliencynoise.display.grid import WIDE, Section, TerminalColumn, render_sections
from saliencynoise.display.labels import NAME_WIDTH, method_label, recipes_text
from saliencynoise.display.numbers import (
    counted,
    format_number,
    interval_text,
    p_cell,
    percent,
    seconds_text,
    untrained_text,
)
from saliencynoise.display.sparkline import COUNTS, reliability_line
from saliencynoise.display.terminal import Terminal
from saliencynoise.engine.config import REFERENCE
from saliencynoise.engine.study import Study
from saliencynoise.interfaces.shell import shell
from saliencynoise.interfaces.specs import CENTRED, REASONS
from saliencynoise.records.numbers import FALSE_DISCOVERY_RATE

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from saliencynoise.records.cell import Cell, UntrainedFloor
    from saliencynoise.records.study import ArchitectureResult, MemberResult, StudyRecord

LEGEND = (
    "SNR: published SNR, |mean|/sd over members, averaged over pixels; floor: its value for pure noise with as many "
    "members. r: corrected SNR, c/(1-c) with c the mean cosine between members' maps (pure noise: 0, but more in the "
    "views relu and abs), and its 95% interval for new members and new images. untrained: r of as many untrained "
    "networks, for methods on a layer and maps of one sign. p: sign-flip test for any signal. for 0.9: networks to "
    "average, on the aggregator's scale, until the reliability is 0.9. sig. pix.: significant pixels, the share "
    f"of the mean map's values that exceed noise, at {FALSE_DISCOVERY_RATE:.0%} false discoveries (more with 4 members "
    "or skewed noise); it grows with the members. s: seconds of attribution; a pass that methods share counts for "
    "each. Beside the architecture: its members' median test accuracy."
)

DRAWS = (
    "networks alone: r of a stochastic method without its sampling noise, from {draws} draws; all members share the "
    "second draw. The row above it includes the sampling noise."
)

WIDER = (
    f"reliability 1..{COUNTS[-1]}: of averages of {', '.join(map(str, COUNTS[:3]))} ... {COUNTS[-1]} networks, each on "
    "a scale of 0 to 1 (as digits: in tenths); right of the bar a forecast for more networks than this run has. "
    "In brackets: the lowest and the highest accuracy."
)

CEILING = (
    "ceiling: r between rewritten copies of one network, with different weights and the same function; in brackets: "
    "the lowest and the highest member. No training lifts r above it. It is shown where it is below ten times r."
)

CURVE = f"reliability\n1..{COUNTS[-1]}"
HEADERS = (
    "SNR", "95% of SNR", "floor", "r", "95% of r", "untrained", "p", "for 0.9", CURVE, "sig.\npix.", "s"
)  # fmt: skip

RANKS = {"untrained": 1, CURVE: 2, "95% of SNR": 3}
"""Columns for wide terminals, in the order in which they get room."""

SEVERAL = 0.1
"""Share of images with several modes above which a study warns; a test is positive on some images by chance."""

SKEWED = 0.4
"""Skewness of the noise above which a study warns. Symmetric noise is below, exponential noise has 0.6 (8 members)."""

MEAN = "builtin/mean"
"""The default aggregator, which provenance does not mention."""

LOW = 10
"""A ceiling is shown if it is below this many times r."""


def print_study(study: Study, console: Console | None = None) -> None:
    """Print a study's table, its provenance and its folder."""
    console = console or Terminal()
    for part in render_study(study, width=console.width, ascii_only=console.options.ascii_only):
        console.print(part)


def render_study(study: Study, *, width: int, ascii_only: bool = False) -> Iterator[RenderableType]:
    """Yield the printed parts: the table, its legend, provenance, warnings and the folder of the results."""
    cells = study.result.cells
    yield from _table(cells, width=width, ascii_only=ascii_only)
    if any(cell.status == "ok" for cell in cells):
        wider = f" {WIDER}" if width >= WIDE else ""
        low = f" {CEILING}" if any(map(is_low, cells)) else ""
        yield Text(LEGEND + wider + _draws(cells) + low, style="dim")
    yield Text(basis(study.result))
    for warning in warnings(study.result):
        yield Text(warning, style=_style(warning))
    yield Text(
        f"Results in {study.folder} (result.json, snr.parquet, maps.zarr); again with: "
        f"{shell('saliencynoise', 'show', study.folder, encoding='ascii' if ascii_only else 'utf-8')}"
    )


def _style(warning: str) -> str:
    """Return the colour of a warning, by its first word."""
    return {"failed": "red", "note": "", "adapted": ""}.get(warning.partition(":")[0], "yellow")


def _draws(cells: Sequence[Cell]) -> str:
    drawn = max(map(_draws_of, cells), default=1)
    return " " + DRAWS.format(draws=drawn) if drawn > 1 else ""


def _draws_of(cell: Cell) -> int:
    """Return the number of draws of a cell; it is 1 for failed cells."""
    return cell.draws if cell.status == "ok" else 1


def warnings(result: StudyRecord) -> list[str]:
    """Return the notes and warnings that a reader needs to judge the figures."""
    lines = [f"note: {note}" for note in result.dataset.notes]
    for architecture in result.architectures:
        lines += [
            f"flagged: member {member.index} of {architecture.label}: {member.flag}; {_remedy(result, member)}"
            for member in architecture.members
            if member.flag
        ]
        lines += _origins(architecture)
        if architecture.adaptations:
            lines.append(f"adapted: {architecture.label}: {'; '.join(architecture.adaptations)}")
    members = result.settings.members
    if members == 2:
        lines.append(
            "2 members: figures without intervals, and the SNR's floor is infinite; --members 8 gives intervals"
        )
    elif members < 8:
        lines.append(f"{members} members: intervals are indicative; --members 8 or more makes them reliable")
    cells = result.cells
    lines += [*rounded(result), *_dependent(result), *_without_null(cells), *_untrained(cells)]
    return [*lines, *_modes(cells), *_skewed(cells), *_denormal(cells), *_failures(cells)]


def _untrained(cells: Sequence[Cell]) -> list[str]:
    """Return lines about untrained networks: those that agree, those that agree as much as trained ones, and gaps."""
    agreeing: list[str] = []
    reached: list[str] = []
    unknown: dict[str, str] = {}
    for cell in cells:
        untrained = cell.untrained
        if cell.figures is None or untrained is None:
            continue
        view = "" if cell.view == "signed" else f", view {cell.view}"
        name = f"{cell.method} on {cell.architecture}{view}"
        if untrained.note:
            unknown.setdefault(untrained.note, name)
        if math.isnan(untrained.snr) or cell.view in {"relu", "abs"}:
            continue
        if untrained.interval is not None and untrained.interval.low > 0:
            r = cell.figures.estimates.snr.value
            agreeing.append(f"{name} ({format_number(untrained.snr)}, here {format_number(r)})")
        if untrained.above is False:
            reached.append(name)
    lines = [f"untrained: untrained networks agree, too; their r: {'; '.join(agreeing)}"]
    lines = lines if agreeing else []
    if reached:
        lines.append(f"not above untrained networks: r of {'; '.join(reached)} does not show anything that was learned")
    return lines + [f"untrained: {name}: {note}" for note, name in unknown.items()]


def _without_null(cells: Sequence[Cell]) -> list[str]:
    """Return a line for each kind of map without a known null distribution, with the methods that make such maps."""
    lines = []
    for sign, reason in REASONS.items():
        matches = [cell for cell in cells if cell.status == "ok" and cell.sign == sign]
        names = dict.fromkeys(f"{cell.method} on {cell.architecture}" for cell in matches)
        if not names:
            continue
        centred = any(cell.view == CENTRED for cell in matches)
        instead = (
            "; the view centred, each map minus its own mean, shows the differences between places" if centred else ""
        )
        lines.append(f"{reason}: no p, significant pixels or floor for {', '.join(names)}{instead}")
    return lines


def _origins(architecture: ArchitectureResult) -> list[str]:
    """Return a line for each note about members that were read from files."""
    files: dict[str, list[str]] = {}
    for member in architecture.members:
        if member.note:
            files.setdefault(member.note, []).append(member.source or f"member {member.index}")
    names = {
        note: f"{', '.join(members[:3])}{f' and {len(members) - 3} more' if len(members) > 3 else ''}"
        for note, members in files.items()
    }
    return [f"note: {architecture.label} from {names[note]}: {note}" for note in files]


def rounded(result: StudyRecord) -> list[str]:
    """Return a line with the largest error of r where maps were computed in bfloat16, or could not be compared."""
    if result.precision is None:
        return []
    cells = result.precision.cells
    errors = {f"{cell.method} on {cell.architecture}": cell for cell in cells if cell.status == "ok"}
    failed = [f"; no comparison of {cell.method}: {cell.reason}" for cell in cells if cell.status == "failed"]
    images = counted(result.precision.images, "image")
    if not errors:
        return [f"bfloat16: its error on {images} is not known{''.join(failed)}"]
    name, worst = max(errors.items(), key=lambda item: abs(item[1].relative_error))
    values = f"r {format_number(worst.bfloat16)}, in float32 {format_number(worst.float32)}"
    off = f"{abs(worst.relative_error):.1%}"
    return [f"bfloat16: on {images} the error of r is up to {off} ({name}: {values}){''.join(failed)}"]


def _dependent(result: StudyRecord) -> list[str]:
    """Return a line if members share training runs, since they agree more than retrained networks."""
    members, runs = result.settings.members, result.sampler.runs
    if runs >= members:
        return []
    made = f"{members} members of {result.sampler.label} from {counted(runs, 'training run')}"
    line = (
        f"dependent: {made}: r, its interval and the networks for 0.9 are for more members of that kind. They agree "
        "more than retrained networks, because they share a run; 'saliencynoise frontier' compares both"
    )
    return [line]


def _modes(cells: Sequence[Cell]) -> list[str]:
    """Return a line for each cell whose members fall into groups on many images."""
    groups = [(cell, cell.details.modes) for cell in cells if cell.details is not None]
    return [
        f"modes: {cell.method} on {cell.architecture}, view {cell.view}: {modes.words}; the mean map may "
        "average different explanations there, and intervals are unreliable (a single skewed or flat distribution of "
        "members is also positive, on up to a fifth of the images with 8 members and half with 30)"
        for cell, modes in groups
        if modes.share > SEVERAL
    ]


def _skewed(cells: Sequence[Cell]) -> list[str]:
    """Return a line for each cell with skewed noise, where more than 5% of the significant pixels may be false."""
    tested = [(cell, cell.details.pixels.skewness) for cell in cells if cell.details and cell.details.pixels]
    return [
        f"significant pixels: {cell.method} on {cell.architecture}, view {cell.view}: the noise of its pixels "
        f"is skewed ({skewness:.1f}), and more than {FALSE_DISCOVERY_RATE:.0%} of them may be false: up to 30% in "
        "simulations"
        for cell, skewness in tested
        if skewness > SKEWED
    ]


def _denormal(cells: Sequence[Cell]) -> list[str]:
    """Return a line for each method whose maps are so small that float32 holds few of their digits."""
    denormal = {(c.method, c.architecture): c.denormal_images for c in cells if c.denormal_images}
    return [
        f"digits lost: {method} on {architecture}: maps of {counted(images, 'image')} lie below 1.2e-38, where float32 "
        "has fewer digits, and their figures are inexact; multiply the method's values by a constant"
        for (method, architecture), images in denormal.items()
    ]


def _remedy(result: StudyRecord, member: MemberResult) -> str:
    """Return the likely cause of a member's flag, which depends on the member's source."""
    sampler = result.sampler
    if member.source:
        return (
            f"{member.source} may expect other inputs: compare --normalization, "
            "--image-size and the order of the classes with those of its training; networks trained without "
            "saliencynoise need --arch-arg adapt=false"
        )
    if sampler.at_chance:
        return f"as expected: {sampler.at_chance}"
    if not sampler.trains:
        return f"the sampler {sampler.label} trains no network"
    milder = "" if sampler.name == REFERENCE else f", or other parameters of the sampler {sampler.label},"
    return f"a network that did not learn looks like noise; more --epochs or a lower learning_rate{milder} may help"


def _failures(cells: Sequence[Cell]) -> list[str]:
    """Return a line for each reason of failure, with the methods that failed for it."""
    methods: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        if cell.status == "failed":
            names = methods.setdefault((cell.architecture, str(cell.reason)), [])
            names += [] if cell.method in names else [cell.method]
    return [f"failed: {', '.join(names)} on {arch}: {reason}" for (arch, reason), names in methods.items()]


def _table(cells: Sequence[Cell], *, width: int, ascii_only: bool) -> Iterator[RenderableType]:
    narrow = width < WIDE
    sections: list[Section] = []
    rows: list[list[str]] = []
    for previous, cell in zip([None, *cells], cells, strict=False):
        if previous is None or previous.architecture != cell.architecture:
            rows = []
            sections.append(Section(title=_architecture(cell, narrow=narrow), rows=rows))
        same = previous is not None and previous.method_name == cell.method_name
        is_view = same and cell.view != "signed"
        label = escape(method_label(cell.method, cell.view if is_view else "signed", narrow=narrow))
        rows.append([label, *_row(cell, ascii_only=ascii_only)])
        if _draws_of(cell) > 1:
            rows.append(_networks_row(cell, ascii_only=ascii_only))
        if narrow and cell.untrained is not None and not math.isnan(cell.untrained.snr):
            rows.append(_untrained_row(cell.untrained))
        if cell.ceiling is not None and is_low(cell):
            rows.append(["    ceiling", "", "", "", format_number(cell.ceiling.value), interval_text(cell.ceiling)])
    columns = [TerminalColumn(header=name, rank=RANKS.get(name, 0)) for name in HEADERS]
    return render_sections(
        "architecture, method", columns, sections, width=width, label_width=NAME_WIDTH, ascii_only=ascii_only
    )


def _architecture(cell: Cell, *, narrow: bool) -> Text:
    title = Text(cell.architecture, style="bold")
    accuracy = cell.accuracy
    if accuracy.median is not None:
        flag = "*" if cell.flagged_members else ""
        title.append(f" {accuracy.median:.1%}{flag}", style="not bold")
        if not narrow:
            title.append(f" ({accuracy.min:.1%} to {accuracy.max:.1%})", style="not bold")
    return title


def _row(cell: Cell, *, ascii_only: bool) -> list[str]:
    figures = cell.figures
    if figures is None:
        return ["[red]failed[/]"]
    pixel, snr = figures.estimates.snr_pixel, figures.estimates.snr
    return [
        format_number(pixel.value),
        interval_text(pixel.interval),
        format_number(pixel.floor),
        format_number(snr.value),
        interval_text(snr.interval),
        untrained_text(cell),
        p_cell(figures.signal_p),
        escape(figures.members_needed.text),
        reliability_line(figures.estimates.snr_averaged.value, members=cell.members, ascii_only=ascii_only),
        _significant(cell),
        seconds_text(cell.seconds or 0.0),
    ]


def _networks_row(cell: Cell, *, ascii_only: bool) -> list[str]:
    """Return the row of a stochastic method without its own noise."""
    snr = cell.known_figures.estimates.snr_network
    line = reliability_line(snr.value, members=cell.members, ascii_only=ascii_only)
    r = [format_number(snr.value), interval_text(snr.interval)]
    return ["    networks alone", "", "", "", *r, "", "", "", line]


def _untrained_row(floor: UntrainedFloor) -> list[str]:
    """Return the row of untrained networks for narrow tables. Values near zero have two decimals to save room."""
    value, interval = floor.snr, floor.interval
    if interval is None or abs(value) >= 0.1:
        return ["    untrained", "", "", "", format_number(value), interval_text(interval)]
    return ["    untrained", "", "", "", f"{value:.2f}", escape(f"[{interval.low:.2f}, {interval.high:.2f}]")]


def is_low(cell: Cell) -> bool:
    """Whether a cell's ceiling is below ten times its r. Then part of the noise comes from equivalent weights."""
    if cell.figures is None or cell.ceiling is None:
        return False
    return cell.ceiling.value < LOW * cell.figures.estimates.snr.value


def _significant(cell: Cell) -> str:
    """Return the share of significant pixels, or "-": views without sign have no test."""
    pixels = cell.known_details.pixels
    return "-" if pixels is None else percent(pixels.share)


def basis(result: StudyRecord) -> str:
    """Return the provenance of the figures: members, images, recipe, versions and hardware."""
    settings, dataset = result.settings, result.dataset
    aggregator = result.aggregator
    made = "" if aggregator == MEAN else f"marginal maps by {aggregator.removeprefix('builtin/')}; "
    versions, hardware = result.versions, result.hardware
    channels, height, width = dataset.image_shape
    return (
        f"{settings.members} members; {len(result.images)} of {dataset.test_images} test images of "
        f"{dataset.asked}, {channels}x{height}x{width}{_correct(result)}; target {settings.target}; "
        f"{_origin(result)}; {made}"
        f"seed {settings.seed}; torch {versions['torch']}, {hardware.device}, {hardware.processor}."
    )


def _origin(result: StudyRecord) -> str:
    """Return the source of the members as text."""
    dataset = result.dataset
    sampler = result.sampler
    if not sampler.trains:
        return f"members from {result.settings.sampler}"
    made = "" if sampler.name == REFERENCE else f"members from {sampler.label}, by a recipe: "
    recipes = {name: (recipe.epochs, recipe.precision) for name, recipe in result.recipes.items()}
    return f"{made}trained on {dataset.train_images} images, {recipes_text(recipes)}"


def _correct(result: StudyRecord) -> str:
    wrong = sum(any(predicted != image.label for predicted in image.predicted.values()) for image in result.images)
    return f" ({wrong} misclassified)" if wrong else ""
