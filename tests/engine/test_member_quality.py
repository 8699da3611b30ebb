import pytest
import torch
from scipy.stats import binomtest

from saliencynoise.engine.member_quality import (
    answers_in,
    failed_training_warnings,
    low_accuracy_warnings,
    other_order,
    votes,
)
from saliencynoise.interfaces import Dataset, Split
from saliencynoise.store.pool import Pool

LABELS = torch.arange(200) % 10


def answers(*accuracies, labels=LABELS):
    """The answers of members with these accuracies; the first images are right, the others get the next class."""
    size = len(labels.unique())
    return {
        index: torch.where(torch.arange(len(labels)) < round(accuracy * len(labels)), labels, (labels + 1) % size)
        for index, accuracy in enumerate(accuracies)
    }


def test_members_alike_are_not_flagged():
    assert low_accuracy_warnings(answers(0.97, 0.98, 0.975, 0.985), LABELS) == {}


def test_an_outlier_below_is_flagged_and_one_above_is_not():
    found = low_accuracy_warnings(answers(0.90, 0.91, 0.905, 0.60, 0.99), LABELS)
    assert found == {3: "accuracy 0.600 is an outlier below the median 0.905"}


def test_a_wide_ensemble_tolerates_a_wider_spread():
    assert low_accuracy_warnings(answers(0.50, 0.60, 0.70, 0.80, 0.90), LABELS) == {}


@pytest.mark.parametrize("correct", [10, 20, 25, 30, 31, 32, 33, 60])
def test_chance_is_told_by_a_binomial_test(correct):
    accuracy = correct / 200
    by_chance = binomtest(correct, 200, 0.1, alternative="greater").pvalue >= 0.01
    assert bool(low_accuracy_warnings(answers(accuracy, accuracy), LABELS)) == by_chance


def test_chance_is_the_largest_class():
    labels = torch.tensor([0] * 140 + [1] * 60)
    words = "accuracy 0.700 is not above chance (largest class 0.700, 200 test images, p 0.53)"
    assert low_accuracy_warnings(answers(0.7, 0.7, labels=labels), labels) == {0: words, 1: words}


def test_unequal_classes_are_judged_by_the_balanced_accuracy():
    labels = torch.tensor([0] * 190 + [1] * 10)
    lazy = torch.zeros(200, dtype=torch.int64)  # accuracy .95
    useful = labels.clone()
    useful[:20] = 1  # accuracy .90, below the largest class; balanced .947
    found = low_accuracy_warnings({0: lazy, 1: useful, 2: useful, 3: useful}, labels)
    assert found == {0: "balanced accuracy 0.500 is not above chance (0.500, 200 test images, p 1)"}
    worse = useful.clone()
    worse[190:195] = 0
    found = low_accuracy_warnings({0: useful, 1: useful, 2: worse, 3: useful}, labels)
    assert found == {2: "balanced accuracy 0.697 is an outlier below the median 0.947"}


@pytest.mark.parametrize("labels", [[0, 1], [0] * 20 + [1], [0, 1, 0]])
@pytest.mark.parametrize("accuracies", [(1.0, 1.0), (1.0, 0.5, 1.0)])
def test_no_member_is_flagged_where_too_few_images_can_tell(labels, accuracies):
    labels = torch.tensor(labels)
    assert low_accuracy_warnings(answers(*accuracies, labels=labels), labels) == {}


def test_the_vote_is_the_largest_mean_probability():
    logits = torch.tensor([[[9.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.5]], [[0.0, 1.0], [0.0, 1.5]]])
    labels = torch.tensor([1, 1])
    found = votes(logits, labels)
    probabilities = logits.softmax(-1).mean(0)
    assert found.predicted.tolist() == probabilities.argmax(-1).tolist() == [0, 1]
    assert found.members_correct.tolist() == [2, 2]


NAMES = [str(number) for number in range(12)]
TEXTUAL = sorted(NAMES)


def outputs(order, classes, labels):
    """What a perfect network says whose outputs are in `order`."""
    return torch.tensor([order.index(classes[label]) for label in labels.tolist()])


def test_an_order_of_classes_that_fits_far_better_is_told():
    labels = torch.arange(48) % 12
    words = other_order(outputs(TEXTUAL, NAMES, labels), labels, NAMES)
    assert words.startswith(
        "but 1.000 with the classes sorted as text (0, 1, 10, 11, 2 and 7 more): list the class folders"
    )
    assert "classes.txt" in words
    listed = other_order(outputs(NAMES, TEXTUAL, labels), labels, TEXTUAL)
    assert listed.startswith("but 1.000 with the classes sorted by the numbers in their names (0, 1, 2, 3, 4 and 7")


def test_no_order_is_told_without_evidence():
    labels = torch.arange(48) % 12
    assert other_order(outputs(NAMES, NAMES, labels), labels, NAMES) == ""
    generator = torch.Generator().manual_seed(0)
    guesses = [torch.randint(12, (48,), generator=generator) for _ in range(200)]
    assert sum(bool(other_order(guess, labels, NAMES)) for guess in guesses) <= 2
    few = torch.arange(6)  # 4 images that the other order gets right have p 1/16
    assert other_order(outputs(TEXTUAL, NAMES, few), few, NAMES) == ""


@pytest.mark.parametrize("source", ["", "m0.pt"])
def test_only_networks_out_of_files_are_tried(tmp_path, source):
    labels = torch.arange(48) % 12
    pool = Pool(tmp_path)
    logits = torch.eye(12)[outputs(TEXTUAL, NAMES, labels)]
    record = {"seeds": {}, "accuracy": 8 / 48, "seconds": 1.0, "versions": {}, "hardware": {}, "source": source}
    records = [pool.save(index, {"w": torch.zeros(1)}, logits, record) for index in (0, 1)]
    images = torch.zeros(48, 1, 2, 2, dtype=torch.uint8)
    split = Split(images=images, labels=labels, names=tuple(map(str, range(48))))
    dataset = Dataset(name="x", classes=tuple(NAMES), train=split, test=split, mean=(0.0,), std=(1.0,))
    found = failed_training_warnings(records, answers_in(pool, records, dataset), dataset)
    told = {index: "0.167, but 1.000 with the classes sorted as text" in words for index, words in found.items()}
    assert told == ({0: True, 1: True} if source else {0: False, 1: False} if found else {})
