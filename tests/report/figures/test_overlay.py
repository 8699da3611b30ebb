import io
import json

import numpy as np
import pytest
import torch

from saliencynoise.display.figures.style import WIDEST
from saliencynoise.interfaces import UsageError
from saliencynoise.report.figures import overlay
from tests.studies import make_study, noisy_maps

GRADIENT, CAM, FAILED = ("net", "gradient"), ("net", "gradcam(layer=top)"), ("net", "lime")


@pytest.fixture(scope="module")
def values():
    found = noisy_maps(shape=(3, 8, 8))
    found[:, 1] = 0
    return found


@pytest.fixture(scope="module")
def maps(values):
    cams = noisy_maps(shape=(1, 4, 4), seed=1, snr=9.0)
    return {GRADIENT: values, CAM: torch.stack([cams, 3 * cams], 1), FAILED: "too few segments"}


@pytest.fixture(scope="module")
def study(tmp_path_factory, maps):
    return make_study(tmp_path_factory.mktemp("study"), maps, channels=3)


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_it_is_the_studys_marginal_map_at_unit_norm(study, values):
    gradient, cam, failed = overlay.data(study, images=[2])
    marginal = values[:, 2].double().mean(0)
    np.testing.assert_allclose(gradient.values, (marginal / marginal.norm()).sum(0).numpy(), atol=1e-6)
    assert gradient.limit == np.percentile(np.abs(gradient.values), 99.5)
    assert cam.values.shape == (4, 4)
    assert (failed.values, failed.reason, failed.limit) == (None, "too few segments", 0.0)


def test_the_outlined_share_is_the_tables(study):
    own = study.images.query("method == 'gradient'")["significant_pixels"].tolist()
    found = overlay.data(study, images=range(6), methods=["gradient"])
    assert [each.share for each in found] == pytest.approx(own)


def test_each_image_and_architecture_is_a_block_that_begins_with_its_picture(study):
    figure = study.plot.overlay(images=[0, 1])
    titles = [axes.get_title().replace("\n", "") for axes in figure.axes if axes.get_title()]
    assert titles == ["picture", "gradient", "gradcam(layer=top)", "lime"] * 2
    assert [text.replace("\n", " ") for text in texts(figure)].count("failed: too few segments") == 2
    assert "all zero" in texts(figure)  # of image 1
    assert figure.get_figwidth() <= WIDEST


def test_masked_and_smoothed(study):
    figure = study.plot.overlay(images=[0], methods=["gradcam(layer=top)"], masked=True, interpolation="nearest")
    (found,) = overlay.data(study, images=[0], methods=["gradcam(layer=top)"])
    shown = figure.axes[1].images[0].get_array()
    times = len(shown) // 4
    coloured = (np.ptp(shown[times // 2 :: times, times // 2 :: times], axis=-1) > 1e-6).astype(bool)
    np.testing.assert_array_equal(coloured, found.significant_pixels & (found.values != 0))
    assert found.significant_pixels.any()
    assert not found.significant_pixels.all()
    with pytest.raises(UsageError, match="interpolation 'cubic' is not known: choose smooth or nearest"):
        study.plot.overlay(interpolation="cubic")


def test_marginal_maps_alone_are_enough_but_tell_nothing_of_significance(tmp_path, maps):
    study = make_study(tmp_path, maps, channels=3, keep_maps="mean")
    found = overlay.data(study, images=[2], methods=["gradient"])
    assert found[0].significant_pixels is None
    figure = overlay.draw(found)
    assert not any("significant" in axes.get_xlabel() for axes in figure.axes)
    with pytest.raises(UsageError, match="--keep-maps all"):
        overlay.draw(found, masked=True)


def test_without_maps_it_says_how_to_get_them(tmp_path, maps):
    study = make_study(tmp_path, maps, channels=3, keep_maps="none")
    with pytest.raises(UsageError, match="--keep-maps"):
        study.plot.overlay()


def test_the_data_are_what_is_drawn(study):
    found = overlay.data(study, images=[2])
    table = overlay.table(found)
    assert table["method"].tolist() == ["gradient", "gradcam(layer=top)", "lime"]
    held = np.load(io.BytesIO(overlay.arrays(found)), allow_pickle=False)
    np.testing.assert_array_equal(held["01/marginal"], found[1].values.astype(np.float32))
    assert "02/marginal" not in held
    assert json.loads(held["rows"][2])["reason"] == "too few segments"


def test_plots_reach_it(study):
    picture, tile = study.plot.overlay(images=[0], methods=["gradient"], masked=True).axes
    (bar,) = tile.child_axes
    assert [label.get_text() for label in bar.get_yticklabels()][1] == "0"
    assert not picture.child_axes
