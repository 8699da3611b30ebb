import numpy as np
import pytest

from saliencynoise.display.figures.averages import average_of, colour_limit
from saliencynoise.explanation.figure import ExplanationRow, checked, draw
from saliencynoise.interfaces import UsageError

PICTURE = np.random.default_rng(0).integers(256, size=(3, 8, 8), dtype=np.uint8)


def row(maps, *, method="gradient", **options):
    return ExplanationRow(method=method, picture=PICTURE, maps=maps, **options)


@pytest.fixture
def maps():
    return np.random.default_rng(1).normal(size=(6, 3, 8, 8)) + np.where(np.arange(8) < 3, 2.0, 0.0)


def said(figure):
    return [text.get_text() for text in figure.texts]


def test_a_row_shows_members_mean_and_significance_on_one_scale_and_the_noise_on_its_own(maps):
    columns = ["picture", "member 0", "member 1", "mean", "significant", "noise", "overlay"]
    figure = draw(
        [row(maps, lines=["reliability 0.91 [0.85, 0.95]"])], title="class '3', probability 98%", columns=columns
    )
    found = average_of(maps)
    tiles = [axes.images[0] for axes in figure.axes[1:6]]
    signed = [found.unit[0].sum(0), found.unit[1].sum(0), found.mean.sum(0), found.mean_where_significant]
    for tile, values in zip(tiles, [*signed, found.noise], strict=True):
        np.testing.assert_allclose(tile.get_array(), values)
    limit = colour_limit(signed)
    assert {tile.get_clim() for tile in tiles[:4]} == {(-limit, limit)}
    assert tiles[4].get_clim() == (0.0, colour_limit([found.noise]))
    assert tiles[4].get_cmap().name == "Purples"
    assert [len(axes.child_axes) for axes in figure.axes] == [0, 0, 0, 0, 1, 1, 1]  # a bar beside what it scales
    words = " ".join(said(figure))
    assert "class '3', probability 98%" in words
    assert "reliability 0.91 [0.85, 0.95]" in words
    assert f"{found.share:.0%} of values significant" in words


def test_the_picture_is_drawn_once_for_all_methods(maps):
    figure = draw([row(maps), row(maps, method="lime")], columns=["picture", "mean"])
    assert len(figure.axes) == 3


def test_what_was_tested_before_is_not_tested_again(maps):
    significant = np.zeros((3, 8, 8), dtype=bool)
    significant[1, 2, 3] = True  # 1 of 192
    figure = draw([row(maps, significant=significant)], columns=["significant"])
    shown = figure.axes[0].images[0].get_array()
    np.testing.assert_allclose(shown, np.where(significant, average_of(maps).mean, 0).sum(0))
    assert any("<1% of values significant" in words for words in said(figure))


def test_without_a_marginal_map_nothing_is_laid_over_the_picture(maps):
    figure = draw([row(maps, no_marginal="too few", lines=["reliability 0.91"])], columns=["overlay"])
    assert not figure.axes[0].images
    assert words(figure) == ["failed"]
    assert "no marginal map: it failed" in " ".join(said(figure))


def words(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts if text.get_text()]


def test_zero_nan_failed_and_too_few_members_are_drawn_as_such(maps):
    nothing = np.full((6, 1, 4, 4), np.nan)
    rows = [row(np.zeros((6, 1, 4, 4))), row(nothing), row(None, reason="no such layer"), row(maps[:1])]
    columns = ["picture", "member 0", "mean", "significant", "noise", "overlay"]
    figure = draw(rows, columns=columns)
    shown = words(figure)
    assert shown.count("all zero") == 5
    assert shown.count("all NaN") == 5
    assert shown.count("failed: no such layer") == 1
    assert shown.count("needs two\nmembers") == 2
    assert len(shown) == 13
    key = [text.get_text() for text in figure.legends[0].get_texts()]
    assert key == ["not significant", "NaN", "NaN, over the picture"][-len(key) :]
    assert len(draw([row(None, reason="no")]).axes) == 2


def test_columns_are_checked_before_anything_is_drawn():
    assert checked("picture, member 11") == ("picture", "member 11")
    with pytest.raises(UsageError, match="no column 'sd'; choose from picture, members, mean, significant, noise"):
        checked("sd")
