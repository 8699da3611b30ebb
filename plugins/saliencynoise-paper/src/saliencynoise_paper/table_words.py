"""The table panel in words: the notes below its caption, and the sentences that the terminal prints, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from saliencynoise.display.numbers import counted, format_number, p_text
from saliencynoise.records.numbers import number
from saliencynoise_paper.statistics.paper_table import FEWER, MEMBERS, PUBLISHED, STARS
from saliencynoise_paper.statistics.variants import Variant

NAMED = 4
"""Maximum number of rivals of the best definition that a sentence names; the facts hold all of them."""


def notes(facts: Mapping[str, Any], provenance: str) -> list[str]:
    """Return the notes below the panel's caption, as Markdown: columns, definitions, answers in words, provenance."""
    return [
        _columns_and_rows(facts),
        _DEFINITIONS,
        f"**Answer.** {' '.join(answers(facts))}",
        f"**Order.** {' '.join(orderings(facts))}",
        *_paragraph("Draws", draws(facts)),
        *_paragraph("Stars", stars(facts)),
        f"**Resolution and template.** {' '.join(confounds(facts))}",
        *_caveats(facts),
        provenance,
    ]


_DEFINITIONS = (
    "**Definitions.** m and s: mean and standard deviation over members of a pixel's value. *pixel*: mean over pixels "
    "of |m|/s (pixels with m = s = 0 left out). *rms*: sqrt(sum m² / sum s²). *power*: sum m² / sum s². Each averaged "
    "over images, of raw maps (*raw*) or with each member's map divided by its norm (*unit*), in the view *signed*, "
    "*relu* or *abs*. *Corrected*: r = c/(1-c), c the mean cosine between members' maps; *amplitude*: its signed root. "
    "Methods with random numbers have two rows: *own draws*, each network with random numbers of its own, as a plain "
    "script has them, which a, c and d use; *shared draws*, all networks with the same, whose error counts as signal, "
    "in r, too. *N networks*: starred rows with N networks, as the mean over groups of them. Maps keep their channels "
    "on their own grid; on the *common* grid, the coarsest of an architecture's methods, signed maps are summed over "
    "channels and averaged over areas. Intervals (95%): new members and new images; a member is left out of all cells "
    "of its architecture at once, images are resampled for all cells of a data set at once. Published cells carry no "
    "errors. Orderings: r, paired over members and images, the largest p over pairs and columns (intersection-union), "
    "then Holm over the claims."
)


def answers(facts: Mapping[str, Any]) -> list[str]:
    """Return sentences that name the definition that fits the published cells best, by each measure."""
    best = facts["best"]["log_error"]
    if best is None:
        return ["No definition is above 0 in every cell, so none can be compared with the table."]
    agreement = _find(facts, best)
    error, spread, rank = agreement["log_error"], agreement["spread"], agreement["rank_correlation"]
    nearest = (
        f"Over {facts['cells']} cells, {best['words']} comes nearest the published numbers: it is off by a factor of "
        f"{format_number(2 ** error['value'])}{_ends(error['interval'], base=2)} on average, and by "
        f"{format_number(2 ** spread['value'])} once the best common factor, {format_number(agreement['factor'])}, "
        f"is taken out; "
        f"rank correlation {format_number(rank['value'])}"
        f"{_ends(rank['interval'])}."
    )
    return [nearest, _rivals(best), _other_measures(facts, best)]


def _rivals(best: Mapping[str, Any]) -> str:
    level = best["not_distinguished"]
    if level is None:
        return "Whether others fit as well cannot be tested with fewer than 3 members."
    if not level:
        return "Every other uncorrected definition fits significantly worse (Holm)."
    more = f"; and {len(level) - NAMED} more" if len(level) > NAMED else ""
    return f"Not shown to fit worse (Holm): {'; '.join(level[:NAMED])}{more}."


def _other_measures(facts: Mapping[str, Any], best: Mapping[str, Any]) -> str:
    by = {"spread": "up to a common factor", "rank_correlation": "by rank correlation"}
    other_winners = {
        description: facts["best"][measure]["words"]
        + (f" ({format_number(_find(facts, facts['best'][measure])[measure]['value'])})")
        for measure, description in by.items()
        if facts["best"][measure] is not None and facts["best"][measure]["words"] != best["words"]
    }
    if not other_winners:
        descriptions = [how for measure, how in by.items() if facts["best"][measure] is not None]
        return f"The same is best {' and '.join(descriptions)}." if descriptions else ""
    return " ".join(f"Best {description}: {definition}." for description, definition in other_winners.items())


