import numpy as np
import pytest

from saliencynoise.display.figures.averages import average_of
from saliencynoise.explanation.figure import ExplanationRow, draw

PICTURE = np.random.default_rng(0).integers(256, size=(3, 8, 8), dtype=np.uint8)


def row(maps, *, method="gradient", **options):
    return ExplanationRow(method=method, picture=PICTURE, maps=maps, **options)


@pytest.fixture
def maps():
    return np.random.default_rng(1).normal(size=(6, 3, 8, 8)) + np.where(np.arange(8) < 3, 2.0, 0.0)


def test_a_row_shows_members_mean_noise_and_significance_on_one_scale(maps):
    figure = draw([row(maps, lines=["reliability 0.91 (0.85 to 0.95)"])], singles=2)
    found = average_of(maps)
    tiles = [axes.images[0] for axes in figure.axes[1:6]]
    expected = [
        found.unit[0].sum(0),
        found.unit[1].sum(0),
        found.mean.sum(0),
        found.noise,
        found.mean_where_significant,
    ]
    for tile, values in zip(tiles, expected, strict=True):
        np.testing.assert_allclose(tile.get_array(), values)
    limit = np.percentile(np.abs(np.concatenate(expected)), 99.5)
    assert {tile.get_clim() for tile in tiles} == {(-limit, limit)}
    label = figure.axes[0].get_ylabel().split("\n")
    assert label == ["gradient", "reliability 0.91 (0.85 to 0.95)", f"{found.share:.0%} of values significant"]
    over = figure.axes[6]
    np.testing.assert_allclose(over.images[1].get_array(), found.mean.sum(0))
    assert over.collections[0].get_segments()


def test_what_was_tested_before_is_not_tested_again(maps):
    significant = np.zeros((3, 8, 8), dtype=bool)
    significant[1, 2, 3] = True  # 1 of 192
    figure = draw([row(maps, significant=significant)], singles=2)
    shown = figure.axes[5].images[0].get_array()
    np.testing.assert_allclose(shown, np.where(significant, average_of(maps).mean, 0).sum(0))
    assert figure.axes[0].get_ylabel().endswith("<1% of values significant")


def test_without_a_marginal_map_nothing_is_laid_over_the_picture(maps):
    figure = draw([row(maps, no_marginal="too few", lines=["reliability 0.91"])], singles=2)
    assert not figure.axes[6].images
    assert words(figure) == ["failed"]
    assert figure.axes[0].get_ylabel().endswith("significant\nno marginal map: it failed")
    assert "reliability 0.91" in figure.axes[0].get_ylabel()


def words(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts if text.get_text()]


def test_zero_nan_failed_and_too_few_members_are_drawn_as_such(maps):
    nothing = np.full((6, 1, 4, 4), np.nan)
    rows = [row(np.zeros((6, 1, 4, 4))), row(nothing), row(None, reason="no such layer"), row(maps[:1])]
    shown = words(draw(rows, singles=1))
    assert shown.count("all zero") == 5
    assert shown.count("all NaN") == 5
    assert shown.count("failed: no such layer") == 1
    assert shown.count("needs two\nmembers") == 2
    assert len(shown) == 13
    assert len(draw([row(None, reason="no")]).axes) == 2
