"""Every figure at the widths of a paper: letters of 7 points, no text on another or beyond the edge, honest keys."""

import itertools
import re
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.text import Text

from saliencynoise.display.figures.plain import PlainFigure
from saliencynoise.display.figures.room import Room
from saliencynoise.display.figures.widths import WIDTHS
from saliencynoise.explanation.figure import ExplanationRow
from saliencynoise.explanation.figure import draw as draw_explanation
from saliencynoise.interfaces import UsageError
from tests.studies import make_study, noisy_maps

LONG = "gradcam(layer=intermediate)"
FIGURES = ("maps", "overlay", "bars", "curve", "classes", "ssim", "members", "components")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    draws = torch.stack([noisy_maps(snr=2, seed=3), noisy_maps(snr=2, seed=4)], 1)
    maps = {
        ("net", "gradient"): noisy_maps(snr=0.2),
        ("net", "integrated_gradients"): noisy_maps(seed=1),
        ("net", LONG): noisy_maps(shape=(1, 4, 4), snr=20, seed=2),
        ("net", "smoothgrad"): draws,
        ("net", "lime"): "too few segments",
    }
    return make_study(tmp_path_factory.mktemp("study"), maps, classes=("cat", "dog", "a kind of bird"))


@pytest.fixture(scope="module")
def explained():
    picture = np.random.default_rng(0).integers(256, size=(3, 8, 8), dtype=np.uint8)
    maps = np.random.default_rng(1).normal(size=(6, 3, 8, 8)) + np.where(np.arange(8) < 3, 2.0, 0.0)
    lines = ["reliability 0.91 [0.85, 0.95]"]
    rows = [ExplanationRow(method=name, picture=picture, maps=maps, lines=lines) for name in ("gradient", LONG)]
    return lambda room: draw_explanation(rows, title="class '3', probability 98%", room=room)


