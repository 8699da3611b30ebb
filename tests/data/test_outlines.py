from __future__ import annotations

import numpy as np
import pytest
from matplotlib.path import Path as Polygon

from saliencynoise.data.outlines import OUTLINES, REACH, bar, blob, polygon

SIDE = 4.0


def grid(count):
    axis = ((np.arange(count) + 0.5) / count - 0.5) * SIDE
    return (axis + 1j * axis[:, None]).astype(np.complex64)


@pytest.mark.parametrize("name", OUTLINES)
def test_every_figure_has_the_area_of_a_disc_of_radius_1_and_a_bounded_reach(name):
    points = grid(800)
    inside = OUTLINES[name](points) < 0
    assert inside.mean() * SIDE**2 == pytest.approx(np.pi, rel=4e-3)
    assert np.abs(points[inside]).max() < REACH


@pytest.mark.parametrize("name", OUTLINES)
def test_distances_are_distances(name):
    """Off the figure's own ridges the slope is 1, as numpy's differences see it."""
    points = grid(401)
    down, across = np.gradient(OUTLINES[name](points).astype(float), SIDE / 401)
    slope = np.hypot(down, across)
    assert np.quantile(np.abs(slope - 1), 0.9) < 0.01
    assert slope[1:-1, 1:-1].max() < 1.03


@pytest.mark.parametrize("corners", [[1 + 0j, -0.3 + 0.8j, -0.9 - 0.7j], [1, 1j, 0.2, -1j], [2 + 2j, 2 - 2j, 1, -1]])
def test_polygons_are_matplotlibs(corners):
    corners = np.array(corners, complex)
    following = np.roll(corners, -1)
    scale = (np.pi / abs((corners.conj() * following).imag.sum() / 2)) ** 0.5
    points = grid(96).ravel()
    expected = Polygon(np.stack([corners.real, corners.imag], 1) * scale).contains_points(
        np.stack([points.real, points.imag], 1)
    )
    for turned in (corners, corners[::-1]):
        assert np.array_equal(polygon(turned)(points) < 0, expected)


def test_bars_and_blobs():
    assert bar(np.array([0, 3, 5, 1 + 2j], np.complex64), np.float32(3), np.float32(1)).tolist() == [-1, -1, 1, 1]
    points = 2 * np.exp(2j * np.pi * np.arange(6) / 6).astype(np.complex64)
    assert blob(points, np.float32(1), np.float32(0.5)) == pytest.approx([0.5, 1.5] * 3, abs=1e-5)
