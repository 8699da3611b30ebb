"""Grids of features: the shapes that they may have."""

from __future__ import annotations

import math

import pytest

from saliencynoise.interfaces.grids import mismatch, token_grid


@pytest.mark.parametrize(
    ("length", "size", "grid", "prefix"),
    [
        (196, (224, 224), (14, 14), 0),
        (197, (224, 224), (14, 14), 1),
        (198, (224, 224), (14, 14), 2),
        (65, (64, 64), (8, 8), 1),
        (32, (32, 64), (4, 8), 0),
        (33, (64, 32), (8, 4), 1),
    ],
)
def test_tokens_form_the_grid_that_has_the_ratio_of_the_images(length, size, grid, prefix):
    assert token_grid(length, size) == (grid, prefix)


def test_tokens_that_form_no_grid_over_the_images_are_none():
    assert token_grid(15, (32, 32)) is None
    assert token_grid(197, (224, 224), prefixes=(0,)) is None


def test_a_reduction_of_the_images_rounds_either_way():
    assert mismatch((7, 10), (224, 320)) == pytest.approx(0)
    assert mismatch((4, 5), (30, 39)) == pytest.approx(abs(math.log(4 / 5) - math.log(30 / 39)))
    assert mismatch((7, 768), (224, 224)) == math.inf
