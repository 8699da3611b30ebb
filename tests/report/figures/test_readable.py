"""Figures of a large study draw as much as can be read; its table holds all."""

from __future__ import annotations

import pytest

from saliencynoise.api import Study
from saliencynoise.report.figures import readable as module
from saliencynoise.report.figures.readable import CELLS, readable
from saliencynoise.report.figures.study_figures import FIGURES, figures_of
from saliencynoise.report.html.study import page_values
from tests.studies import make_study, noisy_maps, study_of


def large(architectures: int, methods: int, *, failed: int = 0) -> Study:
    cells = [
        {"architecture": f"net{a}", "method": f"m{m}", "view": view, "status": "failed" if m < failed else "ok"}
        for a in range(architectures)
        for m in range(methods)
        for view in ("signed", "abs")
    ]
    return study_of(cells=cells)


def names(study: Study, kind: str) -> list[str]:
    return list(dict.fromkeys(getattr(cell, kind) for cell in study.result.cells))


def test_a_study_that_can_be_read_is_drawn_whole():
    study = large(4, CELLS // 4)
    assert readable(study) == (study, "")


def test_of_many_methods_the_first_are_drawn_on_all_architectures():
    drawn, words = readable(large(10, 300))
    assert names(drawn, "method") == [f"m{m}" for m in range(10)]
    assert len(names(drawn, "architecture")) == 10
    assert len(drawn.result.cells) == 2 * CELLS
    assert words == "The figures show the first 10 of 300 methods that have results. The table holds all."


def test_of_many_architectures_the_first_are_drawn_with_one_method():
    drawn, words = readable(large(150, 2))
    assert names(drawn, "architecture") == [f"net{a}" for a in range(CELLS)]
    assert names(drawn, "method") == ["m0"]
    assert "the first 1 of 2 methods and the first 100 of 150 architectures" in words


def test_methods_without_results_are_left_to_the_table():
    drawn, _ = readable(large(1, 200, failed=50))
    assert names(drawn, "method")[0] == "m50"
    drawn, _ = readable(large(1, 200, failed=200))
    assert names(drawn, "method")[0] == "m0"


def test_a_report_draws_few_and_says_so_and_tells_all_in_its_table(tmp_path, monkeypatch):
    maps = {("net", method): noisy_maps(members=3, images=2, seed=seed) for seed, method in enumerate("abcd")}
    study = make_study(tmp_path, maps)
    monkeypatch.setattr(module, "CELLS", 2)
    monkeypatch.setattr("saliencynoise.report.html.study.page_figures", lambda *_: ())
    values = page_values(study)
    assert values["drawn"] == "The figures show the first 2 of 4 methods that have results. The table holds all."
    assert len(values["table"].rows) == 4
    monkeypatch.setattr("saliencynoise.report.figures.study_figures.FIGURES", {"bars": FIGURES["bars"]})
    (bars,) = figures_of(study)
    assert bars.data["method"].unique().tolist() == ["a", "b"]


@pytest.mark.parametrize("count", [1, 3])
def test_a_small_report_says_nothing_of_it(tmp_path, monkeypatch, count):
    study = make_study(tmp_path, {("net", m): noisy_maps(members=3, images=2) for m in "abc"[:count]})
    monkeypatch.setattr("saliencynoise.report.html.study.page_figures", lambda *_: ())
    assert page_values(study)["drawn"] == ""
