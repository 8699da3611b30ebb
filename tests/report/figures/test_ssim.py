import math

import numpy as np
import pytest
from scipy import stats

from saliencynoise.report.figures import ssim
from tests.studies import make_study, noisy_maps


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    maps = {
        ("net", "gradient"): noisy_maps(images=16),
        ("net", "gradcam(layer=top)"): noisy_maps(images=16, shape=(1, 2, 2), seed=1),  # too small for SSIM
        ("net", "lime"): "too few segments",
    }
    return make_study(tmp_path_factory.mktemp("study"), maps)


def test_a_row_an_image_with_the_root_of_its_snr(study):
    found = ssim.images_of(study, methods=["gradient"])
    own = study.images[study.images["method"] == "gradient"]
    np.testing.assert_array_equal(found["snr_raw"], own["snr_raw"])
    np.testing.assert_array_equal(found["ssim"], own["ssim"])
    np.testing.assert_allclose(found["amplitude"].abs() ** 2, own["snr_raw"].abs())
    assert (np.sign(found["amplitude"]) == np.sign(own["snr_raw"].to_numpy())).all()


def test_the_correlations_are_scipys(study):
    own = study.images[study.images["method"] == "gradient"]
    roots = np.sign(own["snr_raw"]) * np.sqrt(own["snr_raw"].abs())
    found = ssim.correlations(ssim.images_of(study), seed=0).set_index("method")
    assert found.loc["gradient", "spearman"] == pytest.approx(stats.spearmanr(roots, own["ssim"]).statistic)
    assert found.loc["gradient", "pearson"] == pytest.approx(stats.pearsonr(roots, own["ssim"]).statistic)
    assert found.loc["gradient", "spearman_low"] < found.loc["gradient", "spearman"]
    for method in ("gradcam(layer=top)", "lime"):
        assert math.isnan(found.loc[method, "spearman"])
        assert found.loc[method, "note"].startswith("0 images")


def test_a_panel_a_method_with_a_point_an_image(study):
    panels = study.plot.ssim().axes
    assert [panel.get_title().replace("\n", "") for panel in panels] == ["gradient", "gradcam(layer=top)", "lime"]
    points = panels[0].collections[0].get_offsets()
    np.testing.assert_allclose(points, ssim.images_of(study, methods=["gradient"])[["amplitude", "ssim"]])
    words = [text.get_text() for text in panels[0].texts]
    assert any(word.startswith("Spearman ") and "\nPearson " in word for word in words)
    assert any("failed: too few segments" in text.get_text().replace("\n", " ") for text in panels[2].texts)


def test_a_study_in_which_all_failed_is_drawn(study):
    assert len(study.plot.ssim(methods=["lime"]).axes) == 1
