from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from saliencynoise.data.selection import limit_train, select_images
from saliencynoise.interfaces import UsageError
from tests.data.builders import make_split

LABELS = np.random.default_rng(0).choice(4, 60, p=[0.5, 0.3, 0.15, 0.05]).tolist()


def _select(count: int, seed: int = 0) -> list[int]:
    return select_images(make_split(LABELS), count=count, seed=seed, num_classes=4).tolist()


def test_selections_are_nested():
    whole = _select(60)
    assert all(_select(count) == whole[:count] for count in range(1, 60))
    assert sorted(whole) == list(range(60))


def test_classes_take_turns_until_they_run_out():
    taken: Counter[int] = Counter()
    available = Counter(LABELS)
    for index in _select(60):
        others = [taken[c] for c in range(4) if c != LABELS[index] and taken[c] < available[c]]
        assert all(taken[LABELS[index]] <= other for other in others)
        taken[LABELS[index]] += 1


def test_the_seed_changes_images_and_the_order_of_classes():
    assert _select(8, seed=1) == _select(8, seed=1)
    assert len({tuple(_select(8, seed=seed)) for seed in range(5)}) == 5
    assert len({tuple(LABELS[index] for index in _select(4, seed=seed)) for seed in range(10)}) > 1


def test_a_selection_is_of_images_not_of_places():
    split = make_split(LABELS)
    order = torch.from_numpy(np.random.default_rng(3).permutation(60))
    shuffled = type(split)(
        images=split.images[order],
        labels=split.labels[order],
        names=tuple(split.names[index] for index in order.tolist()),
    )
    result = select_images(shuffled, count=20, seed=0, num_classes=4).tolist()
    assert [shuffled.names[index] for index in result] == [split.names[index] for index in _select(20)]


def test_a_class_without_images_is_passed_over():
    result = select_images(make_split([0, 0, 2]), count=3, seed=0, num_classes=4)
    assert result.dtype == torch.int64
    assert sorted(result.tolist()) == [0, 1, 2]


@pytest.mark.parametrize("count", [61, 0, -1])
def test_a_count_that_cannot_be_had_names_both_numbers(count):
    message = rf"^--images {count}: the test split holds 60; give 1 to 60, or leave it out$"
    with pytest.raises(UsageError, match=message):
        _select(count)


def _limit(count: int, seed: int = 0) -> tuple[str, ...]:
    return limit_train(make_split(LABELS), count=count, seed=seed, num_classes=4).names


def test_subsets_are_nested_and_keep_the_order():
    for count in range(4, 60):
        assert set(_limit(count)) < set(_limit(count + 1))
        assert list(_limit(count)) == sorted(_limit(count), key=int)


def test_images_labels_and_names_stay_together():
    result = limit_train(make_split(LABELS), count=23, seed=0, num_classes=4)
    assert result.images[:, 0, 0, 0].tolist() == [int(name) for name in result.names]
    assert result.labels.tolist() == [LABELS[int(name)] for name in result.names]


def test_every_class_is_there_and_the_proportions_hold():
    sizes = Counter(LABELS)
    for count in range(4, 61):
        result = Counter(LABELS[int(name)] for name in _limit(count))
        assert sum(result.values()) == count
        assert all(result[c] >= 1 for c in range(4))
        assert all(abs(result[c] - count * sizes[c] / 60) <= 3 for c in range(4))


def test_all_of_them_is_the_split_itself():
    assert _limit(60) == make_split(LABELS).names


def test_the_seed_changes_the_subset():
    assert _limit(20, seed=1) == _limit(20, seed=1) != _limit(20, seed=2)


def test_more_than_there_are_is_refused():
    with pytest.raises(UsageError, match=r"^--train-images 61 is more than there are: choose 60 or fewer$"):
        _limit(61)


@pytest.mark.parametrize("count", [3, 0, -5])
def test_fewer_than_the_classes_is_refused(count):
    with pytest.raises(UsageError, match=rf"^--train-images {count} leaves .*4 classes, choose 4 or more$"):
        _limit(count)
