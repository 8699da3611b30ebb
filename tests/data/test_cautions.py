from dataclasses import replace

import torch

from saliencynoise.data.cautions import cautions, trained_on
from tests.data.builders import make_dataset, make_split


def with_test(images, labels):
    dataset = make_dataset()
    names = tuple(f"test/{index}" for index in range(len(labels)))
    test = replace(dataset.test, images=images, labels=torch.tensor(labels), names=names)
    return replace(dataset, test=test)


def test_sound_data_have_none():
    images = torch.arange(100, 110, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 2, 2)
    assert cautions(with_test(images, [0, 1] * 5)) == ()


def test_too_few_test_images_are_told_with_their_p():
    images = torch.tensor([100, 101], dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 2, 2)
    (caution,) = cautions(with_test(images, [0, 1]))
    assert caution.startswith(
        "too few test images to distinguish a trained network from chance: 2 right answers of 2 have p 0.25 "
    )
    assert "largest class has 50% of them" in caution


def test_classes_of_unequal_size_are_told_with_chance():
    images = torch.arange(100, 140, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 2, 2)
    (caution,) = cautions(with_test(images, [0] * 30 + [1] * 10))
    assert caution == (
        "classes of unequal size: 30 test images of 'a' and 10 of 'b': naming 'a' always has an accuracy of 75.0% "
        "and a balanced accuracy of 50.0%; members are judged by the balanced one, the mean over classes"
    )
    assert cautions(with_test(images, [0] * 29 + [1] * 11)) == ()


def test_copies_are_counted_and_named():
    images = torch.arange(2, 12, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 2, 2)  # training has 0 to 3
    dataset = with_test(images, [0, 1] * 5)
    assert trained_on(dataset) == ["test/0", "test/1"]
    (caution,) = cautions(dataset)
    assert caution == (
        "2 of 10 test images are training images as well, equal in every pixel: test/0, test/1; the accuracy on them "
        "says nothing about new images"
    )
    one = with_test(images[1:], [0, 1] * 4 + [0])
    assert cautions(one)[0].startswith("1 of 9 test images is a training image as well")


def test_a_permutation_of_pixels_is_no_copy():
    split = make_split([0, 1])
    images = torch.tensor([[[[0, 1], [2, 3]]], [[[3, 2], [1, 0]]]], dtype=torch.uint8)
    dataset = replace(make_dataset(), train=replace(split, images=images[:1], labels=split.labels[:1], names=("a",)))
    assert (
        trained_on(replace(dataset, test=replace(split, images=images[1:], labels=split.labels[1:], names=("b",))))
        == []
    )
