"""Cells from statistics, or from the reason why there are none."""

import pytest

from saliencynoise.engine.computed_cells import accuracy_of, computed_cells, failed_cells
from saliencynoise.engine.map_source import ArraySource
from saliencynoise.engine.reduce import reduce_maps
from tests.studies import noisy_maps

COMMON = {
    "dataset": "made", "architecture": "net", "method": "a", "method_name": "a", "distribution": "", "members": 4,
    "draws": 1, "flagged_members": [], "accuracy": accuracy_of([0.5, 0.9, 0.6]), "untrained": None,
}  # fmt: skip


def test_each_view_has_a_cell_and_each_class_its_figures():
    values = noisy_maps()[:, None]
    reduced = reduce_maps(
        ArraySource(values), labels=[0, 1, 0, 1, 0, 1], views=["signed", "relu"], marginal=values.mean((0, 1)),
        masks=None, seed=0,
    )  # fmt: skip
    cells = computed_cells(COMMON, reduced, classes=("cat", "dog"), correct=None, gram="gram/a", seconds=None)
    assert [cell.view for cell in cells] == ["signed", "relu"]
    assert list(cells[0].classes or {}) == ["cat", "dog"]
    assert cells[0].known_figures.estimates.snr.value == pytest.approx(reduced.figures["signed"].estimates["snr"].value)
    assert (cells[0].accuracy.median, cells[0].accuracy.min, cells[0].seconds) == (0.6, 0.5, None)


def test_a_failure_has_its_reason_in_each_view():
    cells = failed_cells(
        COMMON | {"accuracy": accuracy_of([])}, views=["signed", "relu"], sign="signed", reason="no memory"
    )
    assert [(cell.view, cell.status, cell.reason) for cell in cells] == [
        ("signed", "failed", "no memory"),
        ("relu", "failed", "no memory"),
    ]
    assert cells[0].accuracy.median is None
