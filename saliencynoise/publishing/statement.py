"""A paragraph of methods and one of results for a paper, what must be admitted, and a checklist.

Every number is from the study's record. Citations have the keys that `saliencynoise cite` prints.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from saliencynoise.display.numbers import counted, p_text, percent
from saliencynoise.display.population import population_sentences
from saliencynoise.interfaces import UsageError
from saliencynoise.interfaces.suggestions import did_you_mean
from saliencynoise.publishing.citations import citations_of
from saliencynoise.publishing.columns import COLUMNS
from saliencynoise.publishing.latex import escape
from saliencynoise.publishing.table import INDICATIVE, brackets_of, images_of, label_of, recipe_of
from saliencynoise.report.warnings import warnings

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study
    from saliencynoise.records.cell import Cell
    from saliencynoise.records.study import StudyRecord

Format = Literal["markdown", "latex"]

DEFINITION = (
    "We report the corrected signal-to-noise ratio, SNR = c/(1 - c)⟦woerl2023initialization,saliencynoise⟧: c is the "
    "mean cosine similarity between the maps of two networks, each at unit norm, over images. Pure noise gives 0. The "
    "reliability of an average of n maps is n SNR/(1 + n SNR): the correlation to be expected between two such "
    "averages."
)

PIXELS = (
    "Significant pixels are the values of the mean map that exceed noise in a moderated t-test over networks, at 5% "
    "false discoveries."
)

NOT_RIGHT = (
    "A reliable map need not be right: reliability says that other networks of this kind would give the same map, and "
    "nothing about what the networks use."
)

_SAID = r"flagged:|failed:|note:|adapted:|\d+ members:"
"""How the warnings begin that `_admissions` words itself, or that are notes."""

NO_SIGNAL = 0.05
"""p-value above which no signal is shown."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What a paper says about a study.

    Attributes:
        methods: a paragraph.
        results: a paragraph.
        admissions: what must be said beside the results.
        checklist: what is done (True), not done (False), or for the author to judge (None), each in words.
    """

    methods: str
    results: str
    admissions: tuple[str, ...]
    checklist: tuple[tuple[bool | None, str], ...]


def statement_text(study: Study, kind: str = "markdown") -> str:
    """Return a study's statement as text.

    Args:
        study: the study.
        kind: "markdown", with citations as pandoc reads them, or "latex".

    Raises:
        UsageError: the format is unknown, or nothing was computed.
    """
    if kind not in FORMATS:
        hint = did_you_mean(kind, FORMATS, otherwise=f"choose of {', '.join(FORMATS)}")
        raise UsageError(f"the format '{kind}' is unknown; {hint}")
    return FORMATS[kind](statement(study))


def statement(study: Study) -> Statement:
    """Return what a paper says about a study.

    Raises:
        UsageError: nothing was computed.
    """
    result = study.result
    done = [cell for cell in result.cells if cell.status == "ok"]
    if not done:
        raise UsageError(f"{study.folder} has no computed figures to report; its methods failed")
    return Statement(
        methods=" ".join(_methods(result, done)),
        results=" ".join(_results(done)),
        admissions=(*population_sentences(result), *_admissions(result), NOT_RIGHT),
        checklist=tuple(_checklist(result, done)),
    )


def _methods(result: StudyRecord, done: Sequence[Cell]) -> Iterator[str]:
    keys = citations_of(result).keys
    names = _unique(cell.method for cell in done)
    architectures = _listed([_cited(name, keys.get(f"architecture {name}")) for name in _unique(_architectures(done))])
    yield f"We measured how much of a saliency map is initialisation noise, for {architectures}."
    yield from population_sentences(result)
    recipe = recipe_of(result)
    yield from [f"{recipe}."] if recipe else []
    yield from _accuracies(done)
    methods = _listed([_cited(name, keys.get(f"method {name}")) for name in names])
    yield f"We computed maps of {images_of(result)}, with {methods}."
    drawn = {cell.draws for cell in done if cell.draws > 1}
    if drawn:
        yield f"Stochastic methods had {max(drawn)} draws for each network."
    yield DEFINITION
    brackets = brackets_of(result)
    yield f"Brackets are {brackets}." if brackets else "There are too few networks for intervals."
    rectified = _unique(cell.view for cell in done if cell.view in {"relu", "abs"})
    if rectified:
        yield f"In the view {' and '.join(rectified)} pure noise has an SNR above 0."
    if any(cell.known_details.pixels is not None for cell in done):
        yield PIXELS
    version = result.versions.get("saliencynoise")
    program = f"saliencynoise {version}" if version else "saliencynoise"
    yield (
        f"Computed with {program} and torch {result.versions['torch']} on {result.hardware.device}, seed "
        f"{result.settings.seed}."
    )


def _admissions(result: StudyRecord) -> Iterator[str]:
    """Yield few members, flags and failures in the words of a paper, then the other warnings of the study."""
    members = result.settings.members
    if members < INDICATIVE:
        yield f"{members} networks are few: intervals are indicative, or missing."
    for architecture in result.architectures:
        for member in architecture.members:
            if member.flag:
                yield f"Network {member.index} of {architecture.label} is flagged: {member.flag}."
    failures = {(cell.method, cell.architecture): cell.reason for cell in result.cells if cell.status == "failed"}
    for (method, architecture_name), reason in failures.items():
        yield f"{method} on {architecture_name} was not computed: {reason}."
    yield from (line for line in warnings(result) if not re.match(_SAID, line))


def _accuracies(done: Sequence[Cell]) -> Iterator[str]:
    for name in _unique(_architectures(done)):
        accuracy = next(cell.accuracy for cell in done if cell.architecture == name)
        if accuracy.median is not None and accuracy.min is not None and accuracy.max is not None:
            ends = f"{accuracy.min:.1%} to {accuracy.max:.1%}"
            yield f"The median test accuracy of {name} is {accuracy.median:.1%} ({ends})."


def _results(done: Sequence[Cell]) -> Iterator[str]:
    several = len(_unique(_architectures(done))) > 1
    for cell in sorted(done, key=_order):
        where = f" on {cell.architecture}" if several else ""
        snr, needed = COLUMNS["snr"].text(cell), cell.known_figures.members_needed
        one = COLUMNS["reliability"].text(cell)
        networks = {
            "undetermined": "the number of networks for a reliability of 0.9 is undetermined",
            "1": "one network is enough for a reliability of 0.9",
        }.get(needed.text, f"{needed.text} networks are needed for a reliability of 0.9")
        parts = [f"{label_of(cell)}{where} has an SNR of {snr}", f"one map has a reliability of {one}", networks]
        pixels, p = cell.known_details.pixels, cell.known_figures.signal_p
        if pixels is not None:
            parts.append(f"{percent(pixels.share)} of the pixels are significant")
        if p is not None and p >= NO_SIGNAL:
            parts.append(f"no signal is shown (p = {p_text(p)})")
        yield f"{'; '.join(parts)}."


def _order(cell: Cell) -> tuple[bool, float]:
    """Sort by SNR, the highest first, and the undefined last."""
    snr = cell.known_figures.estimates.snr.value
    return (True, 0.0) if snr != snr else (False, -snr)  # noqa: PLR0124 - NaN


def _checklist(result: StudyRecord, done: Sequence[Cell]) -> Iterator[tuple[bool | None, str]]:
    members = result.settings.members
    networks = [member for architecture in result.architectures for member in architecture.members]
    flagged = sum(bool(member.flag) for member in networks)
    failed = _unique(cell.method for cell in result.cells if cell.status == "failed")
    without = _unique(label_of(cell) for cell in done if cell.known_figures.estimates.snr.interval is None)
    unknown = [architecture.label for architecture in result.architectures if architecture.population.kind == "unknown"]
    signless = [cell for cell in done if cell.sign != "signed" and cell.view == "signed"]
    yield not unknown, "The population is stated: for which networks the figures hold."
    yield members >= INDICATIVE, f"There are {INDICATIVE} or more networks (here {members})."
    yield not without, f"Every SNR has an interval, and its kind is said{_but(without)}."
    yield not flagged, f"Every network has learned{_but([counted(flagged, 'flagged network')] if flagged else [])}."
    yield not failed, f"Every method was computed{_but(failed)}."
    lacking = _unique(cell.method for cell in signless if cell.untrained is None)
    yield (
        not lacking,
        f"Methods whose maps have one sign, or lean to one, are compared with untrained networks{_but(lacking)}.",
    )
    yield None, "Images, methods and target were chosen before the maps were seen."
    yield None, "The text does not say that a reliable map is right."
    yield None, "The folder of the run is archived: settings, seeds, versions, Gram matrices."
    yield None, "The program, the paper and each method are cited: saliencynoise cite RUN."


def _but(names: Sequence[str]) -> str:
    return f" (not so: {', '.join(names)})" if names else ""


def _architectures(done: Sequence[Cell]) -> Iterator[str]:
    yield from (cell.architecture for cell in done)


def _unique(names: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _cited(name: str, keys: Sequence[str] | None) -> str:
    return f"{name}⟦{','.join(keys)}⟧" if keys else name


def _listed(names: Sequence[str]) -> str:
    """Return names as a list in a sentence.

    >>> _listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def markdown_statement(text: Statement) -> str:
    """Return the statement as Markdown, with the keys of citations as pandoc reads them."""
    marks = {True: "[x]", False: "[ ]", None: "[ ] (you)"}
    parts = [
        "## Methods",
        text.methods,
        "## Results",
        text.results,
        "## What must be admitted",
        "\n".join(f"- {line}" for line in text.admissions),
        "## Checklist",
        "\n".join(f"- {marks[is_done]} {line}" for is_done, line in text.checklist),
    ]
    return re.sub(_CITATION, _pandoc, "\n\n".join(parts)) + "\n"


def latex_statement(text: Statement) -> str:
    """Return the statement as LaTeX: paragraphs and a list; the checklist is a comment."""
    marks = {True: "[x]", False: "[ ]", None: "[ ] (you)"}
    lines = [
        r"\paragraph{Methods}",
        escape(text.methods),
        r"\paragraph{Results}",
        escape(text.results),
        r"\paragraph{Limitations}",
        r"\begin{itemize}",
        *(f"  \\item {{}}{escape(line)}" for line in text.admissions),
        r"\end{itemize}",
        "% Checklist",
        *(f"% {marks[is_done]} {' '.join(line.split())}" for is_done, line in text.checklist),
    ]
    return re.sub(_CITATION, r"~\\cite{\1}", "\n".join(lines)) + "\n"


_CITATION = r"⟦([\w,]+)⟧"


def _pandoc(match: re.Match[str]) -> str:
    return f" [{'; '.join(f'@{key}' for key in match[1].split(','))}]"


FORMATS: Mapping[str, Callable[[Statement], str]] = MappingProxyType(
    {"markdown": markdown_statement, "latex": latex_statement}
)
