import doctest
import math

import pandas as pd
import pytest
import torch

from saliencynoise.display.figures.captioned import MOST_WORDS, MissingFigure
from saliencynoise.report.figures import classes, texts
from saliencynoise.report.figures.study_figures import FIGURES, figures_of
from tests.studies import make_study, noisy_maps


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    hostile = "<script>$x{%" + "n" * 200
    maps = {
        ("net", "gradient"): noisy_maps(images=4),
        ("net", hostile): noisy_maps(images=4, snr=9.0, seed=1),
        ("net", "lime"): "too few segments",
    }
    return make_study(tmp_path_factory.mktemp("study"), maps)


@pytest.mark.parametrize("module", [classes, texts])
def test_examples(module):
    assert doctest.testmod(module).failed == 0


def test_all_figures_are_had_in_order_but_those_of_other_runs_and_of_lists(study):
    found = list(figures_of(study))
    assert [own.name for own in found] == [name for name in FIGURES if name not in {"frontier", "values"}]
    for own in found:
        assert not isinstance(own, MissingFigure), own
        own.figure.draw_without_rendering()
        assert "4 members of each architecture and 4 test images of made" in own.notes[-1] + own.notes[0]
        assert "fewer than 8 members" in own.notes[-1] + own.notes[0]
        assert len(own.caption.split()) <= MOST_WORDS, own.name
        assert len(own.data)
        assert "lime on net failed: too few segments" in own.alt


def equal(*, alike=6):
    """Maps that all members share, and so an infinite r; but for the images from `alike` on."""
    maps = noisy_maps()
    return torch.cat([maps[:1, :alike].expand(4, -1, -1, -1, -1), maps[:, alike:]], 1)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("alike", [6, 3], ids=["all images", "some images"])
def test_maps_that_all_members_share_warn_nowhere(tmp_path, alike):
    study = make_study(tmp_path, {("net", "gradient"): equal(alike=alike), ("net", "lime"): noisy_maps()})
    found = {own.name: own for own in figures_of(study)}
    assert not [own for own in found.values() if isinstance(own, MissingFigure)]
    for own in found.values():
        own.figure.draw_without_rendering()
    assert ("Largest r: ∞" in found["bars"].alt) == (alike == 6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("r", "words"),
    [
        ([math.inf, math.inf, 0.5, 0.2], " Classes differ most for lime on net: 0.20 to 0.50."),
        ([math.inf, 1.0, 0.5, 0.2], " Classes differ most for gradient on net: 1.00 to ∞."),
        ([math.inf, math.inf, math.nan, 0.2], ""),
        ([math.nan] * 4, ""),
    ],
)
def test_classes_of_an_infinite_r_are_compared(study, r, words):
    methods = ["gradient", "gradient", "lime", "lime"]
    found = pd.DataFrame({"architecture": "net", "method": methods, "class": ["cat", "dog"] * 2, "r": r})
    alt = classes.alt(found.assign(status="ok", place=0))
    assert alt.removeprefix("A panel for each method with r of each class.").partition("dog.")[2] == words, alt


def test_alternative_texts_tell_numbers(study):
    told = {own.name: own.alt for own in figures_of(study)}
    r = study.done[0].figures.estimates.snr.value
    assert f"smallest: {r:.2f} [" in told["bars"]
    assert "(gradient)" in told["bars"]
    assert "Largest number of networks for 0.9" in told["curve"]
    assert "By mean rank r is largest for class" in told["classes"]
    assert "Largest cosine of two members" in told["members"]
    assert "Largest share of signal" in told["components"]


def test_a_figure_that_cannot_be_had_stops_no_other(study, tmp_path):
    (tmp_path / "copy").mkdir()
    copy = study.save(tmp_path / "copy")
    for path in (copy.folder / "gram").rglob("*.safetensors"):
        path.unlink()
    found = {own.name: own for own in figures_of(copy)}
    assert isinstance(found["curve"], MissingFigure)
    assert isinstance(found["members"], MissingFigure)
    assert not isinstance(found["bars"], MissingFigure)
