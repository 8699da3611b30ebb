from __future__ import annotations

import hashlib

import pytest

from saliencynoise.data.stratify import apportion, hashed_order, shuffled_classes, split_indices


def test_the_order_is_that_of_the_hashes_of_seed_and_name():
    names = ["cat/1", "cat/2", "dog/1", "dög/2"]
    by_hand = sorted(names, key=lambda name: hashlib.sha256(f"7:{name}".encode()).hexdigest())
    assert [names[index] for index in hashed_order(names, seed=7)] == by_hand


def test_leaving_one_name_out_moves_no_other():
    names = [f"image {index}" for index in range(50)]
    full = [names[index] for index in hashed_order(names, seed=1)]
    fewer = [name for name in names if name != "image 17"]
    assert [fewer[index] for index in hashed_order(fewer, seed=1)] == [n for n in full if n != "image 17"]


def test_names_that_cannot_be_encoded_have_a_place_too():
    assert sorted(hashed_order(["\udcff", "a"], seed=0)) == [0, 1]


def test_classes_are_shuffled_within_themselves():
    members = shuffled_classes([0, 1, 0, 1, 0], list("abcde"), num_classes=3, seed=0)
    assert [sorted(result) for result in members] == [[0, 2, 4], [1, 3], []]


@pytest.mark.parametrize(
    ("sizes", "shares"),
    [
        ([10, 10], [2, 2]),
        ([2, 2], [1, 1]),
        ([4, 4, 4], [1, 1, 1]),
        ([2, 1000], [1, 200]),
        ([6, 7, 8], [1, 2, 2]),  # 4.2 of 21, rounded up to 5: the largest remainders get the two
        ([178, 182, 177, 183, 181, 182, 181, 179, 174, 180], [36, 36, 35, 37, 36, 36, 36, 36, 35, 36]),
    ],
)
def test_apportioning_a_fifth(sizes, shares):
    result = apportion(sizes, percent=20)
    assert abs(sum(result) - sum(shares)) <= 1  # the last case: 359.4 is rounded up to 360
    assert all(abs(a - b) <= 1 for a, b in zip(result, shares, strict=True))
    if sum(sizes) != 1797:
        assert result == shares
    else:
        assert sum(result) == 360


def test_every_class_gives_one_and_keeps_one():
    for size in range(2, 30):
        for other in (2, 3, 50):
            for share, total in zip(apportion([size, other], percent=20), (size, other), strict=True):
                assert 1 <= share < total


def test_a_split_is_a_partition_and_depends_on_the_seed():
    labels, names = [0] * 30 + [1] * 20, [f"{index}" for index in range(50)]
    train, test = split_indices(labels, names, num_classes=2, percent=20, seed=0)
    assert sorted(train + test) == list(range(50))
    assert (train, test) == (sorted(train), sorted(test))
    assert [sum(labels[index] == c for index in test) for c in (0, 1)] == [6, 4]
    assert split_indices(labels, names, num_classes=2, percent=20, seed=0) == (train, test)
    assert split_indices(labels, names, num_classes=2, percent=20, seed=1)[1] != test
