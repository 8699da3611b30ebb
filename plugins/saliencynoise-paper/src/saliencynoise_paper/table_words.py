"""The notes of the table panel, and the sentences that the terminal prints too."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from saliencynoise.display.numbers import counted, format_number, p_text
from saliencynoise_paper.statistics.paper_table import FEWER, MEMBERS, PUBLISHED, SHAP, STARS, TOP
from saliencynoise_paper.table_records import COMMON_GRID, FEWER_NETWORKS, OWN_DRAWS, OWN_GRID, SHARED_DRAWS

if TYPE_CHECKING:
    from saliencynoise.records.common import Ends
    from saliencynoise_paper.table_records import BestDefinition, ClaimVerdict, TableFacts, TemplateShares

NAMED = 4
"""Maximum number of rivals of the best definition that a sentence names; the facts hold all of them."""


def notes(facts: TableFacts, provenance: str) -> list[str]:
    """Return the notes below the panel's caption, as Markdown: columns, definitions, answers in words, provenance."""
    return [
        _columns_and_rows(facts),
        _DEFINITIONS,
        f"**Answer.** {' '.join(answers(facts))}",
        f"**Order.** {' '.join(orderings(facts))}",
        *_paragraph("Draws", draws(facts)),
        *_paragraph("Stars", stars(facts)),
        f"**Resolution and template.** {' '.join(confounds(facts))}",
        *_paragraph("Caveats", list(_caveats(facts))),
        provenance,
    ]


_DEFINITIONS = (
    "**Definitions.** m and s: mean and standard deviation over members of a pixel's value. *pixel*: mean over pixels "
    "of |m|/s (pixels with m = s = 0 left out). *rms*: sqrt(sum m² / sum s²). *power*: sum m² / sum s². Each is "
    "averaged over images, for raw maps (*raw*) or with each member's map divided by its norm (*unit*), in the view "
    "*signed*, *relu* or *abs*. *Corrected*: r = c/(1-c), with c the mean cosine between members' maps; *amplitude*: "
    "its signed root. Methods with random numbers have two rows. *Own draws*: each network has random numbers of its "
    "own, as in a plain script; a, c and d use these. *Shared draws*: all networks have the same random numbers, and "
    "their error counts as signal, in r too. *N networks*: starred rows with N networks, the mean over groups of N "
    "members. Maps keep their channels on their own grid. The *common* grid is the coarsest of an architecture's "
    "methods; there, signed maps are summed over channels and averaged over areas. Intervals (95%) are for new members "
    "and new images: a member is left out of all cells of its architecture at once, and images are resampled for all "
    "cells of a data set at once. Published cells have no errors. Orderings: r, paired over members and images, the "
    "largest p over pairs and columns (intersection-union), then Holm over the claims."
)


def answers(facts: TableFacts) -> list[str]:
    """Return sentences that name the definition that fits the published cells best, by each measure."""
    best = facts.best.log_error
    if best is None:
        return ["No definition is above 0 in every cell, so none can be compared with the table."]
    fit = facts.fit(best)
    rank = fit.rank_correlation
    nearest = (
        f"Over {facts.cells} cells, {best.words} is nearest to the published numbers: it is off by a factor of "
        f"{_factor(fit.log_error.value, fit.log_error.interval)} on average, and by "
        f"{format_number(2**fit.spread.value)} without the best common factor, {format_number(fit.factor)}; rank "
        f"correlation {format_number(rank.value)}{_ends(rank.interval)}."
    )
    return [nearest, _rivals(best), _other_measures(facts, best)]


def _rivals(best: BestDefinition) -> str:
    rivals = best.not_distinguished
    if rivals is None:
        return "Whether others fit as well cannot be tested with fewer than 3 members."
    if not rivals:
        return "Every other uncorrected definition fits significantly worse (Holm)."
    more = f"; and {len(rivals) - NAMED} more" if len(rivals) > NAMED else ""
    return f"Not shown to fit worse (Holm): {'; '.join(rivals[:NAMED])}{more}."


def _other_measures(facts: TableFacts, best: BestDefinition) -> str:
    """Return a sentence on the best definitions by the two other measures."""
    spread, rank = facts.best.spread, facts.best.rank_correlation
    winners = []
    if spread is not None:
        winners.append(("up to a common factor", spread, facts.fit(spread).spread))
    if rank is not None:
        winners.append(("by rank correlation", rank, facts.fit(rank).rank_correlation))
    others = [
        f"Best {measure}: {winner.words} ({format_number(fit.value)})."
        for measure, winner, fit in winners
        if winner.words != best.words
    ]
    if others or not winners:
        return " ".join(others)
    return f"The same is best {' and '.join(measure for measure, *_ in winners)}."