def texts_of(figure):
    """The texts that are drawn: of the numbers along an axis, those between its ends."""
    drawn = []
    own = Text.draw

    def draw(text, renderer):
        drawn.append(text)
        own(text, renderer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", draw)
        figure.draw_without_rendering()
    return [text for text in drawn if text.get_visible() and text.get_text().strip()]


def overlaps(figure):
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts_of(figure)]
    return [
        (one, other)
        for (one, a), (other, b) in itertools.combinations(boxes, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1.5
    ]


def outside(figure):
    width, height = figure.bbox.width, figure.bbox.height
    return [
        text.get_text()
        for text in texts_of(figure)
        for box in [text.get_window_extent()]
        if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1
    ]


def keyed(figure):
    """The entries of a figure's legends, and those for which nothing is drawn."""
    drawn = set()
    for axes in figure.axes:
        drawn |= {line.get_label() for line in axes.lines if len(line.get_xdata())}
        drawn |= {patch.get_label() for patch in axes.patches}
        drawn |= {image.get_label() for image in axes.images}
        drawn |= {each.get_label() for each in axes.collections if len(each.get_paths())}
        drawn |= {each.get_label() for each in axes.containers if len(each)}
    entries = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return entries, [entry for entry in entries if entry not in drawn]


def check(figure):
    assert min(text.get_fontsize() for text in texts_of(figure)) >= 7
    assert not overlaps(figure)
    assert not outside(figure)
    entries, absent = keyed(figure)
    assert not absent
    assert len(set(entries)) == len(entries)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_can_be_printed(study, name, width):
    figure = getattr(study.plot, name)(figsize=width)
    assert figure.get_figwidth() == WIDTHS[width]
    check(figure)


@pytest.mark.parametrize("width", WIDTHS.values())
def test_an_explanation_can_be_printed(explained, width):
    check(explained(Room(width=width)))


def test_the_checks_find_what_is_wrong():
    figure = PlainFigure(figsize=(3, 2))
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    axes.plot([], [], label="nothing")
    figure.legend()
    figure.text(0.5, 0.5, "one", fontsize=6)
    figure.text(0.5, 0.5, "two")
    figure.text(0.99, 0.5, "beyond")
    assert keyed(figure)[1] == ["nothing"]
    assert ("one", "two") in overlaps(figure)
    assert "beyond" in outside(figure)
    with pytest.raises(AssertionError):
        check(figure)


@pytest.mark.parametrize("name", ["bars", "curve", "classes", "ssim", "components", "maps"])
def test_no_title_breaks_a_word(study, name):
    figure = getattr(study.plot, name)(figsize="column", methods=["integrated_gradients", LONG])
    words = [text.get_text() for text in texts_of(figure)]
    assert not [text for text in words if re.search(r"[A-Za-z0-9_]\n_?[a-z_0-9]*_", text)]


def test_a_figure_is_drawn_into_given_axes(study):
    figure, axes = plt.subplots(1, 2)
    assert study.plot.curve(ax=axes, methods=["gradient", "smoothgrad"]) is figure
    assert axes[1].get_title() == "smoothgrad"
    one = plt.figure().add_subplot()
    study.plot.classes(one, methods="gradient")
    assert one.get_title() == "gradient"
    tiles = plt.figure().subplots(1, 2)
    study.plot.maps(tiles, methods="gradient", columns=["picture", "mean"])
    assert all(axes.images for axes in tiles)
    plt.close("all")


def test_a_figure_is_drawn_into_a_part_of_a_figure(study):
    whole = plt.figure(figsize=(7, 4), layout="constrained")
    left, right = whole.subfigures(1, 2)
    assert study.plot.curve(left, methods="gradient") is whole
    study.plot.maps(right, methods="gradient")
    assert left.axes
    assert right.axes
    loose = plt.figure().subfigures(1, 2)[0]
    with pytest.raises(UsageError, match="layout='constrained'"):
        study.plot.curve(loose)
    plt.close("all")


def test_a_wrong_place_size_or_parameter_says_what_is_right(study):
    axes = plt.figure().add_subplot()
    with pytest.raises(UsageError, match=r"ax is one pair of axes, but this figure has 5 panels \(methods\)"):
        study.plot.curve(ax=axes)
    plt.close("all")
    for figsize, words in (
        ("wide", "width 'wide' is not known: choose 'column'"),
        (1, "width 1 is not possible: choose 2.5 to 40 inches"),
        ((5, 3, 1), "give a width, or a width and a height"),
    ):
        with pytest.raises(UsageError, match=words):
            study.plot.bars(figsize=figsize)
    with pytest.raises(UsageError, match="ax is int, which is no place to draw"):
        study.plot.bars(ax=3)
    with pytest.raises(UsageError, match="bars has no parameter 'images'; it has ax, figsize, columns, methods"):
        study.plot.bars(images=[0])
    with pytest.raises(UsageError, match="no column 'r'; choose from published SNR, SNR"):
        study.plot.bars(columns="r")
    with pytest.raises(UsageError, match="columns do not fit into 2"):
        study.plot.maps(figsize=2.5, columns=["picture", "members", "mean", "noise"])


def test_a_string_is_a_list_of_one(study):
    assert len(study.plot.classes(methods="gradient", architectures="net").axes) == 1


def test_a_figure_is_saved_at_a_width_in_three_formats(study, tmp_path):
    figure = study.plot.curve(methods="gradient")
    image = plt.imread(figure.save(tmp_path / "a.png", width="column"))
    assert image.shape[1] == 3.25 * 300
    page = figure.save(tmp_path / "a.pdf", width=5.5).read_bytes()
    assert b"/MediaBox [ 0 0 396 " in page  # points
    assert b'width="396pt"' in figure.save(tmp_path / "a.svg", width=5.5).read_bytes()
    with pytest.raises(UsageError, match="the format 'jpg' is not known"):
        figure.save(tmp_path / "a.jpg")
    assert figure.get_figwidth() == 9, "the figure itself stays"


def test_pyplot_shows_a_figure_once(study):
    plt.close("all")
    figure = study.plot.bars(methods="gradient")
    assert [plt.figure(number) for number in plt.get_fignums()] == [figure]
    bundle, sizes = figure._repr_mimebundle_()
    assert bundle["image/png"].startswith(b"\x89PNG")
    assert sizes["image/png"]["width"] == 9 * 96
    assert not plt.get_fignums(), "or the end of a notebook's cell would show it again"


def test_no_figure_needs_pyplot(study):
    code = (
        "import sys; from saliencynoise import Study; from pathlib import Path; "
        f"Study.load({str(study.folder)!r}).plot.bars(); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
