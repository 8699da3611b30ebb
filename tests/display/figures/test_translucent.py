import numpy as np
import pytest

from saliencynoise.display.figures.canvas import grid
from saliencynoise.display.figures.translucent import draw_overlay, greyed, outline, translucent


def test_opacity_grows_with_the_value_and_zero_is_transparent():
    colours = translucent()(np.linspace(0, 1, 257))
    alpha = colours[:, 3]
    assert alpha[128] == 0
    assert (alpha[0], alpha[-1]) == (1, 1)
    assert (np.diff(alpha[128:]) > 0).all()
    np.testing.assert_allclose(alpha, alpha[::-1], atol=1e-12)
    assert colours[0, 2] > colours[0, 0]  # negative is blue
    assert colours[-1, 0] > colours[-1, 2]  # positive is red
    assert translucent()(np.ma.masked_invalid([np.nan]))[0, 3] == 0


def test_the_ends_of_the_colours_go_on():
    palette = translucent()
    np.testing.assert_array_equal(palette(1.5), palette(1.0))
    np.testing.assert_array_equal(palette(-0.5), palette(0.0))


def test_luma_is_that_of_pillow():
    image = pytest.importorskip("PIL.Image")
    picture = np.random.default_rng(0).integers(256, size=(3, 6, 4), dtype=np.uint8)
    luma = np.asarray(image.fromarray(picture.transpose(1, 2, 0)).convert("L"))
    np.testing.assert_allclose((greyed(picture) - 0.35) / 0.6 * 255, luma, atol=1)


def test_the_outline_is_every_edge_between_in_and_out():
    cells = np.random.default_rng(1).random((5, 4)) < 0.5
    drawn = {frozenset(map(tuple, segment)) for segment in outline(cells, extent=(10, 12)).get_segments()}
    inside = lambda y, x: 0 <= y < 5 and 0 <= x < 4 and bool(cells[y, x])  # noqa: E731 - one line says it
    expected = {
        frozenset([(3.0 * x, 2.0 * y), (3.0 * x, 2.0 * y + 2)])
        for y in range(5)
        for x in range(5)
        if inside(y, x - 1) != inside(y, x)
    } | {
        frozenset([(3.0 * x, 2.0 * y), (3.0 * x + 3, 2.0 * y)])
        for y in range(6)
        for x in range(4)
        if inside(y - 1, x) != inside(y, x)
    }
    assert drawn == expected
    assert not outline(np.zeros((2, 2), dtype=bool), extent=(2, 2)).get_segments()


PICTURE = np.full((1, 4, 4), 100, dtype=np.uint8)


def overlaid(values, **options):
    axes = grid(1, 1, left=0).place(0, 0)
    draw_overlay(axes, PICTURE, values, **options)
    return axes


def test_masked_colours_the_significant_pixels_only():
    values = np.array([[1.0, -2.0], [np.nan, 3.0]])
    significant_pixels = np.array([[True, False], [False, False]])
    shown = overlaid(values, limit=3.0, significant_pixels=significant_pixels, masked=True).images[1].get_array()
    assert shown.filled(-9).tolist() == [[1.0, 0.0], [-9.0, 0.0]]
    plain = overlaid(values, limit=3.0, significant_pixels=significant_pixels).images[1].get_array()
    assert plain.filled(-9).tolist() == [[1.0, -2.0], [-9.0, 3.0]]


def test_zero_shows_the_picture_and_nan_is_crossed():
    zero = overlaid(np.zeros((2, 2)), limit=0.0)
    assert len(zero.images) == 1
    assert [text.get_text() for text in zero.texts] == ["all zero"]
    assert zero.patches[0].get_path().vertices.size == 0
    nan = overlaid(np.array([[np.nan, 1.0], [1.0, 1.0]]), limit=1.0)
    assert nan.patches[0].get_hatch()
    assert nan.patches[0].get_path().contains_point((1, 1))
    assert not nan.patches[0].get_path().contains_point((3, 1))