def _ends(interval: Ends | None) -> str:
    """Return an interval in brackets; nothing where there is none."""
    return "" if interval is None else f" [{format_number(interval.low)}, {format_number(interval.high)}]"


def _factor(error: float, interval: Ends | None) -> str:
    """Return an error in octaves as a factor, with its interval."""
    ends = "" if interval is None else f" [{format_number(2**interval.low)}, {format_number(2**interval.high)}]"
    return f"{format_number(2**error)}{ends}"


def orderings(facts: TableFacts) -> list[str]:
    """Return sentences with the number of columns in which each ordering of the table holds."""
    sentences = []
    for grid, place in ((OWN_GRID, "On their own grids"), (COMMON_GRID, "On the common grid")):
        verdicts = "; ".join(_ordering(verdict) for verdict in facts.verdicts(grid=grid))
        sentences.append(f"{place}: {verdicts}.")
    published = all(column.published for verdict in facts.orderings for column in verdict.columns)
    return [*(["All of these hold in every published column shown."] if published else []), *sentences]


def _ordering(verdict: ClaimVerdict) -> str:
    p = f", p = {p_text(verdict.p_holm)}".replace("= <", "< ") if verdict.measured else ""
    return f"{verdict.claim} in {verdict.columns_by_r} of {len(verdict.columns)}{p}"


def draws(facts: TableFacts) -> list[str]:
    """Return sentences on the effect of shared draws on r, on the lowest row and on the search."""
    if not facts.draws:
        return []
    return [*_shared_ratios(facts), _lowest_row(facts), *_search_by(facts, SHARED_DRAWS, "In shared draws")]


def _shared_ratios(facts: TableFacts) -> list[str]:
    by_method: dict[str, list[float]] = {}
    for row in facts.draws:
        if not math.isnan(row.ratio):
            by_method.setdefault(row.method, []).append(row.ratio)
    factors = ", ".join(f"{method} {format_number(_median(ratios))}" for method, ratios in by_method.items())
    if not factors:
        return []
    return [f"In draws that all networks share, r is that of own draws times: {factors} (median of columns)."]


def _lowest_row(facts: TableFacts) -> str:
    by_own, by_shared = (
        next(verdict for verdict in facts.verdicts(reading) if verdict.claim == f"{SHAP} lowest")
        for reading in (OWN_DRAWS, SHARED_DRAWS)
    )
    sentence = (
        f"{SHAP} is the lowest row by r in {by_own.columns_by_r} of {len(facts.columns)} columns in own draws, and in "
        f"{by_shared.columns_by_r} in shared ones; by the best definition in {by_own.columns_by_best} and "
        f"{by_shared.columns_by_best}."
    )
    ratios = ", ".join(
        f"{format_number(row.ratio)}{_ends(row.interval)} ({row.column}, {row.other})"
        for row in facts.lowest
        if row.reading == OWN_DRAWS and row.interval is not None
    )
    return f"{sentence} In own draws its r is that of the lowest other row times {ratios}." if ratios else sentence


def stars(facts: TableFacts) -> list[str]:
    """Return sentences on the effect of fewer networks in the starred rows on their figures and order."""
    if not facts.starred:
        return []
    return [
        _rise(facts),
        _changed_orders(facts),
        *_exchanged(facts),
        *_search_by(facts, FEWER_NETWORKS, "With these figures"),
    ]


def _rise(facts: TableFacts) -> str:
    first = facts.starred[0]
    ratios = [cell.value_fewer / cell.value for cell in facts.starred]
    expected = [cell.expected_fewer / cell.value for cell in facts.starred if cell.expected_fewer > 0]
    from_floor = f"; signal and floor alone predict {format_number(_median(expected))}" if expected else ""
    methods = ", ".join(dict.fromkeys(cell.method for cell in facts.starred))
    return (
        f"With {first.fewer} networks in place of {first.networks} the starred rows ({methods}) change by a factor of "
        f"{format_number(_median(ratios))} (median) by the best definition, whose floor rises from "
        f"{format_number(first.floor)} to {format_number(first.floor_fewer)}{from_floor}."
    )


