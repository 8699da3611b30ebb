"""The results of a study in plain sentences, for readers who do not know signal-to-noise ratios."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.display.numbers import counted, format_number, p_text
from saliencynoise.display.population import population_sentences
from saliencynoise.interfaces.specs import CENTRED
from saliencynoise.report.html.names import CellNames
from saliencynoise.statistics.reliability import reliability_at

if TYPE_CHECKING:
    from saliencynoise.records.cell import Cell, Estimate
    from saliencynoise.records.common import Interval
    from saliencynoise.records.study import StudyRecord

MOST_SENTENCES = 3
"""Up to this number, each method has a sentence; of more methods, the best, the middle and the worst have one."""
MOST_BARS = 16
CHANCE = 0.05
"""Above this p, agreement between networks may be chance."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar of the first screen: a method on an architecture.

    Attributes:
        method: its name in plain language.
        architecture: its label; empty where there is only one.
        one: reliability of a single network's map, 0 to 1.
        all: that of the average over all members.
        needed: text with the number of networks for the target reliability.
        lacks_signal: whether no agreement was shown.
    """

    method: str
    architecture: str
    one: float
    all: float
    needed: str
    lacks_signal: bool


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The first screen: sentences, their cautions, and a bar for each method."""

    sentences: Sequence[str]
    cautions: Sequence[str]
    bars: Sequence[Bar]
    members: int


def summary_of(result: StudyRecord) -> Summary:
    """Return the first screen of a study."""
    measured = sorted(measured_cells(result), key=lambda cell: -_snr(cell).value)
    names = CellNames(result)
    bars = [_bar(cell, names) for cell in measured]
    centred = {(cell.architecture, cell.method): cell for cell in _done(result) if cell.view == CENTRED}
    return Summary(
        sentences=list(_sentences(measured, names, centred)) or [_no_reliability(result)],
        cautions=list(_cautions(result, measured, names)),
        bars=bars if len(bars) <= MOST_BARS else [],
        members=result.settings.members,
    )


def finding(result: StudyRecord) -> str:
    """Return the finding of a study in one sentence: which methods need one network, and how many the others need.

    It is empty where no method has a determined number.
    """
    names = CellNames(result)
    measured = sorted(measured_cells(result), key=lambda cell: -_snr(cell).value)
    clear = [cell for cell in measured if not lacks_signal(cell) and not members_undetermined(cell)]
    enough = [names.subject(cell) for cell in clear if cell.known_figures.members_needed.value == 1]
    more = [cell for cell in clear if cell.known_figures.members_needed.value != 1]
    clauses = [f"one network is enough for {_some(enough)}"] if enough else []
    if more:
        needs = [f"{cell.known_figures.members_needed.text} for {names.subject(cell)}" for cell in more]
        ends = f"between {needs[0]} and {needs[-1]}, and for {len(more) - 2} other methods a number between them"
        clauses.append(f"average {_some(needs) if len(needs) <= MOST_SENTENCES else ends}")
    missing = [names.subject(cell) for cell in measured if lacks_signal(cell)]
    clauses += [f"no agreement is shown for {_some(missing)}"] if missing else []
    text = "; ".join(clauses)
    return f"For a reliability of 0.9 {text}." if clear else f"{text[:1].upper()}{text[1:]}." if text else ""


