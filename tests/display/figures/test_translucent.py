import numpy as np
import pytest

from saliencynoise.display.figures.canvas import grid
from saliencynoise.display.figures.translucent import draw_overlay, greyed, opacity, overlaid, translucent


def test_opacity_grows_with_the_value_and_zero_is_transparent():
    covers = opacity(np.linspace(0, 1.5, 300))
    assert covers[0] == 0
    assert (np.diff(covers[:200]) > 0).all()
    assert covers[-1] == covers[200] < 1, "beyond the limit the colour goes on, and the picture shows"


def test_positive_is_red_negative_blue_and_zero_the_ground():
    colours = translucent()(np.array([0.0, 0.5, 1.0]))
    assert colours[0, 2] > colours[0, 0]
    assert colours[2, 0] > colours[2, 2]
    assert np.ptp(colours[1, :3]) == 0


def test_luma_is_that_of_pillow():
    image = pytest.importorskip("PIL.Image")
    picture = np.random.default_rng(0).integers(256, size=(3, 6, 4), dtype=np.uint8)
    luma = np.asarray(image.fromarray(picture.transpose(1, 2, 0)).convert("L"))
    np.testing.assert_allclose((greyed(picture) - 0.6) / 0.4 * 255, luma, atol=1)


PICTURE = np.full((1, 4, 4), 100, dtype=np.uint8)


def test_a_coarse_map_is_smooth_over_its_picture_and_stays_between_its_values():
    values = np.array([[0.0, 1.0], [0.0, 1.0]])
    smooth = overlaid(PICTURE, values, limit=1.0)
    steps = np.abs(np.diff(smooth[100, :, 1]))
    assert len(smooth) >= 256
    assert steps.max() < 0.02, "no jagged edge"
    assert smooth.min() >= 0
    rough = overlaid(PICTURE, values, limit=1.0, interpolation="nearest")
    assert np.abs(np.diff(rough[100, :, 1])).max() > 0.3
    assert (smooth[..., 0] >= smooth[..., 2] - 1e-9).all(), "no blue: a cubic's overshoot below zero is cut"


def drawn(values, **options):
    axes = grid(1, 1, left=0).place(0, 0)
    draw_overlay(axes, PICTURE, values, **options)
    return axes


def test_only_significant_pixels_are_coloured_where_they_are_named():
    values = np.array([[1.0, -2.0], [np.nan, 3.0]])
    significant = np.array([[True, False], [False, False]])
    shown = drawn(values, limit=3.0, significant_pixels=significant, interpolation="nearest").images[0].get_array()
    coloured = np.ptp(shown, axis=-1) > 1e-9
    assert coloured[:100, :100].all()
    assert not coloured[:, 140:].any()


def test_zero_shows_the_picture_and_nan_is_crossed():
    zero = drawn(np.zeros((2, 2)), limit=0.0)
    assert [text.get_text() for text in zero.texts] == ["all zero"]
    assert not zero.patches
    nan = drawn(np.array([[np.nan, 1.0], [1.0, 1.0]]), limit=1.0)
    assert nan.patches[0].get_hatch()
    assert nan.patches[0].get_path().contains_point((1, 1))
    assert not nan.patches[0].get_path().contains_point((3, 1))
