"""The two tables within the table panel's figure: figures beside the published ones, and the orderings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.numbers import format_number, p_text
from saliencynoise_paper.statistics.paper_table import PUBLISHED, STARS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

YES, MAYBE, NO, UNKNOWN = "#0072B2", "#9CC9E3", "#E69F00", "#E6E6E6"
VERDICTS: Mapping[str, str] = {
    YES: "as published, p < .05",
    MAYBE: "as published, not significant",
    NO: "not as published",
    UNKNOWN: "not measured",
}
LEVEL = 0.05
MOST = 2.0
"""Largest octaves of the table's colour scale, in both directions."""
R = {"view": "signed", "definition": "r", "norm": "unit"}


def rows_of(data: pd.DataFrame, variant: Mapping[str, Any], reading: str = "own") -> pd.DataFrame:
    """Return the rows of a variant in a reading, on the methods' own grids."""
    selected = data[(data["status"] == "ok") & (data["reading"] == reading)]
    for name in ("view", "definition", "norm"):
        selected = selected[selected[name] == variant[name]]
    return selected[selected["grid"] == "own"]


def table_rows(facts: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the table's rows: method, reading and label; stochastic methods have two rows."""
    drawing = {row["method"] for row in facts["draws"]}
    rows = []
    for method in PUBLISHED:
        label = method + " " + "*" * STARS.get(method, 0) if method in STARS else method
        if method in drawing:
            rows += [(method, "own", f"{label}\nown draws"), (method, "shared", f"{label}\nshared draws")]
        else:
            rows.append((method, "own", label))
    return rows


def draw_table(
    axis: Axes, data: pd.DataFrame, names: Sequence[str], best: Mapping[str, Any] | None, facts: Mapping[str, Any]
) -> None:
    """Draw the table: measured in bold, published and r below it, coloured by their ratio."""
    rows, few = table_rows(facts), {column["name"]: column["fewer"] for column in facts["columns"] if column["fewer"]}
    for reading in ("own", "shared"):
        figures = _cells(rows_of(data, best, reading)) if best else {}
        corrected = _cells(rows_of(data, R, reading))
        for y, (method, row_reading, _) in enumerate(rows):
            for x, name in enumerate(names):
                if row_reading == reading:
                    _cell(axis, x, y, figures.get((name, method)), corrected.get((name, method)))
    fewer = _cells(rows_of(data, best, "fewer")) if best else {}
    for x, name in enumerate(few, len(names)):
        for y, (method, reading, _) in enumerate(rows):
            if reading == "own" and (name, method) in fewer:
                _cell(axis, x, y, fewer[name, method], None)
    short = len({name.partition(" ")[0] for name in names}) == 1  # one data set, whose name says nothing
    columns = [
        *names,
        *(f"{name.partition(' ')[2] if short else name} {count} networks" for name, count in few.items()),
    ]
    _frame(axis, columns, [label for *_, label in rows])
    axis.set_title("measured (bold), published, corrected r", loc="left")
    labels = ("÷4", "", "÷2", "=", "×2", "", "×4")
    width = 0.055 * len(columns)
    for index, label in enumerate(labels):
        colour, left_edge = _colour(MOST * (index - 3) / 3), 0.35 * len(columns) + index * width
        _box(axis, left_edge, len(rows) + 0.25, (width, 0.36), colour)
        axis.text(left_edge + width / 2, len(rows) + 0.43, label, ha="center", va="center", size=8, color=_ink(colour))
    axis.text(0.34 * len(columns), len(rows) + 0.43, "measured is", ha="right", va="center", size=9)


def draw_orderings(axis: Axes, facts: Mapping[str, Any], names: Sequence[str]) -> None:
    """Draw the table's orderings, by r: above on each method's own grid, below on the common one."""
    from matplotlib.patches import Patch  # noqa: PLC0415 - a second to import

    claims = list(dict.fromkeys(row["claim"] for row in facts["orderings"]))
    for row in facts["orderings"]:
        if row["reading"] != "own":
            continue
        y = claims.index(row["claim"]) + (0.06 if row["grid"] == "own" else 0.5)
        for x, column in enumerate(row["columns"]):
            _answer(axis, x + 0.04, y, column["measured"], column["p"])
        _answer(axis, len(names) + 0.14, y, row["measured"], row["p_holm"])
    _frame(axis, [*names, "everywhere (Holm)"], [claim.replace(" above ", "\nabove ") for claim in claims])
    axis.set(xlim=(0, len(names) + 1.1), ylim=(len(claims) + 0.1, 0))
    axis.set_title("is the published order found?", loc="left")
    axis.set_xlabel("by r; above: own grid, below: common grid", x=0.45)
    handles = [Patch(facecolor=colour, label=word) for colour, word in VERDICTS.items()]
    axis.legend(
        handles=handles, loc="upper center", ncols=2, frameon=False, fontsize=9, bbox_to_anchor=(0.45, -0.075)
    )  # fmt: skip


def _cells(rows: pd.DataFrame) -> dict[tuple[str, str], dict[str, Any]]:
    records: list[Any] = rows.to_dict("records")
    return {(f"{row['dataset']} {row['architecture']}", row["method"]): row for row in records}


def _cell(axis: Axes, x: int, y: int, row: Mapping[str, Any] | None, corrected: Mapping[str, Any] | None) -> None:
    if row is None:
        _box(axis, x, y, (1, 1), "#F2F2F2")
        axis.text(x + 0.5, y + 0.5, "failed", ha="center", va="center", color="#B00000", size=10)
        return
    ratio = row["log2_ratio"]
    colour = _colour(0.0 if ratio != ratio else ratio)  # noqa: PLR0124 - NaN
    _box(axis, x, y, (1, 1), colour)
    style: dict[str, Any] = {"ha": "center", "va": "center", "color": _ink(colour)}
    axis.text(x + 0.5, y + 0.36, format_number(row["value"]), size=13, weight="bold", **style)
    r = "" if corrected is None else f"   r {format_number(corrected['value'])}"
    axis.text(x + 0.5, y + 0.75, f"{row['published']:.3f}{r}", size=8.5, **style)


def _answer(axis: Axes, x: float, y: float, measured: Any, p: float) -> None:
    """Draw the answer in one column, or the answer over all columns."""
    colour = UNKNOWN if measured is None else NO if not measured else YES if p < LEVEL else MAYBE
    _box(axis, x, y, (0.92, 0.4), colour)
    word = {True: f"yes  p {p_text(p)}", False: "no", None: "?"}[measured]
    axis.text(x + 0.46, y + 0.21, word, ha="center", va="center", size=8, color="white" if colour == YES else "black")


def _box(axis: Axes, x: float, y: float, size: tuple[float, float], colour: Any) -> None:
    from matplotlib.patches import Rectangle  # noqa: PLC0415 - as above

    axis.add_patch(Rectangle((x, y), *size, facecolor=colour, edgecolor="white", lw=1.5))


def _frame(axis: Axes, names: Sequence[str], rows: Sequence[str]) -> None:
    """Name columns above and rows at the left."""
    axis.set(xlim=(0, len(names)), ylim=(len(rows) + 0.75, 0))
    axis.set_xticks([x + 0.5 for x in range(len(names))], [name.replace(" ", "\n") for name in names], fontsize=9.5)
    axis.set_yticks([y + 0.5 for y in range(len(rows))], list(rows), fontsize=9.5)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    for side in axis.spines.values():
        side.set_visible(False)


def _colour(octaves: float) -> Any:
    from matplotlib import colormaps  # noqa: PLC0415 - as above

    return colormaps["PuOr_r"](0.5 + 0.5 * min(max(octaves, -MOST), MOST) / MOST)


def _ink(colour: Sequence[float]) -> str:
    """Return black on light colours, white on dark ones."""
    red, green, blue = colour[:3]
    return "white" if 0.3 * red + 0.59 * green + 0.11 * blue < 0.55 else "black"
