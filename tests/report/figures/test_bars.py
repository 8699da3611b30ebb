import math

import numpy as np
import pandas as pd
import pytest
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise.report.figures import bars
from tests.studies import make_study, noisy_maps


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    drawn = torch.stack([noisy_maps(seed=5), noisy_maps(seed=5) + 0.5 * noisy_maps(snr=0.0, seed=6)], 1)
    maps = {
        ("vgg", "gradient"): noisy_maps(snr=0.05),
        ("vgg", "smoothgrad"): drawn,
        ("vgg", "gradcam"): noisy_maps(snr=400.0, seed=1),
        ("resnet", "gradient"): noisy_maps(snr=0.1, seed=2),
        ("resnet", "gradcam"): "map of 1x1",
    }
    return make_study(tmp_path_factory.mktemp("study"), maps)


def test_the_table_has_the_studys_figures(study):
    found = bars.data(study).set_index(["architecture", "method"])
    for cell in study.done:
        row, estimates = found.loc[cell.architecture, cell.method], cell.figures.estimates
        assert row["r"] == estimates.snr.value
        assert row["low"] == estimates.snr.interval.low
        assert row["published"] == estimates.snr_pixel.value
        assert row["published_floor"] == estimates.snr_pixel.floor
        if cell.method == "smoothgrad":
            assert row["network"] == estimates.snr_network.value > row["r"]
        else:
            assert math.isnan(row["network"])
    failed = found.loc["resnet", "gradcam"]
    assert (failed["status"], failed["reason"]) == ("failed", "map of 1x1")
    assert math.isnan(failed["r"])


def test_methods_stand_in_the_order_of_r_and_bars_have_their_lengths(study):
    figure = study.plot.bars()
    left, right = figure.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["gradcam", "smoothgrad", "gradient"]
    found = bars.data(study)
    for axes, name in ((left, "published"), (right, "r")):
        lengths = [patch.get_width() for patch in axes.patches]
        np.testing.assert_allclose(sorted(lengths), sorted(found[name].dropna()))


def test_values_far_apart_have_a_logarithmic_axis_and_others_a_linear_one(study):
    assert study.plot.bars().axes[1].get_xscale() == "symlog"
    assert study.plot.bars(methods=["gradient"]).axes[1].get_xscale() == "linear"


def test_failures_are_written_and_numbers_where_there_is_one_architecture(study):
    texts = [text.get_text() for text in study.plot.bars().axes[1].texts]
    assert texts == ["failed: map of 1x1"]
    alone = [text.get_text() for text in study.plot.bars(architectures=["vgg"]).axes[1].texts]
    assert len(alone) == 3
    assert all("[" in text for text in alone)


def test_infinite_and_undefined_values_are_drawn_as_such(tmp_path):
    same = noisy_maps(members=1).expand(4, -1, -1, -1, -1)
    maps = {("net", "same"): same, ("net", "gradient"): noisy_maps()}
    found = bars.data(make_study(tmp_path, maps))
    assert math.isinf(found["r"].iloc[0])
    blank = found.iloc[1:].assign(method="blank", r=math.nan, low=math.nan, high=math.nan)
    figure = bars.draw(pd.concat([found, blank]))
    texts = {text.get_text() for text in figure.axes[1].texts}
    assert {"∞", "undefined"} <= texts
    figure.draw_without_rendering()


def test_two_members_and_only_failures_can_be_drawn(tmp_path):
    two = make_study(tmp_path / "two", {("net", "gradient"): noisy_maps(members=2)})
    two.plot.bars().draw_without_rendering()
    study = make_study(tmp_path / "failed", {("net", "gradient"): noisy_maps(), ("net", "lime"): "no"})
    figure = study.plot.bars(methods=["lime"])
    figure.draw_without_rendering()
    assert figure.axes[1].texts[0].get_text() == "failed: no"


def test_twenty_methods_on_three_architectures_have_a_row_each(tmp_path):
    maps = {
        (f"net{a}", f"method{m}"): noisy_maps(members=3, images=2, shape=(1, 4, 4), seed=a * 20 + m)
        for a in range(3)
        for m in range(20)
    }
    figure = make_study(tmp_path, maps).plot.bars()
    assert len(figure.axes[0].get_yticks()) == 20
    assert len(figure.axes[1].patches) == 60
    assert figure.get_size_inches()[1] < 20


def test_what_is_not_there_is_refused(study):
    with pytest.raises(UsageError, match="no view 'relu', but signed"):
        study.plot.bars(views=["relu"])