def _find(facts: Mapping[str, Any], variant: Mapping[str, Any], reading: str = "own") -> Mapping[str, Any]:
    row: Mapping[str, Any] = next(
        row
        for row in facts["agreement"]
        if row["grid"] == "own" and row["reading"] == reading and row["words"] == variant["words"]
    )
    return row


def _ends(interval: Mapping[str, Any] | None, *, base: int = 0) -> str:
    """Return an interval in brackets; `base` is that of logarithms, 0 for plain numbers."""
    if interval is None:
        return ""
    ends = [number(interval[name]) for name in ("low", "high")]
    low, high = (format_number(base**end if base else end) for end in ends)
    return f" [{low}, {high}]"


def orderings(facts: Mapping[str, Any]) -> list[str]:
    """Return sentences with the number of columns in which each ordering of the table holds."""
    sentences = []
    for grid, where in (("own", "On their own grids"), ("common", "On the common grid")):
        rows = [row for row in facts["orderings"] if row["grid"] == grid and row["reading"] == "own"]
        descriptions = [_ordering(row) for row in rows]
        sentences.append(f"{where}: {'; '.join(descriptions)}.")
    published = all(column["published"] for row in facts["orderings"] for column in row["columns"])
    return [*(["All of these hold in every published column shown."] if published else []), *sentences]


def _ordering(row: Mapping[str, Any]) -> str:
    yes = sum(column["measured"] is True for column in row["columns"])
    shown = f", p = {p_text(row['p_holm'])}".replace("= <", "< ") if row["measured"] else ""
    return f"{row['claim']} in {yes} of {len(row['columns'])}{shown}"


def draws(facts: Mapping[str, Any]) -> list[str]:
    """Return sentences on the effect of shared draws on r, on the lowest row and on the search."""
    if not facts["draws"]:
        return []
    by_method: dict[str, list[float]] = {}
    for row in facts["draws"]:
        if row["ratio"] is not None:
            by_method.setdefault(row["method"], []).append(number(row["ratio"]))
    factors = ", ".join(
        f"{name} {format_number(sorted(ratios)[len(ratios) // 2])}" for name, ratios in by_method.items()
    )
    lowest = {
        reading: next(row for row in _of(facts, reading) if row["claim"] == "SHAP lowest")
        for reading in ("own", "shared")
    }
    count = len(facts["columns"])
    change = [f"In draws that all networks share, r is that of own draws times: {factors} (median of columns)."]
    sentence = (
        f"SHAP is the lowest row by r in {_yes(lowest['own'], 'measured')} of {count} columns in own draws, and in "
        f"{_yes(lowest['shared'], 'measured')} in shared ones; by the best definition in "
        f"{_yes(lowest['own'], 'measured_by_best')} and {_yes(lowest['shared'], 'measured_by_best')}."
    )
    tested = [row for row in facts["lowest"] if row["reading"] == "own" and row["interval"] is not None]
    beside = ", ".join(
        f"{format_number(row['ratio'])}{_ends(row['interval'])} ({row['column']}, {row['other']})" for row in tested
    )
    if beside:
        sentence += f" In own draws its r is that of the lowest other row times {beside}."
    return [*(change if factors else []), sentence, *_search_by(facts, "shared", "In shared draws")]


def stars(facts: Mapping[str, Any]) -> list[str]:
    """Return sentences on the effect of fewer networks in the starred rows on their figures and order."""
    rows = facts["starred"]
    if not rows:
        return []
    ratios = sorted(number(row["value_fewer"]) / number(row["value"]) for row in rows)
    expected = sorted(number(row["expected_fewer"]) / number(row["value"]) for row in rows if row["expected_fewer"])
    first = rows[0]
    from_signal = (
        f"; signal and floor alone would make it {format_number(expected[len(expected) // 2])}" if expected else ""
    )
    names = ", ".join(dict.fromkeys(row["method"] for row in rows))
    changed = [
        f"{row['claim']} in {_yes(row, 'measured_by_best')} in place of {_yes(own_draws, 'measured_by_best')}"
        for row, own_draws in zip(_of(facts, "fewer"), _of(facts, "own"), strict=True)
        if _yes(row, "measured_by_best") != _yes(own_draws, "measured_by_best")
    ]
    order = "; ".join(changed) if changed else "no ordering changes"
    rise = (
        f"With {first['fewer']} networks in place of {first['networks']} the starred rows ({names}) change by a factor "
        f"of {format_number(ratios[len(ratios) // 2])} (median) by the best definition, whose floor rises from "
        f"{format_number(first['floor'])} to {format_number(first['floor_fewer'])}{from_signal}."
    )
    count, changes = len(facts["columns"]), len(facts["exchanges"])
    exchanged = [f"Of {_pairs(count)} pairs of a starred and another row {changes} change their order."]
    if facts["published_exchanges"]:
        exchanged.append(
            f"Were {FEWER} networks behind the published starred cells in place of {MEMBERS}, the floor alone would "
            f"have put {len(facts['published_exchanges'])} of {_pairs(6)} published pairs into their order."
        )
    return [
        rise,
        f"By it, of {len(facts['columns'])} columns: {order}.",
        *exchanged,
        *_search_by(facts, "fewer", "So computed"),
    ]


