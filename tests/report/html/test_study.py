"""A study's report, without a browser: size, parts, figures that cannot be drawn, and what a notebook shows."""

import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from saliencynoise.display.figures.captioned import CaptionedFigure, MissingFigure
from saliencynoise.display.page.figures import SMALL, PageFigure, page_figure
from saliencynoise.engine.config import DEFAULT_METHODS
from saliencynoise.interfaces import UsageError
from saliencynoise.report.html import figures
from saliencynoise.report.html.figures import page_figures
from tests.studies import make_study, noisy_maps

PARTS = ("summary", "facts", "warnings", "table", "figures", "methods", "data", "networks", "configuration")
MORE = ("provenance", "definitions", "cite", "failures")


def test_the_report_of_the_default_methods_and_members_is_small_and_whole(tmp_path):
    maps = {("net", method): noisy_maps(members=8, images=12, shape=(1, 16, 16)) for method in DEFAULT_METHODS}
    study = make_study(tmp_path / "run", maps, side=16)
    path = study.report()
    assert path == study.folder / "report.html"
    assert path.stat().st_size < 10e6
    text = path.read_text()
    assert all(f'<section id="{name}"' in text for name in PARTS)
    assert 'id="failures"' not in text, "there are none"
    assert not re.search(r"(?:src|url\(|@import|<link[^>]+href)\W*https?:", text), "nothing is loaded from elsewhere"


def test_every_anchor_leads_somewhere(page_file):
    text = page_file.read_text()
    targets = {part.partition('"')[0] for part in text.split('href="#')[1:]}
    assert targets >= {*PARTS[2:], *MORE} - {"facts"}
    assert all(f'id="{target}"' in text for target in targets)


def test_a_report_can_be_written_elsewhere_but_not_anywhere(study, tmp_path):
    page = study.report(tmp_path / "a.html")
    assert page == tmp_path / "a.html"
    assert "<h1>" in page.read_text()
    with pytest.raises(UsageError):
        study.report("/proc/no/where.html")


def captioned(name, figure, **changes):
    return CaptionedFigure(
        name=name, title=name, caption="c", alt="a", figure=figure, data=pd.DataFrame({"x": [0.1]}), **changes
    )


class Broken(Figure):
    def savefig(self, *_, **__):
        raise ValueError("no font holds it")


def test_a_figure_that_cannot_be_drawn_says_why_and_stops_no_other(study, monkeypatch):
    def figures_of(_):
        yield captioned("good", Figure())
        yield captioned("bad", Broken())
        yield MissingFigure(name="none", title="none", reason="no maps")

    monkeypatch.setattr(figures, "figures_of", figures_of)
    good, bad, none = page_figures(study)
    assert isinstance(good, PageFigure)
    assert good.captioned.name == "good"
    assert bad == MissingFigure(name="bad", title="bad", reason="ValueError: no font holds it")
    assert none.reason == "no maps"


def test_data_to_download_is_the_figures(study, monkeypatch):
    monkeypatch.setattr(figures, "figures_of", lambda _: iter([captioned("own", Figure(), pictorial=True)]))
    (own,) = page_figures(study)
    assert own.captioned.pictorial
    assert own.download.name == "own.csv"
    content = base64.b64decode(own.download.address.partition(",")[2])
    assert pd.read_csv(io.BytesIO(content))["x"].tolist() == [0.1]


def test_lines_are_kept_as_lines_until_they_are_too_many():
    few = Figure(figsize=(2, 1))
    few.subplots().plot([0, 1])
    made = page_figure(captioned("n", few))
    assert (made.kind, made.width, made.height) == ("svg", 192, 96)
    assert made.address.startswith("data:image/svg+xml;base64,")
    many = Figure(figsize=(2, 1))
    points = np.random.default_rng(0).random((2, SMALL // 20))
    many.subplots().scatter(*points, s=1)
    assert page_figure(captioned("n", many)).kind == "png"


def test_a_picture_holds_no_sign_that_breaks_its_xml():
    from xml.etree import ElementTree as ET

    figure = Figure()
    figure.text(0, 0, "a\x00b\x1bc<script>", parse_math=False)
    content = base64.b64decode(page_figure(captioned("n", figure)).address.partition(",")[2])
    assert "<script>" in "".join(ET.fromstring(content).itertext())  # noqa: S314 - made above


def test_a_notebook_shows_the_table_and_what_it_rests_on(study):
    text = study._repr_html_()
    alone = [cell for cell in study.done if cell.draws > 1]  # a row more, of the networks alone
    assert text.count("<tr>") == 1 + len(study.result.cells) + len(alone)
    assert "8 members; 4 of 50 test images of made" in text
    assert "failed" in text
    assert "<script" not in text
