import math

import numpy as np
import pytest

from saliencynoise.report.figures import classes
from tests.studies import make_study, noisy_maps

CLASSES = ("cat", "dog", "emu")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    maps = {
        ("vgg", "gradient"): noisy_maps(images=8),
        ("vgg", "lime"): noisy_maps(images=8, snr=4.0, seed=1),
        ("resnet", "gradient"): noisy_maps(images=8, seed=2),
        ("resnet", "lime"): "too few segments",
    }
    return make_study(tmp_path_factory.mktemp("study"), maps, classes=CLASSES)


def test_the_table_has_r_of_each_class_as_the_study_has_it(study):
    found = classes.data(study)
    assert len(found) == 3 * 3 + 1
    for cell in study.done:
        own = found[(found["architecture"] == cell.architecture) & (found["method"] == cell.method)]
        for label in CLASSES:
            estimate = cell.classes[label].estimates.snr
            one = own[own["class"] == label].iloc[0]
            assert one["r"] == estimate.value
            assert one["low"] == estimate.interval.low
            assert one["all_r"] == cell.figures.estimates.snr.value
    failed = found[found["status"] == "failed"].iloc[0]
    assert failed["reason"] == "too few segments"
    assert math.isnan(failed["r"])


def test_the_classes_have_one_order_by_their_mean_rank(study):
    found = classes.data(study).dropna(subset=["r"])
    ranks = {
        label: np.mean([
            1 + sum(other > own["r"] for other in found[(found["architecture"] == own["architecture"])
                    & (found["method"] == own["method"])]["r"])
            for _, own in found[found["class"] == label].iterrows()
        ])
        for label in CLASSES
    }  # fmt: skip
    order = found.drop_duplicates("class").sort_values("place")["class"].tolist()
    assert order == sorted(ranks, key=ranks.__getitem__)


def test_a_panel_a_method_with_a_point_a_class_and_architecture(study):
    figure = study.plot.classes()
    panels = figure.axes
    assert [panel.get_title() for panel in panels] == ["gradient", "lime\n(resnet failed)"]
    points = [
        sum(len(drawn.get_offsets()) for drawn in panel.collections if drawn.get_label() in ("vgg", "resnet"))
        for panel in panels
    ]
    assert points == [6, 3]
    labels = [label.get_text() for label in panels[0].get_yticklabels()]
    assert sorted(labels) == ["cat (3)", "dog (3)", "emu (2)"]


def test_intervals_far_beyond_the_points_do_not_set_the_axis(study):
    found = classes.data(study, methods=["gradient"])
    largest = found["r"].max()
    wide = found.assign(high=1e6)
    for table in (found, wide):
        (panel,) = classes.draw(table).axes
        low, high = panel.get_xlim()
        assert low < 0 < largest < high < 3 * largest
    arrows = [drawn for drawn in panel.collections if drawn.get_offsets().shape[1] and drawn.get_clip_on() is False]
    assert sum(len(drawn.get_offsets()) for drawn in arrows) >= len(wide)


def test_a_class_of_one_image_is_hollow(tmp_path):
    study = make_study(tmp_path, {("net", "gradient"): noisy_maps(images=3)})
    found = classes.data(study)
    assert found.set_index("class")["images"].to_dict() == {"cat": 2, "dog": 1}
    assert found.set_index("class")["question"].to_dict() == {"cat": "both", "dog": "members"}
    (panel,) = study.plot.classes().axes
    (points,) = [drawn for drawn in panel.collections if drawn.get_label() == "net"]
    faces = points.get_facecolors()[:, :3].tolist()
    assert faces.count([1, 1, 1]) == 1


def test_a_study_of_failures_is_drawn(tmp_path):
    study = make_study(tmp_path, {("net", "gradient"): noisy_maps(images=2), ("net", "lime"): "no"})
    (panel,) = study.plot.classes(methods=["lime"]).axes
    assert panel.texts[0].get_text() == "lime on net failed: no"
