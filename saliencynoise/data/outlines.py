"""Outlines as signed distances: negative inside, in units of the coordinates, every figure of area pi.

As all figures have one area, the covered share does not distinguish them. Points are complex: x + iy, y downwards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from jaxtyping import Complex64, Complex128, Float32

    Points = Complex64[np.ndarray, "..."]
    Distances = Float32[np.ndarray, "..."]

REACH = 1.56
"""No figure reaches further from its centre."""

_HOLE = 0.55  # radius of a ring's hole over its own
_DENT = 0.45  # radius of a star's inner corners over that of its outer ones


def disc(points: Points) -> Distances:
    """Return the distance from a disc of radius 1."""
    distances: Distances = np.abs(points) - 1
    return distances


def ring(points: Points) -> Distances:
    """Return the distance from a ring."""
    outer = (1 - _HOLE**2) ** -0.5
    distances: Distances = np.abs(np.abs(points) - outer * (1 + _HOLE) / 2) - outer * (1 - _HOLE) / 2
    return distances


def polygon(corners: Complex128[np.ndarray, " corners"]) -> Callable[[Points], Distances]:
    """Return the distance from a polygon whose corners are given, scaled to the area pi."""
    following = np.roll(corners, -1)
    area = abs((np.conj(corners) * following).imag.sum() / 2)
    edges = [(complex(a), complex(b)) for a, b in np.stack([corners, following], 1) * (np.pi / area) ** 0.5]

    def distance(points: Points) -> Distances:
        nearest = np.full(points.shape, np.inf, np.float32)
        inside = np.zeros(points.shape, bool)
        for start, end in edges:
            edge, offset = end - start, points - np.complex64(start)
            along = np.clip((offset * np.complex64(edge.conjugate())).real / np.float32(abs(edge) ** 2), 0, 1)
            np.minimum(nearest, np.abs(offset - along * np.complex64(edge)), out=nearest)
            # a ray to the right crosses the edge: an odd number of crossings is inside. Both edges of a corner
            # must round it alike, or a ray that touches it crosses one only
            crosses = (points.imag >= np.float32(start.imag)) != (points.imag >= np.float32(end.imag))
            side = offset.real * np.float32(edge.imag) < offset.imag * np.float32(edge.real)
            inside ^= crosses & (side == (edge.imag > 0))
        return np.where(inside, -nearest, nearest)

    return distance


def _star() -> Complex128[np.ndarray, " corners"]:
    turns = np.exp(2j * np.pi * np.arange(10) / 10)
    corners: Complex128[np.ndarray, " corners"] = turns * np.where(np.arange(10) % 2, _DENT, 1)
    return corners


def _cross() -> Complex128[np.ndarray, " corners"]:
    quarter = np.array([1 - 1j, 3 - 1j, 3 + 1j])
    return np.concatenate([quarter * 1j**k for k in range(4)])


OUTLINES: Mapping[str, Callable[[Points], Distances]] = {
    "disc": disc,
    "square": polygon(np.exp(2j * np.pi * np.arange(4) / 4)),
    "triangle": polygon(np.exp(2j * np.pi * np.arange(3) / 3)),
    "cross": polygon(_cross()),
    "ring": ring,
    "star": polygon(_star()),
}
"""The classes of `shapes`."""


def bar(points: Points, length: Distances, width: Distances) -> Distances:
    """Return the distance from a rectangle of these half sides, with round ends."""
    beyond = np.maximum(np.abs(points.real) - length, 0)
    distances: Distances = np.hypot(beyond, points.imag) - width
    return distances


def blob(points: Points, radius: Distances, dents: Distances) -> Distances:
    """Return about the distance from a round thing with three bumps, `dents` deep (in units of the radius)."""
    distances: Distances = np.abs(points) - radius * (1 + dents * np.cos(3 * np.angle(points)))
    return distances
