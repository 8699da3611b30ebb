"""Tables, pages and figures of measured maps say nothing of what is not known."""

from __future__ import annotations

import re

import numpy as np
import pytest

import saliencynoise as sn
from saliencynoise.report.figures import maps as map_figure
from saliencynoise.report.figures import values
from saliencynoise.report.figures.study_figures import figures_of
from saliencynoise.report.html.study import write_report
from tests.report.printed import printed

FEATURES = [f"feature {index}" for index in range(30)]


@pytest.fixture(scope="module")
def study():
    """Pictures without their images, and named values, of the same members."""
    rng = np.random.default_rng(0)
    signal, noise = rng.normal(size=(6, 1, 8, 8)), rng.normal(size=(5, 6, 1, 8, 8))
    listed = np.linspace(3, 0, 30) + 0.5 * rng.normal(size=(5, 6, 30))
    return sn.measure({"gradient": signal + noise, "shap": listed}, features=FEATURES, labels=list("ababab"))


def test_every_figure_is_drawn_that_has_something_to_show(study):
    drawn = {figure.name: figure for figure in figures_of(study)}
    assert set(drawn) == {"maps", "values", "bars", "curve", "classes", "ssim", "members", "components"}
    for figure in drawn.values():
        texts = " ".join([figure.alt, figure.caption, *figure.notes])
        assert not re.search(r"\bNone\b|\bnan\b|of class \.|  ", texts), figure.name


def test_the_figure_of_values_has_their_mean_spread_and_names(study):
    (found,) = values.data(study, image=2, methods=["shap"])
    maps = study.member_maps(study.cell("networks", "shap")).to_numpy()[:, 2].astype(np.float64)
    unit = maps / np.linalg.norm(maps, axis=1, keepdims=True)
    np.testing.assert_allclose(found.mean, unit.mean(0))
    np.testing.assert_allclose(found.spread, unit.std(0, ddof=1))
    assert found.significant[0]
    figure = values.draw([found])
    (axes,) = [axes for axes in figure.axes if axes.get_title() == "shap"]
    assert axes.get_yticklabels()[0].get_text() == FEATURES[int(abs(found.mean).argmax())]
    assert len(axes.get_yticks()) == values.MOST_BARS
    frame = values.table([found])
    assert list(frame["value"]) == FEATURES
    assert frame["significant"].tolist() == found.significant.tolist()


def test_long_lists_without_names_are_lines():
    rng = np.random.default_rng(0)
    study = sn.measure(np.sin(np.arange(200) / 20) + rng.normal(size=(4, 3, 200)))
    (found,) = values.data(study)
    (axes,) = values.draw([found]).axes
    assert max(len(line.get_xdata()) for line in axes.lines) == 200
    assert not axes.get_yticklabels()[0].get_text().startswith("value")


def test_maps_without_pictures_have_no_column_of_pictures(study):
    rows = map_figure.data(study, methods=["gradient"])
    assert rows[0].picture is None
    figure = map_figure.draw(rows)
    assert "picture" not in {text.get_text() for text in figure.texts}


def test_the_page_and_the_table_are_whole(study, tmp_path, monkeypatch):
    monkeypatch.setattr("saliencynoise.report.html.study.page_figures", lambda *_: ())  # another test draws them
    page = write_report(study, tmp_path / "report.html").read_text(encoding="utf-8")
    body = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)
    words = re.sub(r"<[^>]+>", " ", body)
    for wrong in (r"\bNone\b", r"\bnan\b", "nan%", r"test images of", "maps.zarr", "repeats the study"):
        assert not re.search(wrong, words), wrong
    assert "5 members, 6 images" in words
    table = printed(study, width=120)
    assert "None" not in table
    assert "nan" not in table
    assert "accuracy" not in table
