"""The notes and warnings that a reader needs to judge the figures of a study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from saliencynoise.display.numbers import counted, format_number
from saliencynoise.display.population import UNITS
from saliencynoise.engine.config import REFERENCE
from saliencynoise.interfaces.specs import CENTRED, REASONS
from saliencynoise.records.numbers import FALSE_DISCOVERY_RATE

if TYPE_CHECKING:
    from saliencynoise.records.cell import Cell
    from saliencynoise.records.study import ArchitectureResult, MemberResult, StudyRecord

SEVERAL = 0.1
"""Share of images with several modes above which a study warns; a test is positive on some images by chance."""

FLAGS = 3
"""Flagged members that are named with their reason."""

SKEWED = 0.4
"""Skewness of the noise above which a study warns. Symmetric noise is below, exponential noise has 0.6 (8 members)."""


def warnings(result: StudyRecord) -> list[str]:
    """Return the notes and warnings that a reader needs to judge the figures."""
    lines = [f"note: {note}" for note in result.dataset.notes]
    for architecture in result.architectures:
        lines += _flagged(result, architecture)
        lines += _origins(architecture)
        if architecture.adaptations:
            lines.append(f"adapted: {architecture.label}: {'; '.join(architecture.adaptations)}")
    members = result.settings.members
    starts = _few_starts(result)
    if starts:
        lines += starts
    elif members == 2:
        more = "--members 8 gives intervals" if result.sampler is not None else "three or more give intervals"
        lines.append(f"2 members: figures without intervals, and the SNR's floor is infinite; {more}")
    elif members < 8:
        more = "--members 8 or more makes" if result.sampler is not None else "8 or more members make"
        lines.append(f"{members} members: intervals are indicative; {more} them reliable")
    cells = result.cells
    lines += [*rounded(result), *_dependent(result), *_without_null(cells), *_untrained(cells)]
    return [*lines, *_modes(cells), *_skewed(cells), *_denormal(cells), *_failures(cells)]


def _few_starts(result: StudyRecord) -> list[str]:
    """Return a line for each architecture of a nested design with few starts."""
    lines = []
    for architecture in result.architectures:
        population = architecture.population
        if population.clusters is None or population.kind != "several_starts":
            continue
        count, unit = len(population.starts), UNITS[population.unit][1]
        named = f"{count} {unit}s of {architecture.label}"
        if count == 2:
            lines.append(f"{named}: figures without intervals; a third {unit} gives intervals")
        elif count < 8:
            lines.append(f"{named}: intervals are indicative; 8 or more {unit}s make them reliable")
    return lines


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
    """Return a line for each note about members that were read from files, or tuned from a start."""
    files: dict[str, list[str]] = {}
    for member in architecture.members:
        if member.note:
            files.setdefault(member.note, []).append(member.source or f"member {member.index}")
    names = {
        note: f"{', '.join(members[:3])}{f' and {len(members) - 3} more' if len(members) > 3 else ''}"
        for note, members in files.items()
    }
    what = f"{architecture.label} from" if any(member.source for member in architecture.members) else architecture.label
    return [f"note: {what} {names[note]}: {note}" for note in files]


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
    members, sampler = result.settings.members, result.sampler
    if sampler is None or sampler.runs >= members or any(map(_has_starts, result.architectures)):
        return []
    runs = sampler.runs
    origin = f"{members} members of {sampler.label} from {counted(runs, 'training run')}"
    line = (
        f"dependent: {origin}: r, its interval and the networks for 0.9 are for more members of that kind. They agree "
        "more than retrained networks, because they share a run; 'saliencynoise frontier' compares both"
    )
    return [line]


def _has_starts(architecture: ArchitectureResult) -> bool:
    """Whether members share some of several starts, so that r is already that of different ones."""
    return architecture.population.kind == "several_starts"


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
        f"digits lost: {method} on {architecture}: maps of {counted(images, 'image')} are below 1.2e-38 in float32 "
        "(6.1e-5 in float16), where they have fewer digits, and their figures are inexact; multiply the "
        "method's values by a constant"
        for (method, architecture), images in denormal.items()
    ]


def _flagged(result: StudyRecord, architecture: ArchitectureResult) -> list[str]:
    """Return one line for all flagged members of an architecture; the first few have their reason."""
    flagged = [member for member in architecture.members if member.flag]
    if not flagged:
        return []
    reasons = [f"member {member.index}: {member.flag}" for member in flagged[:FLAGS]]
    left = [str(member.index) for member in flagged[FLAGS:]]
    reasons += [f"also member{'' if len(left) == 1 else 's'} {', '.join(left)}"] if left else []
    return [f"flagged: {architecture.label}: {'; '.join(reasons)}. {_remedy(result, architecture, flagged[0])}"]


def _remedy(result: StudyRecord, architecture: ArchitectureResult, member: MemberResult) -> str:
    """Return the likely cause of members' flags, which depends on the source of a member."""
    sampler = result.sampler
    if member.source:
        altered = (
            "; the network is adapted to small images, which changes what weights trained without saliencynoise "
            "compute: leave adapt=true out"
            if architecture.adaptations
            else ""
        )
        return (
            f"Files such as {member.source} may not match this input: check --normalization, --image-size and the "
            f"class order{altered}"
        )
    if sampler is None:
        return "Leave out what failed"
    if sampler.at_chance:
        return f"As expected: {sampler.at_chance}"
    if not sampler.trains:
        return f"The sampler {sampler.label} trains no network"
    milder = "" if sampler.name == REFERENCE else f", or other parameters of the sampler {sampler.label},"
    return f"A network that did not learn looks like noise: more --epochs or a lower learning_rate{milder} may help"


def _failures(cells: Sequence[Cell]) -> list[str]:
    """Return a line for each reason of failure, with the methods that failed for it."""
    methods: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        if cell.status == "failed":
            names = methods.setdefault((cell.architecture, str(cell.reason)), [])
            names += [] if cell.method in names else [cell.method]
    return [f"failed: {', '.join(names)} on {arch}: {reason}" for (arch, reason), names in methods.items()]
