from __future__ import annotations

import numpy as np
import pytest

from saliencynoise.data.sizes import check_image_size, median_side
from saliencynoise.interfaces import UsageError


@pytest.mark.parametrize("size", [4, 16, 4096])
def test_sizes_that_can_be_used(size):
    assert check_image_size(size) == size


@pytest.mark.parametrize("size", [3, 0, -16, 4097, 10**9])
def test_other_sizes_are_refused_with_the_limits(size):
    with pytest.raises(UsageError, match=rf"^image size {size} cannot be used: choose 4 to 4096 pixels$"):
        check_image_size(size)


def test_the_median_is_that_of_the_shorter_sides():
    rng = np.random.default_rng(0)
    sizes = [tuple(pair) for pair in rng.integers(5, 100, (101, 2)).tolist()]
    assert median_side(sizes) == np.median([min(pair) for pair in sizes])


def test_of_two_medians_the_lower():
    assert median_side([(10, 90), (20, 90)]) == 10


@pytest.mark.parametrize(("sizes", "word"), [([(1, 1), (3, 50)], "less"), ([(5000, 6000)], "more")])
def test_a_median_that_cannot_be_used_asks_for_a_size(sizes, word):
    with pytest.raises(UsageError, match=rf"pixels or {word}, .* give an image size of 4 to 4096 pixels$"):
        median_side(sizes)
