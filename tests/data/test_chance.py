import doctest

import pytest
import torch
from scipy.stats import binomtest

from saliencynoise.data import chance
from saliencynoise.data.chance import largest_share, p_by_chance, too_few


def test_the_example_holds():
    assert doctest.testmod(chance) == (0, 2)


@pytest.mark.parametrize("correct", [0, 1, 7, 15, 20])
@pytest.mark.parametrize("rare", [1, 5, 10])
def test_the_p_is_that_of_the_exact_binomial_test(correct, rare):
    labels = torch.tensor([0] * (20 - rare) + [1] * rare)
    expected = binomtest(correct, 20, max(rare, 20 - rare) / 20, alternative="greater").pvalue
    assert p_by_chance(correct, labels) == pytest.approx(expected, rel=1e-9)
    assert largest_share(labels) == max(rare, 20 - rare) / 20


@pytest.mark.parametrize(
    ("labels", "few"),
    [
        ([0, 1], True),
        ([0, 1] * 3, True),  # 2^-6 is above .01
        ([0, 1] * 4, False),
        ([0] * 20 + [1], True),
        ([0] * 950 + [1] * 50, False),
        (list(range(10)), False),
    ],
)
def test_some_numbers_of_images_tell_nothing(labels, few):
    assert too_few(torch.tensor(labels)) == few
