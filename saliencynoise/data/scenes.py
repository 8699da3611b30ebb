"""Pictures drawn from random numbers: an object on a textured ground, among distractors.

Everything is laid out in a unit square, so the same numbers give the same scene at any size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from saliencynoise.data.outlines import OUTLINES, REACH, bar, blob

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Float32, Int, UInt8

NUMBERS = 128
"""The most random numbers that a picture may take."""

_GROUND_WAVES, _OBJECT_WAVES = 5, 3
_MARGIN = 0.03  # share of the picture outside of every object
_DISTRACTORS = 3  # at most; one at least


@dataclass
class _Draws:
    """Rows of numbers, uniform in 0 to 1, one row per picture, taken from left to right."""

    rows: Float32[np.ndarray, "N P"]
    taken: int = 0

    def take(self, low: float, high: float, *shape: int) -> Float32[np.ndarray, "N ..."]:
        count = int(np.prod(shape))
        if self.taken + count > self.rows.shape[1]:
            raise ValueError(f"a picture takes more than {self.rows.shape[1]} random numbers")
        numbers = self.rows[:, self.taken : self.taken + count].reshape(-1, *shape)
        self.taken += count
        return low + (high - low) * numbers


def draw_scenes(
    numbers: Float[np.ndarray, "N P"], labels: Int[np.ndarray, " N"], size: int, *, objects: bool = True
) -> tuple[UInt8[np.ndarray, "N 3 size size"], Bool[np.ndarray, "N size size"]]:
    """Return pictures, and masks of the pixels that the object covers wholly or in part.

    The class decides the outline of the object and nothing else: of its place, size, turn, colour and texture and of
    all that is not the object, each is made of other numbers than the label.

    Args:
        numbers: uniform in 0 to 1, `NUMBERS` a picture.
        labels: the classes, places in `OUTLINES`.
        size: height and width in pixels.
        objects: False to leave the object out, and all else as it is.
    """
    draws = _Draws(numbers.astype(np.float32))
    radius = draws.take(0.14, 0.2)[:, None, None]
    span = 1 - 2 * (_MARGIN + REACH * radius)
    centre = 0.5 + 0.5j + span * (draws.take(-0.5, 0.5, 1, 1) + 1j * draws.take(-0.5, 0.5, 1, 1))
    turn = np.exp(1j * draws.take(0, 2 * np.pi, 1, 1)).astype(np.complex64)
    colour = draws.take(0.25, 0.75, 3, 1, 1)
    pixels = (np.arange(size, dtype=np.float32) + 0.5) / size
    points = (pixels + 1j * pixels[:, None]).astype(np.complex64)

    picture = colour + _texture(draws, _GROUND_WAVES, size)
    ours = _beside(draws, colour) + _texture(draws, _OBJECT_WAVES, size)
    for index in range(_DISTRACTORS):
        shown = draws.take(0, _DISTRACTORS, 1, 1) >= index  # the first always
        covered = _coverage(_distractor(draws, points, centre, radius), size) * shown
        picture += covered[:, None] * (_beside(draws, colour) + _texture(draws, 1, size) - picture)
    covered = _coverage(_object((points - centre) * turn / radius, labels) * radius, size)
    if objects:
        picture += covered[:, None] * (ours - picture)
    return (picture.clip(0, 1) * 255).round().astype(np.uint8), covered > 0


def _object(points: np.ndarray, labels: Int[np.ndarray, " N"]) -> Float32[np.ndarray, "N H W"]:
    """Return the distance from each picture's figure, in radii."""
    distances = np.empty(points.shape, np.float32)
    for label, outline in enumerate(OUTLINES.values()):
        rows = labels == label
        distances[rows] = outline(points[rows].astype(np.complex64))
    return distances


def _distractor(
    draws: _Draws, points: np.ndarray, centre: np.ndarray, radius: Float32[np.ndarray, "N 1 1"]
) -> Float32[np.ndarray, "N H W"]:
    """Return the distance from a bar or a blob somewhere outside of the object."""
    offset = draws.take(0.02, 0.98, 1, 1) + 1j * draws.take(0.02, 0.98, 1, 1) - centre
    offset = offset * np.maximum(1, (radius + 0.14) / np.maximum(np.abs(offset), 1e-6))
    local = (points - centre - offset) * np.exp(1j * draws.take(0, 2 * np.pi, 1, 1))
    local = local.astype(np.complex64)
    long = bar(local, draws.take(0.07, 0.14, 1, 1), draws.take(0.02, 0.035, 1, 1))
    round_ = blob(local, draws.take(0.05, 0.08, 1, 1), draws.take(0.2, 0.4, 1, 1))
    return np.where(draws.take(0, 1, 1, 1) < 0.5, long, round_)


def _beside(draws: _Draws, colour: Float32[np.ndarray, "N 3 1 1"]) -> Float32[np.ndarray, "N 3 1 1"]:
    """Return a colour that differs from the ground's in each channel, in either direction if the range allows it."""
    step = draws.take(0.2, 0.5, 3, 1, 1) * np.where(draws.take(0, 1, 3, 1, 1) < 0.5, -1, 1)
    shifted = colour + step
    beside: Float32[np.ndarray, "N 3 1 1"] = np.where((shifted < 0) | (shifted > 1), colour - step, shifted).clip(0, 1)
    return beside


def _texture(draws: _Draws, waves: int, size: int) -> Float32[np.ndarray, "N 3 size size"]:
    """Return a sum of coloured gratings of 2 to 8 periods a picture, of any direction: noise of a limited band."""
    frequency = draws.take(2, 8, waves, 1) * np.exp(1j * draws.take(0, np.pi, waves, 1))
    phase, tint = draws.take(0, 2 * np.pi, waves, 1), draws.take(-0.12, 0.12, waves, 3)
    pixels = (np.arange(size, dtype=np.float32) + 0.5) / size
    # cos(a + b) = cos a cos b - sin a sin b: rows and columns apart, put together by one product of matrices
    across = 2 * np.pi * frequency.real * pixels
    down = 2 * np.pi * frequency.imag * pixels + phase
    left = np.concatenate([np.cos(down), -np.sin(down)], 1)[:, None].swapaxes(2, 3)
    left = left * np.concatenate([tint, tint], 1).transpose(0, 2, 1)[:, :, None]
    right = np.concatenate([np.cos(across), np.sin(across)], 1)[:, None]
    texture: Float32[np.ndarray, "N 3 size size"] = left.astype(np.float32) @ right.astype(np.float32)
    return texture


def _coverage(distances: Float32[np.ndarray, "N H W"], size: int) -> Float32[np.ndarray, "N H W"]:
    """Return the share of each pixel inside the outline, which is assumed to be straight within a pixel."""
    return (0.5 - distances * size).clip(0, 1).astype(np.float32)
