import numpy as np
import pytest

from saliencynoise.display.figures.captioned import CaptionedFigure, MissingFigure
from saliencynoise.report.figures.choice import choose
from saliencynoise.report.figures.study_figures import FIGURES, figures_of
from tests.studies import make_study, noisy_maps


def map_figures(study):
    return {figure.name: figure for figure in figures_of(study) if figure.name in {"maps", "overlay"}}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    made = {("net", "lime"): "too few segments", ("net", "gradient"): noisy_maps(shape=(3, 8, 8))}
    return make_study(tmp_path_factory.mktemp("study"), made, channels=3)


def test_the_picture_is_the_median_one(study):
    r = study.images.query("method == 'gradient'")["snr_raw"].to_numpy()
    chosen = choose(study)
    assert r[chosen.image] == np.sort(r)[2]
    assert (
        f"made/{chosen.image} (class {('cat', 'dog')[chosen.image % 2]}): its r of raw maps by gradient, "
        in chosen.words
    )
    assert f"{r[chosen.image]:.2f}, is the median of 6 images" in chosen.words


def test_maps_and_overlay_come_first_with_captions_and_data(study):
    assert list(FIGURES)[:2] == ["maps", "overlay"]
    for own in map_figures(study).values():
        assert isinstance(own, CaptionedFigure)
        assert own.pictorial
        assert own.arrays[:2] == b"PK"  # an .npz is a zip
        assert "lime on net failed:" in own.alt
        assert "5% false discoveries" in " ".join([own.caption, *own.notes])
        assert "gradient" in own.alt
        assert own.data["method"].tolist() == ["lime", "gradient"]


def test_no_figure_has_more_than_twelve_rows(tmp_path):
    nets = {(f"net{at}", "gradient"): noisy_maps(images=3) for at in range(14)}
    chosen = choose(make_study(tmp_path / "a", nets))
    assert len(chosen.architectures) == 12
    assert "The figure shows net0, " in chosen.words
    assert "of 14 architectures." in chosen.words
    methods = {("net", f"method{at}"): noisy_maps(images=3) for at in range(13)}
    chosen = choose(make_study(tmp_path / "b", methods))
    assert list(chosen.methods) == [f"method{at}" for at in range(12)]
    assert "The figure shows the first 12 of 13 methods." in chosen.words


def test_an_architecture_that_works_is_shown(tmp_path):
    cells = {("net0", f"method{at}"): "out of memory" for at in range(8)}
    cells |= {("net1", f"method{at}"): noisy_maps(images=3) for at in range(8)}
    assert list(choose(make_study(tmp_path, cells)).architectures) == ["net1"]


def test_what_was_not_kept_is_missing_with_the_reason(tmp_path):
    made = {("net", "gradient"): noisy_maps(images=3)}
    found = map_figures(make_study(tmp_path / "mean", made, keep_maps="mean"))
    assert isinstance(found["maps"], MissingFigure)
    assert "--keep-maps all" in found["maps"].reason
    assert isinstance(found["overlay"], CaptionedFigure)
    assert "is not known" in found["overlay"].notes[1]
    found = map_figures(make_study(tmp_path / "none", made, keep_maps="none"))
    assert {type(own) for own in found.values()} == {MissingFigure}