def _search_by(facts: Mapping[str, Any], reading: str, condition: str) -> list[str]:
    """Return a sentence that names the best definition by another reading."""
    best = facts["best_by_reading"][reading]["log_error"]
    if best is None:
        return []
    error = _find(facts, best, reading)["log_error"]
    factor = f"{format_number(2 ** error['value'])}{_ends(error['interval'], base=2)}"
    return [f"{condition}, {best['words']} comes nearest the published numbers: off by a factor of {factor}."]


def _pairs(columns: int) -> int:
    return columns * len(STARS) * (len(PUBLISHED) - len(STARS))


def _of(facts: Mapping[str, Any], reading: str) -> list[Any]:
    return [row for row in facts["orderings"] if row["reading"] == reading and row["grid"] == "own"]


def _yes(row: Mapping[str, Any], key: str) -> int:
    return sum(column[key] is True for column in row["columns"])


def _paragraph(title: str, sentences: Sequence[str]) -> list[str]:
    return [f"**{title}.** {' '.join(sentences)}"] if sentences else []


def confounds(facts: Mapping[str, Any]) -> list[str]:
    """Return sentences on the effect of the common grid on r, and on the template in GradCAM's signal."""
    finer = [row for row in facts["resolution"] if row["own_grid"] != row["common_grid"] and row["ratio"] is not None]
    sentences = []
    if finer:
        ratios = sorted(number(row["ratio"]) for row in finer)
        largest = max(finer, key=lambda row: number(row["ratio"]))
        sentences.append(
            f"Pooled to the common grid, r changes by a factor of {format_number(ratios[len(ratios) // 2])} (median of "
            f"{counted(len(ratios), 'cell')} with finer maps), most for {largest['method']} in {largest['column']}: "
            f"{format_number(largest['r_own'])} to {format_number(largest['r_common'])}."
        )
    shares = [row for row in facts["template"] if row["method"] == "GradCAM (top)" and row["share"] is not None]
    sentences += [
        f"GradCAM (top) in {row['column']}: {row['share']:.0%} of its signal is one template, the same for all classes,"
        f"{_of_class(row)}; r of what is left for the image is {format_number(row['snr_specific'])}."
        for row in shares
    ]
    return sentences or ["Nothing to tell."]


def _of_class(row: Mapping[str, Any]) -> str:
    if row["share_class"] is None:
        return " and the images cannot tell what belongs to a class"
    return f" {row['share_class']:.0%} belongs to the class"


def _columns_and_rows(facts: Mapping[str, Any]) -> str:
    columns = ", ".join(
        f"{column['name']} by {column['studied_architecture']} on {column['studied_dataset']} "
        f"({column['members']} members, "
        f"{column['images']} images)"
        for column in facts["columns"]
    )
    rows = ", ".join(f"{row} by {method}" for row, method in facts["methods"].items())
    return f"**Columns and rows.** Columns: {columns}. Rows: {rows}."


def _caveats(facts: Mapping[str, Any]) -> list[str]:
    best = facts["best"]["log_error"]
    lines = []
    members = sorted({column["members"] for column in facts["columns"]})
    if best is not None and members != [MEMBERS]:
        variant = Variant(best["view"], best["definition"], best["norm"])
        floors = [variant.floor(members=count, effective_pixels=float("inf")) for count in (*members, MEMBERS)]
        lines.append(
            f"Uncorrected figures fall with the number of members: pure noise gives "
            f"{', '.join(format_number(floor) for floor in floors[:-1])} here, with {_counts(members)} members, and "
            f"{format_number(floors[-1])} with the {MEMBERS} of the poster; low cells are lifted accordingly."
        )
    lines += [
        f"Failed: {failure['method']} in {failure['dataset']} {failure['architecture']}: {failure['reason']}."
        for failure in facts["failed"]
    ]
    if facts["note"]:
        lines.append(f"Intervals are {facts['note']}.")
    return [f"**Caveats.** {' '.join(lines)}"] if lines else []


def _counts(members: Sequence[int]) -> str:
    return " or ".join(map(str, members))
