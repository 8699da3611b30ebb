"""What an object of the API shows of itself in Python, in a few lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from saliencynoise.display.cell_quantities import cell_value
from saliencynoise.display.numbers import counted
from saliencynoise.display.quantities import QUANTITIES
from saliencynoise.display.visible import one_visible_line

if TYPE_CHECKING:
    from saliencynoise.records.study import StudyRecord

ROWS = 8
"""The largest number of cells that are shown."""

SHOWN = ("snr", "networks")


def study_lines(result: StudyRecord, folder: str) -> Iterator[str]:
    """Yield what was measured, a line for each of the first cells, and where all of it is.

    Args:
        result: of the study.
        folder: of the study, as the user knows it.
    """
    images, methods = counted(len(result.images), "image"), counted(len(result.methods), "method")
    networks = ", ".join(f"{len(own.members)} x {own.label}" for own in result.architectures)
    dataset = result.dataset.name.removeprefix("builtin/")
    yield one_visible_line(f"Study of {dataset}: {networks}, {images}, {methods}, in {folder}")
    signed = [cell for cell in result.cells if cell.view == "signed"]
    for cell in signed[:ROWS]:
        label = f"{cell.method} on {cell.architecture}" if len(result.architectures) > 1 else cell.method
        figures = "; ".join(f"{QUANTITIES[key].name}: {cell_value(cell, key).whole}" for key in SHOWN)
        found = f"failed: {cell.reason}" if cell.figures is None else figures
        yield f"  {one_visible_line(f'{label}: {found}')}"
    if len(signed) > ROWS:
        yield f"  and {len(signed) - ROWS} more"