def _changed_orders(facts: TableFacts) -> str:
    verdicts = zip(facts.verdicts(FEWER_NETWORKS), facts.verdicts(), strict=True)
    changes = [
        f"{fewer.claim} in {fewer.columns_by_best} instead of {every.columns_by_best}"
        for fewer, every in verdicts
        if fewer.columns_by_best != every.columns_by_best
    ]
    if not changes:
        return f"By this definition, no ordering changes in the {counted(len(facts.columns), 'column')}."
    return f"By this definition, orderings hold in other numbers of columns: {'; '.join(changes)}."


def _exchanged(facts: TableFacts) -> Iterator[str]:
    pairs = _pairs(len(facts.columns))
    yield f"{len(facts.exchanges)} of {pairs} pairs of a starred and another row change their order."
    if facts.published_exchanges:
        yield (
            f"With {FEWER} networks behind the published starred cells in place of {MEMBERS}, the floor alone would "
            f"explain the order of {len(facts.published_exchanges)} of {_pairs(6)} published pairs."
        )


def _search_by(facts: TableFacts, reading: str, condition: str) -> list[str]:
    """Return a sentence that names the best definition by another reading."""
    best = facts.best_by_reading[reading].log_error
    if best is None:
        return []
    error = facts.fit(best, reading).log_error
    factor = _factor(error.value, error.interval)
    return [f"{condition}, {best.words} is nearest to the published numbers: off by a factor of {factor}."]


def _pairs(columns: int) -> int:
    return columns * len(STARS) * (len(PUBLISHED) - len(STARS))


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _paragraph(title: str, sentences: Sequence[str]) -> list[str]:
    return [f"**{title}.** {' '.join(sentences)}"] if sentences else []


def confounds(facts: TableFacts) -> list[str]:
    """Return sentences on the effect of the common grid on r, and on the template in GradCAM's signal."""
    sentences = _pooled(facts)
    sentences += [
        f"{TOP} in {row.column}: {row.share:.0%} of its signal is one template, the same for all classes,"
        f"{_of_class(row)}; r of what is left for the image is {format_number(row.snr_specific)}."
        for row in facts.template
        if row.method == TOP and not math.isnan(row.share)
    ]
    return sentences or ["No maps are finer than the common grid, and no template was computed."]


def _pooled(facts: TableFacts) -> list[str]:
    finer = [cell for cell in facts.resolution if cell.own_grid != cell.common_grid and not math.isnan(cell.ratio)]
    if not finer:
        return []
    largest = max(finer, key=lambda cell: cell.ratio)
    median = format_number(_median([cell.ratio for cell in finer]))
    sentence = (
        f"Pooled to the common grid, r changes by a factor of {median} "
        f"(median of {counted(len(finer), 'cell')} with finer maps), most for {largest.method} in {largest.column}: "
        f"{format_number(largest.r_own)} to {format_number(largest.r_common)}."
    )
    return [sentence]


def _of_class(row: TemplateShares) -> str:
    if math.isnan(row.share_class):
        return " and the images cannot show which part belongs to a class"
    return f" {row.share_class:.0%} belongs to the class"


def _columns_and_rows(facts: TableFacts) -> str:
    columns = ", ".join(
        f"{column.name} by {column.studied_architecture} on {column.studied_dataset} ({column.members} members, "
        f"{column.images} images)"
        for column in facts.columns
    )
    rows = ", ".join(f"{row} by {method}" for row, method in facts.methods.items())
    return f"**Columns and rows.** Columns: {columns}. Rows: {rows}."


def _caveats(facts: TableFacts) -> Iterator[str]:
    best, members = facts.best.log_error, sorted({column.members for column in facts.columns})
    if best is not None and members != [MEMBERS]:
        *floors, published = [
            format_number(best.variant.floor(members=count, effective_pixels=math.inf)) for count in (*members, MEMBERS)
        ]
        yield (
            f"Uncorrected figures fall with the number of members: pure noise gives {', '.join(floors)} here, with "
            f"{' or '.join(map(str, members))} members, and {published} with the {MEMBERS} of the poster; low cells "
            "are higher for this reason."
        )
    for failure in facts.failed:
        yield f"Failed: {failure.method} in {failure.dataset} {failure.architecture}: {failure.reason}."
    if facts.note:
        yield f"Intervals are {facts.note}."
