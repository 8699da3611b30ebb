import doctest

import pytest
import torch
from scipy.stats import binomtest
from sklearn.metrics import balanced_accuracy_score

from saliencynoise.data import chance
from saliencynoise.data.chance import balanced_accuracy, largest_share, p_by_chance, p_of_balance, too_few


def test_the_example_holds():
    assert doctest.testmod(chance) == (0, 6)


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
        ([0] * 38 + [1] * 2, False),  # no accuracy is above the largest class, but the two of the other class tell
    ],
)
def test_some_numbers_of_images_tell_nothing(labels, few):
    assert too_few(torch.tensor(labels)) == few


def test_the_balanced_accuracy_is_sklearns_and_its_p_that_of_shuffled_answers():
    generator = torch.Generator().manual_seed(0)
    labels = torch.tensor([0] * 60 + [2] * 12 + [3] * 4)
    answers = torch.where(
        torch.rand(76, generator=generator) < 0.3, labels, labels[torch.randperm(76, generator=generator)]
    )
    value = balanced_accuracy(answers, labels)
    assert value == pytest.approx(balanced_accuracy_score(labels, answers))
    shuffled = [balanced_accuracy(answers[torch.randperm(76, generator=generator)], labels) for _ in range(2000)]
    expected = sum(other >= value - 1e-12 for other in shuffled) / 2000
    assert p_of_balance(answers, labels) == pytest.approx(expected, abs=0.03)
    assert p_of_balance(torch.zeros(76, dtype=torch.int64), labels) == 1
    assert p_of_balance(labels, labels) == 1 / 1000
    two = torch.tensor([0] * 20 + [1])
    assert p_of_balance(two, two) == pytest.approx(1 / 21, abs=0.02)
