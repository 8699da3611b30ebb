import math

import numpy as np
import pytest

from saliencynoise.interfaces import UsageError
from saliencynoise_paper.architecture import trends
from saliencynoise_paper.figures.architecture import Variation, data, draw
from tests.studies import make_study, noisy_maps


@pytest.fixture(scope="module")
def variations(tmp_path_factory):
    found = []
    for depth, snr in ((32, 4.0), (8, 1.0), (16, 2.0)):
        maps = {
            ("net", "gradient"): noisy_maps(snr=snr, members=8, images=12, seed=depth),
            ("net", "lime"): "too few segments" if depth == 16 else noisy_maps(seed=depth + 1, members=8, images=12),
        }
        study = make_study(tmp_path_factory.mktemp("study"), maps, accuracy=0.9 + depth / 1000)
        found.append(Variation(axis="depth", value=depth, study=study, architecture="net"))
    studies = [own.study for own in found]
    found += [
        Variation(axis="normalisation", value=name, study=study, architecture="net")
        for name, study in zip(("none", "batch"), studies, strict=False)
    ]
    return found


def test_a_row_for_each_value_and_method_in_the_order_of_the_values(variations):
    found = data(variations, methods=["gradient"])
    assert found["value"].tolist() == ["8", "16", "32", "none", "batch"]
    assert found["place"].tolist() == [8, 16, 32, 0, 1]
    assert found["accuracy"].tolist() == pytest.approx([0.908, 0.916, 0.932, 0.932, 0.908])
    estimate = variations[1].study.done[0].figures.estimates.snr
    assert found.iloc[0][["r", "low"]].tolist() == [estimate.value, estimate.interval.low]


def test_the_trend_is_the_slope_of_log_r_over_doublings(variations):
    found = trends(variations).set_index("method")
    r = data(variations, methods=["gradient"])["r"].tolist()[:3]
    assert found.loc["gradient", "ratio"] == pytest.approx(math.exp(np.polyfit([3, 4, 5], np.log(r), 1)[0]))
    assert found.loc["gradient", "low"] > 1
    assert found.loc["gradient", "low"] < 2 < found.loc["gradient", "high"]  # as the maps were made
    assert set(found["axis"]) == {"depth"}
    assert found.loc["lime", "ratio"] == pytest.approx(1, abs=0.25)  # of the two values that have one


def test_one_value_has_no_trend(variations):
    found = trends(variations[:1], methods=["gradient"])
    assert found["note"].tolist() == ["fewer than two values with a figure"]
    assert found["ratio"].isna().all()


def test_a_panel_an_axis_with_a_bar_a_value_and_accuracies_below(variations):
    panels = [axes for axes in draw(data(variations)).axes if axes.axison]
    assert [panel.get_title() for panel in panels] == ["depth", "normalisation"]
    assert [label.get_text() for label in panels[0].get_xticklabels()] == ["8\n90.8%", "16\n91.6%", "32\n93.2%"]
    gradient, lime = panels[0].containers
    assert len(gradient.lines[0].get_xdata()) == 3
    assert len(lime.lines[0].get_xdata()) == 2
    assert panels[0].get_xlabel() == "failed: lime at 16"
    assert panels[0].get_yscale() == "log"
    assert gradient.lines[0].get_linewidth() > 0
    assert panels[1].containers[0].lines[0].get_linewidth() == 0  # names have no order to join


def test_an_r_below_zero_is_shown(tmp_path):
    study = make_study(tmp_path, {("net", "gradient"): noisy_maps(snr=0.0, seed=6)})
    variation = Variation(axis="width", value=1, study=study, architecture="net")
    assert data([variation])["r"].item() < 0
    (panel,) = draw(data([variation])).axes
    assert panel.get_yscale() == "symlog"
    assert panel.get_ylim()[0] < data([variation])["r"].item() < 0 < panel.get_ylim()[1]


def test_only_failures_are_drawn(variations):
    (panel,) = draw(data([variations[2]], methods=["lime"])).axes
    assert panel.get_xlabel() == "failed: lime at 16"


def test_wrong_variations_are_refused(variations):
    own = variations[0]
    with pytest.raises(UsageError, match="no variations"):
        data([])
    with pytest.raises(UsageError, match="depth 32 is given twice"):
        data([own, own])
    with pytest.raises(UsageError, match="depth 'deep': give a number above 0"):
        data([Variation(axis="depth", value="deep", study=own.study, architecture="net")])
    with pytest.raises(UsageError, match="unknown axis 'colour'"):
        data([Variation(axis="colour", value=1, study=own.study, architecture="net")])
