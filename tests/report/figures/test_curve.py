import doctest
import math

import numpy as np
import pytest

from saliencynoise.report.figures import curve
from saliencynoise.statistics.reliability import reliability_at
from saliencynoise.statistics.split_halves import split_halves
from tests.studies import make_study, noisy_maps


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    maps = {
        ("vgg", "gradient"): noisy_maps(members=6, images=8),
        ("vgg", "lime"): noisy_maps(members=6, snr=4.0, seed=1, images=8),
        ("resnet", "gradient"): noisy_maps(members=6, seed=2, images=8),
        ("resnet", "lime"): "too few segments",
    }
    return make_study(tmp_path_factory.mktemp("study"), maps)


def test_examples():
    assert doctest.testmod(curve).failed == 0


def test_the_table_has_the_closed_form_and_what_was_measured(study):
    found = curve.data(study)
    for cell in study.done:
        own = found[(found["architecture"] == cell.architecture) & (found["method"] == cell.method)]
        r = cell.figures.estimates.snr.value
        np.testing.assert_allclose(own["reliability"], [reliability_at(r, n) for n in own["n"]])
        np.testing.assert_allclose(own["snr_of_average"], own["n"] * r)
        measured = own.dropna(subset=["measured"])
        assert measured["n"].tolist() == [1, 2, 3]
        again = split_halves(study.gram(cell), seed=0)
        assert measured["pairs"].tolist() == [point.pairs for point in again] == [15, 45, 10]
        np.testing.assert_allclose(measured["measured"], [point.reliability for point in again])
        assert own["needed"].iloc[0] == cell.figures.members_needed.value
    assert (found[found["status"] == "failed"]["reason"] == "too few segments").all()


def test_the_line_is_dashed_beyond_the_members(study):
    figure = study.plot.curve(architectures=["vgg"], methods=["gradient"])
    lines = [line for line in figure.axes[0].lines if len(line.get_xdata()) > 2]
    solid = next(line for line in lines if line.get_linestyle() == "-" and line.get_marker() == "None")
    dashed = next(line for line in lines if line.get_linestyle() == "--")
    assert solid.get_xdata().max() == 6 == dashed.get_xdata().min()
    assert dashed.get_xdata().max() >= 12


def test_panels_say_what_is_needed_and_what_failed(study):
    panels = study.plot.curve().axes
    texts = [text.get_text() for text in panels[1].texts]
    assert "failed" in texts
    assert any("[" in text for text in texts)
    alone = study.plot.curve(architectures=["resnet"], methods=["lime"])
    alone.draw_without_rendering()
    assert "lime on resnet failed" in alone.axes[0].texts[0].get_text().replace("\n", " ")


def test_noise_needs_an_undetermined_number(tmp_path):
    study = make_study(tmp_path, {("net", "gradient"): noisy_maps(snr=0.0, seed=3)})
    cell = study.done[0]
    if cell.figures.members_needed.value is None:
        assert any("undetermined" in text.get_text() for text in study.plot.curve().axes[0].texts)
    assert not math.isnan(curve.data(study)["measured"].iloc[0])
    study.plot.curve().draw_without_rendering()


def test_two_members_are_enough(tmp_path):
    study = make_study(tmp_path, {("net", "gradient"): noisy_maps(members=2)})
    assert curve.data(study)["measured"].count() == 1
    study.plot.curve().draw_without_rendering()
