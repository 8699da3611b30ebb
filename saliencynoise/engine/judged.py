"""The view in which a method is judged: signed maps, or centred ones where signed maps agree without any learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.interfaces.specs import CENTRED, REASONS

if TYPE_CHECKING:
    from saliencynoise.engine.study import Study
    from saliencynoise.records.cell import Cell


def judged_cells(study: Study) -> list[Cell]:
    """Return one cell for each architecture and method: in the signed view, or centred where "signed" has no test.

    Maps that cannot be negative, or do not change their sign with the score, agree even if no network learned anything.
    A method without the view "signed" has its first one.
    """
    by_cell: dict[tuple[str, str], list[Cell]] = {}
    for cell in study.done:
        by_cell.setdefault(key_of_cell(cell), []).append(cell)
    return [_judged(cells) for cells in by_cell.values()]


def key_of_cell(cell: Cell) -> tuple[str, str]:
    """Return the architecture's display name and the method's canonical name."""
    return cell.architecture, cell.method_name


def _judged(cells: list[Cell]) -> Cell:
    of_view = {cell.view: cell for cell in cells}
    if cells[0].sign != "signed" and CENTRED in of_view:
        return of_view[CENTRED]
    return of_view.get("signed", cells[0])


def no_claim(cell: Cell) -> str:
    """Return the reason why a cell's maps may agree without anything learned; empty where there is none.

    Maps that are not "signed", also centred ones, show learning only if they agree more than those of untrained
    networks.
    """
    reason = REASONS.get(cell.sign)
    floor = cell.untrained
    if reason is None or (floor is not None and floor.above):
        return ""
    if floor is None or floor.above is None:
        return f"{reason}; they were not compared with untrained networks"
    return f"untrained networks agree as much (r {floor.snr:.2g})"