def _some(names: Sequence[str]) -> str:
    """Return names as a list, cut to its first three."""
    shown = list(names[:MOST_SENTENCES])
    if len(names) > MOST_SENTENCES:
        shown = [*names[: MOST_SENTENCES - 1], f"{len(names) - MOST_SENTENCES + 1} other methods"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def reliability(snr: float, members: float) -> float:
    """Return n r / (1 + n r), the expected correlation of two averages of n members; 0 where r is not above 0.

    >>> reliability(0.5, 18), reliability(-0.1, 8), reliability(float("inf"), 1)
    (0.9, 0.0, 1.0)
    """
    return reliability_at(snr, members) if snr > 0 else 0.0


def lacks_signal(cell: Cell) -> bool:
    """Return whether no agreement between networks was shown: r is not above zero, or p is not small.

    It is not shown, either, where untrained networks agree as much.

    The interval of r decides where there is no test, or too few members for a p of 0.05.
    """
    if cell.untrained is not None and cell.untrained.above is False:
        return True
    snr, p = _snr(cell), cell.known_figures.signal_p
    low = snr.interval.low if snr.interval is not None else math.inf
    tested = p is not None and 0.5 ** (cell.members - 1) <= CHANCE
    return not snr.value > 0 or (p is not None and p > CHANCE if tested else low <= 0)


def members_undetermined(cell: Cell) -> bool:
    """Return whether networks agree, but r and the number of networks needed are undetermined."""
    needed = cell.known_figures.members_needed
    return not lacks_signal(cell) and (needed.value is None or needed.text == "undetermined")


def measured_cells(result: StudyRecord) -> Iterator[Cell]:
    """Yield, for each architecture and method, the first cell that has an r and a view in which pure noise has none."""
    pairs = set()
    for cell in _done(result):
        key = cell.architecture, cell.method
        if key not in pairs and not math.isnan(_snr(cell).value) and noise_free(cell):
            pairs.add(key)
            yield cell


def _done(result: StudyRecord) -> list[Cell]:
    return [cell for cell in result.cells if cell.figures is not None]


def noise_free(cell: Cell) -> bool:
    """Return whether pure noise has an r of 0 in the cell's view. Positive maps agree by their sign alone."""
    return _snr(cell).floor == 0


def _snr(cell: Cell) -> Estimate:
    return cell.known_figures.estimates.snr


def _bar(cell: Cell, names: CellNames) -> Bar:
    figures = cell.known_figures
    snr = figures.estimates.snr_averaged.value
    return Bar(
        method=names.method(cell) + (", centred" if cell.view == CENTRED else ""),
        architecture=cell.architecture if names.several else "",
        one=reliability(snr, 1),
        all=reliability(snr, cell.worth),
        needed=figures.members_needed.text,
        lacks_signal=lacks_signal(cell),
    )


def _sentences(
    measured: Sequence[Cell], names: CellNames, centred: Mapping[tuple[str, str], Cell]
) -> Iterator[str]:  # fmt: skip
    def whole(cell: Cell) -> str:
        centred_cell = centred.get((cell.architecture, cell.method))
        return sentence(cell, names.subject(cell)) + _centred_sentence(cell, centred_cell)

    if not measured:
        return
    if len(measured) <= MOST_SENTENCES:
        yield from map(whole, measured)
        return
    yield _overview(measured, several=names.several)
    clear = [cell for cell in measured if not lacks_signal(cell) and not members_undetermined(cell)]
    if len(clear) < MOST_SENTENCES:
        yield from map(whole, clear)
        return
    ranks = {"Most reliable": 0, "In the middle": len(clear) // 2, "Least reliable": -1}
    yield from (f"{rank}: {whole(clear[index])}" for rank, index in ranks.items())


def _centred_sentence(cell: Cell, centred: Cell | None) -> str:
    """Return a sentence with the r of a cell's maps minus their means; it is empty for cells of the centred view."""
    if centred is None or cell.view == CENTRED:
        return ""
    caution = ", and no agreement is shown" if lacks_signal(centred) else ""
    whole_map_snr = format_number(_snr(cell).value)
    return f" Minus its own mean, each map has an r of {_r(centred)} instead of {whole_map_snr}{caution}."


def _r(cell: Cell) -> str:
    """Return r of a cell with its interval."""
    snr = _snr(cell)
    return f"{format_number(snr.value)}{_range(snr.interval, None)}"


def _no_reliability(result: StudyRecord) -> str:
    if any(not math.isnan(_snr(cell).value) for cell in _done(result)):
        return "The reliability of these maps is undetermined; the table has their r."
    return "No figure could be computed; the reasons are listed under Failures."


def _overview(measured: Sequence[Cell], *, several: bool) -> str:
    """Return sentences that count the methods by the number of networks they need."""
    methods = f"{len(measured)} {'pairs of architecture and method' if several else 'methods'}"
    no_signal, unclear = sum(map(lacks_signal, measured)), sum(map(members_undetermined, measured))
    others = f" For {unclear}, this number is undetermined." if unclear else ""
    others += f" For {no_signal}, no agreement between networks was shown." if no_signal else ""
    clear = [cell for cell in measured if not lacks_signal(cell) and not members_undetermined(cell)]
    if not clear:
        return f"The reliability of the maps is undetermined for all {methods}.{others}"
    needed = sorted(cell.known_figures.members_needed.value or 0 for cell in clear)
    at_once, later = needed.count(1), [count for count in needed if count > 1]
    aim = f"a reliability of {clear[0].known_figures.members_needed.reliability:g}"
    begin = f"{at_once or 'None'} of {methods} {'has' if at_once < 2 else 'have'} {aim} from a single network."
    if not later:
        return f"{begin}{others}"
    spread = str(later[0]) if later[0] == later[-1] else f"{later[0]} to {later[-1]}"
    return f"{begin} For {len(later)}, the maps of {spread} networks must be averaged.{others}"


def sentence(cell: Cell, name: str) -> str:
    """Return a sentence on the effect of averaging for a method.

    Args:
        cell: a cell that was computed.
        name: of the cell in the sentence.
    """
    if lacks_signal(cell):
        return _no_agreement(cell, name)
    if members_undetermined(cell):
        number = "the number of networks to average is undetermined"
        return f"Networks agree on the maps of {name} (r {_r(cell)}), but {number}."
    needed, snr = cell.known_figures.members_needed, cell.known_figures.estimates.snr_averaged
    single_reliability = f"{format_number(reliability(snr.value, 1))}{_range(snr.interval, 1)}"
    worth = cell.worth
    with_draws = ", each with draws of its own," if cell.draws > 1 else ""
    average = f"the average of all {cell.members}{with_draws} has {format_number(reliability(snr.value, worth))}"
    if needed.value == 1:
        return f"A single network gives {name} a reliability of {single_reliability}; {average}."
    single = f"A single network's map has {single_reliability}; {average}."
    if needed.low is not None and needed.high is None:
        return (
            f"At least {needed.low} networks must be averaged to give {name} a reliability of {needed.reliability:g}; "
            f"the largest number is undetermined. {single}"
        )
    return f"Averaging {needed.text} networks gives {name} a reliability of {needed.reliability:g}. {single}"


def _no_agreement(cell: Cell, name: str) -> str:
    p, untrained = cell.known_figures.signal_p, cell.untrained
    test = "" if p is None else f", p {p_text(p)}"
    if untrained is not None and untrained.above is False:
        test += f"; untrained networks: {format_number(untrained.snr)}"
    statement = f"No agreement between networks is shown for the maps of {name} (r {_r(cell)}{test})"
    return f"{statement}: a map may be chance alone."


def _range(interval: Interval | None, members: int | None) -> str:
    if interval is None:
        return ""
    ends = (interval.low, interval.high)
    return f" [{', '.join(format_number(end if members is None else reliability(end, members)) for end in ends)}]"


def _cautions(result: StudyRecord, measured: Sequence[Cell], names: CellNames) -> Iterator[str]:
    """Yield the cautions that go with the sentences, the most serious first."""
    members, cells = result.settings.members, result.cells
    failed = sum(cell.status == "failed" for cell in cells)
    if failed:
        total = counted(len(cells), "figure")
        yield f"{failed} of {total} could not be computed; the reasons are listed under Failures."
    yield from _undescribed(result, measured, names)
    no_signal = [names.subject(cell) for cell in measured if lacks_signal(cell)]
    if no_signal:
        yield f"No agreement between networks was shown for {', '.join(no_signal)}: these maps may be chance alone."
    unclear = [names.subject(cell) for cell in measured if members_undetermined(cell)]
    if unclear:
        yield (
            f"The number of networks to average is undetermined for {', '.join(unclear)}: more networks or images "
            "would determine it."
        )
    yield from (sentence for sentence in population_sentences(result) if "not estimated" in sentence)
    several = any(architecture.population.kind == "several_starts" for architecture in result.architectures)
    if result.sampler is not None and result.sampler.runs < members and not several:
        yield (
            f"The {members} networks come from {counted(result.sampler.runs, 'training run')} and are not independent: "
            "retrained networks agree less than these."
        )
    flagged = sum(bool(member.flag) for architecture in result.architectures for member in architecture.members)
    if flagged:
        networks = counted(flagged, "network")
        yield f"{networks} may not have learned the task; all figures include them. See Notes and warnings."
    if members == 2:
        yield "Two networks give no intervals: every figure is a first estimate."
    elif members < 8:
        yield f"With {members} networks the intervals, in brackets, are rough."


def _undescribed(result: StudyRecord, measured: Sequence[Cell], names: CellNames) -> Iterator[str]:
    """Yield a caution on the methods of which pure noise has an r, too."""
    described = {(cell.architecture, cell.method) for cell in measured}
    undescribed = {
        names.subject(cell)
        for cell in _done(result)
        if not noise_free(cell) and (cell.architecture, cell.method) not in described
    }
    if undescribed:
        yield (
            f"The maps of {', '.join(sorted(undescribed))} are compared where uninformed networks agree, too (without "
            "sign, or by a method whose maps do not change their sign with the score). The table has their r, but no "
            "reliability."
        )
