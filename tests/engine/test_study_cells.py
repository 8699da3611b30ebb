"""The cells that a figure shows, and their r as rows."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from saliencynoise.engine.study_cells import chosen_cells, failures, names_of, signed_cells, snr_of
from saliencynoise.interfaces import UsageError
from saliencynoise.records.cell import Cell
from tests.studies import cell_of, estimate, study_of


def cell(architecture: str, method: str, view: str = "signed", **more: object) -> Cell:
    return cell_of(architecture=architecture, method=method, view=view, **{"status": "ok", **more})


CELLS = [
    cell("vgg", "lime"),
    cell("vgg", "gradcam"),
    cell("vgg", "gradcam", "relu"),
    cell("net", "lime", status="failed", reason="no kernel"),
    cell("net", "gradcam", "abs"),
]
STUDY = study_of(cells=CELLS)


def test_the_signed_cells_are_those_of_the_headline_in_the_studys_order():
    assert signed_cells(STUDY) == [CELLS[0], CELLS[1], CELLS[3]]
    assert signed_cells(STUDY, methods=["gradcam", "lime"], architectures=["vgg"]) == CELLS[:2]


@pytest.mark.parametrize("views", [("relu",), ("abs", "signed"), ("signed", "relu", "abs")])
@pytest.mark.parametrize("methods", [None, ["lime"], ["gradcam", "lime"]])
@pytest.mark.parametrize("architectures", [None, ["net"]])
def test_cells_are_chosen_by_each_of_their_names(views, methods, architectures):
    """Oracle: a table that pandas filters."""
    table = pd.DataFrame(
        [(c.architecture, c.method, c.view) for c in CELLS], columns=["architecture", "method", "view"]
    )
    wanted = table[table["view"].isin(views)]
    wanted = wanted if methods is None else wanted[wanted["method"].isin(methods)]
    wanted = wanted if architectures is None else wanted[wanted["architecture"].isin(architectures)]
    found = chosen_cells(STUDY, views=views, methods=methods, architectures=architectures)
    assert found == [CELLS[index] for index in wanted.index]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ({"architectures": ["resnet"]}, "no architecture 'resnet', but vgg, net; bench it, or name one of these"),
        ({"methods": ["lime", "shap"]}, "no method 'shap', but lime, gradcam; bench it"),
        ({"views": ("sined",)}, "no view 'sined', but signed, relu, abs; bench it"),
    ],
)
def test_a_name_that_the_study_lacks_is_answered_with_those_it_has(names, words):
    with pytest.raises(UsageError, match=rf"^runs/made has {words}"):
        chosen_cells(STUDY, **names)  # type: ignore[arg-type]


def test_each_failure_is_stated_once():
    twice = [*CELLS, cell("net", "lime", "abs", status="failed", reason="no kernel")]
    assert failures(pd.DataFrame(map(names_of, twice))) == ["lime on net failed: no kernel"]
    assert failures(pd.DataFrame(map(names_of, CELLS[:2]))) == []


def test_the_columns_that_describe_a_cell():
    (row,) = [names_of(each) for each in CELLS if each.status == "failed"]
    assert row == {
        "dataset": "", "architecture": "net", "method": "lime", "members": 0, "status": "failed", "reason": "no kernel"
    }  # fmt: skip


def test_r_with_its_interval():
    figures = cell(
        "vgg", "lime", figures={"images": 7, "estimates": {"snr": estimate(0.5, 0.25, 1, floor=0.01)}}
    ).figures
    assert snr_of(figures) == {"images": 7, "r": 0.5, "low": 0.25, "high": 1.0, "question": "both", "floor": 0.01}


def test_what_is_missing_is_nan():
    bare = snr_of(cell("vgg", "lime", figures={"images": 7, "estimates": {"snr": estimate(0.5)}}).figures)
    assert {name for name, value in bare.items() if isinstance(value, float) and math.isnan(value)} == {"low", "high"}
    assert bare["r"] == 0.5
    none = snr_of(None)
    assert none.keys() == bare.keys()
    assert (none.pop("images"), none.pop("question")) == (0, "")
    assert all(math.isnan(value) for value in none.values())
