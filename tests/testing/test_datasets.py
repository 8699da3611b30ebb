"""Each wrong data set fails the check that was made for it, and no other that does not follow from it."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import numpy as np
import pytest
import torch

from saliencynoise.interfaces import Dataset, DatasetSpec, Split, UsageError
from saliencynoise.testing import DatasetSubject, check_subject, dataset_checks


def right(image_size=None):
    """Thirty images of noise in two classes; the functions that follow change one thing each."""
    size = image_size or 8

    def split(part, count):
        generator = torch.Generator().manual_seed(len(part))
        images = torch.randint(256, (count, 3, size, size), generator=generator, dtype=torch.uint8)
        names = tuple(f"{part}/{at}" for at in range(count))
        return Split(images=images, labels=torch.arange(count) % 2, names=names)

    train = split("train", 20)
    pixels = train.images.transpose(0, 1).flatten(1).double() / 255
    mean, std = tuple(pixels.mean(1).tolist()), tuple(pixels.std(1).tolist())
    return Dataset(name="own", classes=("cat", "dog"), train=train, test=split("test", 10), mean=mean, std=std)


def of_train(**changed):
    def load(image_size=None):
        dataset = right(image_size)
        return replace(dataset, train=replace(dataset.train, **{k: v(dataset.train) for k, v in changed.items()}))

    return load


def same_splits(image_size=None):
    dataset = right(image_size)
    return replace(dataset, test=dataset.train)


def one_image(image_size=None):
    dataset = right(image_size)
    return replace(dataset, test=replace(dataset.test, images=dataset.test.images[:1].expand(10, -1, -1, -1)))


def statistics_of_bytes(image_size=None):
    dataset = right(image_size)
    return replace(dataset, mean=tuple(255 * value for value in dataset.mean))


def wide(image_size=None):
    dataset = right(image_size)
    return replace(dataset, std=tuple(2 * value for value in dataset.std))


def draws(image_size=None):
    dataset = right(image_size)
    labels = torch.from_numpy(np.random.default_rng().permutation(dataset.train.labels.numpy()))
    return replace(dataset, train=replace(dataset.train, labels=labels))


def renames(image_size=None):
    dataset = right(image_size)
    return replace(dataset, test=replace(dataset.test, names=tuple(str(uuid4()) for _ in range(10))))


def seeds(image_size=None):
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - what a careless author does
    return right(image_size)


def one_size(image_size=None):
    return right()


def refuses_sizes(image_size=None):
    if image_size is not None:
        raise UsageError("8x8 only")
    return right()


def breaks(image_size=None):
    raise ZeroDivisionError("nobody knows")


WRONG = [
    (lambda _: "no data set", "contract", "a data set must be an interfaces.Dataset, not str"),
    (breaks, "contract", "it raises ZeroDivisionError: nobody knows"),
    (of_train(images=lambda own: own.images.float() / 0.5), "contract", "must be in 0..255"),
    (of_train(images=lambda own: own.images.double()), "contract", "must be a uint8 tensor"),
    (of_train(images=lambda own: own.images[:, 0]), "contract", "must have the shape [N, C, H, W]"),
    (of_train(labels=lambda own: own.labels + 1), "contract", "train.labels must be in 0..1, not in 1..2"),
    (of_train(labels=lambda own: own.labels.int()), "contract", "must be an int64 tensor"),
    (of_train(names=lambda own: own.names[1:]), "contract", "train.names must name each of the 20 images"),
    (of_train(labels=lambda own: 0 * own.labels), "splits", "no training image is of the class 'dog'"),
    (same_splits, "splits", "20 of the 20 different test images are training images"),
    (one_image, "splits", "all 10 images of test are the same"),
    (statistics_of_bytes, "statistics", "the mean of channel 0 is 12"),
    (wide, "statistics", "the std of channel 0 is 0.5"),
    (draws, "repeatable", "loaded twice, the labels of train differ"),
    (renames, "repeatable", "loaded twice, the names or groups of test differ"),
    (seeds, "global_state", "changed: torch's random state, numpy's random state"),
    (one_size, "image_size", "asked for 24x24, the images of train have 8x8"),
]


def report_of(read):
    spec = DatasetSpec(name="own", summary="s", target="a:b")
    return check_subject(DatasetSubject(name="p/own", spec=spec, read=read))


def test_a_right_one_passes():
    report = report_of(right)
    assert {result.status for result in report.results} == {"passed"}
    assert report.kind == "data set"


def test_a_size_that_is_refused_is_no_fault():
    (left_out,) = report_of(refuses_sizes).of("not_applicable")
    assert left_out.message == "it refuses images of 24x24: 8x8 only"


@pytest.mark.parametrize(("read", "check", "words"), WRONG)
def test_a_wrong_one_fails_its_check(read, check, words):
    failed = report_of(read).of("failed")
    assert [result.check for result in failed] == [check]
    assert words in failed[0].message


def test_every_check_has_a_data_set_that_fails_it():
    assert {check for _, check, _ in WRONG} == {check.name for check in dataset_checks()}
