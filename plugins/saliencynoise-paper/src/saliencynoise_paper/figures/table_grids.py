"""The two tables within the table panel's figure: figures beside the published ones, and the orderings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise.display.numbers import format_number, p_text
from saliencynoise_paper.statistics.paper_table import PUBLISHED, STARS
from saliencynoise_paper.statistics.variants import Variant
from saliencynoise_paper.table_records import FEWER_NETWORKS, OWN_DRAWS, OWN_GRID, SHARED_DRAWS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from saliencynoise_paper.table_records import TableFacts

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
R = Variant("signed", "r", "unit")


def rows_of(data: pd.DataFrame, variant: Variant, reading: str = OWN_DRAWS) -> pd.DataFrame:
    """Return the rows of a variant in a reading, on the methods' own grids."""
    selected = data[(data["status"] == "ok") & (data["reading"] == reading) & (data["grid"] == OWN_GRID)]
    selected = selected[(selected["view"] == variant.view) & (selected["definition"] == variant.definition)]
    return selected[selected["norm"] == variant.norm]


def table_rows(facts: TableFacts) -> list[tuple[str, str, str]]:
    """Return the table's rows: method, reading and label; stochastic methods have two rows."""
    rows = []
    for method in PUBLISHED:
        label = method + " " + "*" * STARS.get(method, 0) if method in STARS else method
        if method in facts.drawing_methods:
            rows += [(method, OWN_DRAWS, f"{label}\nown draws"), (method, SHARED_DRAWS, f"{label}\nshared draws")]
        else:
            rows.append((method, OWN_DRAWS, label))
    return rows


def draw_table(axis: Axes, data: pd.DataFrame, facts: TableFacts) -> None:
    """Draw the table: measured in bold, published and r below it, coloured by their ratio."""
    names, rows = [column.name for column in facts.columns], table_rows(facts)
    for reading in (OWN_DRAWS, SHARED_DRAWS):
        figures, corrected = _best_cells(data, facts, reading), _cells(rows_of(data, R, reading))
        for y, (method, row_reading, _) in enumerate(rows):
            for x, name in enumerate(names):
                if row_reading == reading:
                    _draw_cell(axis, x, y, figures.get((name, method)), corrected.get((name, method)))
    few = {column.name: column.fewer for column in facts.columns if column.fewer}
    fewer = _best_cells(data, facts, FEWER_NETWORKS)
    for x, name in enumerate(few, len(names)):
        for y, (method, reading, _) in enumerate(rows):
            if reading == OWN_DRAWS and (name, method) in fewer:
                _draw_cell(axis, x, y, fewer[name, method], None)
    short = len({name.partition(" ")[0] for name in names}) == 1  # one data set: its name would be the same everywhere
    columns = [
        *names,
        *(f"{name.partition(' ')[2] if short else name} {count} networks" for name, count in few.items()),
    ]
    _frame(axis, columns, [label for *_, label in rows])
    axis.set_title("measured (bold), published, corrected r", loc="left")
    _draw_scale(axis, len(columns), len(rows))


def _draw_scale(axis: Axes, columns: int, rows: int) -> None:
    """Draw the colours of the table with their factors, below it."""
    labels = ("÷4", "", "÷2", "=", "×2", "", "×4")
    width = 0.055 * columns
    for index, label in enumerate(labels):
        colour, left_edge = _colour(MOST * (index - 3) / 3), 0.35 * columns + index * width
        _box(axis, left_edge, rows + 0.25, (width, 0.36), colour)
        axis.text(left_edge + width / 2, rows + 0.43, label, ha="center", va="center", size=8, color=_ink(colour))
    axis.text(0.34 * columns, rows + 0.43, "measured is", ha="right", va="center", size=9)


def draw_orderings(axis: Axes, facts: TableFacts) -> None:
    """Draw the table's orderings, by r: above on each method's own grid, below on the common one."""
    from matplotlib.patches import Patch  # noqa: PLC0415 - a second to import

    names = [column.name for column in facts.columns]
    claims = list(dict.fromkeys(verdict.claim for verdict in facts.orderings))
    for verdict in facts.orderings:
        if verdict.reading != OWN_DRAWS:
            continue
        y = claims.index(verdict.claim) + (0.06 if verdict.grid == OWN_GRID else 0.5)
        for x, column in enumerate(verdict.columns):
            _draw_verdict(axis, x + 0.04, y, column.measured, column.p)
        _draw_verdict(axis, len(names) + 0.14, y, verdict.measured, verdict.p_holm)
    _frame(axis, [*names, "everywhere (Holm)"], [claim.replace(" above ", "\nabove ") for claim in claims])
    axis.set(xlim=(0, len(names) + 1.1), ylim=(len(claims) + 0.1, 0))
    axis.set_title("is the published order found?", loc="left")
    axis.set_xlabel("by r; above: own grid, below: common grid", x=0.45)
    handles = [Patch(facecolor=colour, label=word) for colour, word in VERDICTS.items()]
    axis.legend(
        handles=handles, loc="upper center", ncols=2, frameon=False, fontsize=9, bbox_to_anchor=(0.45, -0.075)
    )  # fmt: skip


def _cells(rows: pd.DataFrame) -> dict[tuple[str, str], Any]:
    """Return rows by published column and method."""
    return {(f"{row.dataset} {row.architecture}", str(row.method)): row for row in rows.itertuples()}


def _best_cells(data: pd.DataFrame, facts: TableFacts, reading: str) -> dict[tuple[str, str], Any]:
    """Return the rows of the best definition in a reading."""
    best = facts.best.log_error
    return {} if best is None else _cells(rows_of(data, best.variant, reading))


def _draw_cell(axis: Axes, x: int, y: int, row: Any, corrected: Any) -> None:
    """Draw a cell from a row of the data, with r from another; "failed" where the row is None."""
    if row is None:
        _box(axis, x, y, (1, 1), "#F2F2F2")
        axis.text(x + 0.5, y + 0.5, "failed", ha="center", va="center", color="#B00000", size=10)
        return
    colour = _colour(0.0 if math.isnan(row.log2_ratio) else row.log2_ratio)
    _box(axis, x, y, (1, 1), colour)
    style: dict[str, Any] = {"ha": "center", "va": "center", "color": _ink(colour)}
    axis.text(x + 0.5, y + 0.36, format_number(row.value), size=13, weight="bold", **style)
    r = "" if corrected is None else f"   r {format_number(corrected.value)}"
    axis.text(x + 0.5, y + 0.75, f"{row.published:.3f}{r}", size=8.5, **style)


def _draw_verdict(axis: Axes, x: float, y: float, measured: bool | None, p: float) -> None:  # noqa: FBT001 - a verdict
    """Draw the verdict on a claim in one column, or over all columns."""
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
