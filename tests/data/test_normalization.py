"""Other normalisations than the data set's own."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from saliencynoise.data.fingerprint import fingerprint
from saliencynoise.data.normalization import normalised
from saliencynoise.data.tensors import to_float
from saliencynoise.interfaces import UsageError
from tests.data.builders import make_dataset


def coloured():
    data = make_dataset()
    train, test = (replace(part, images=part.images.expand(-1, 3, -1, -1)) for part in (data.train, data.test))
    return replace(data, train=train, test=test, mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))


def test_the_data_sets_own_is_left_as_it_is():
    data = make_dataset()
    assert normalised(data, "dataset") is data


@pytest.mark.parametrize(
    ("text", "mean", "std"),
    [
        ("imagenet", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ("none", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
        ("0.5/0.25", (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)),
        ("0.1,0.2,0.3/1", (0.1, 0.2, 0.3), (1.0, 1.0, 1.0)),
        (".5/1,2,3", (0.5, 0.5, 0.5), (1.0, 2.0, 3.0)),
        ("0/1", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    ],
)
def test_a_number_stands_for_every_channel(text, mean, std):
    changed = normalised(coloured(), text)
    assert (changed.mean, changed.std) == (mean, std)
    assert fingerprint(changed) != fingerprint(coloured())
    images = torch.arange(48).mul(5).reshape(4, 3, 2, 2).to(torch.uint8)
    expected = (images.double() / 255 - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
    torch.testing.assert_close(to_float(images, changed.mean, changed.std), expected.float(), rtol=1e-5, atol=1e-6)


def test_spelling_a_normalisation_out_is_the_same_data_set():
    assert fingerprint(normalised(make_dataset(), "none")) == fingerprint(normalised(make_dataset(), "0.0/1.0"))


@pytest.mark.parametrize("text", ["imagenet", "0.5,0.5/1", "0.5/1,1,1", "0.5/0"])
def test_another_number_of_channels_or_a_deviation_of_zero_is_refused(text):
    with pytest.raises(UsageError, match=f"--normalization {text} does not suit images of 1 channels; give one number"):
        normalised(make_dataset(), text)


@pytest.mark.parametrize("text", ["imagnet", "", "0.5", "0.5/", "/1", "a/b", "-0.5/1", "0.5/1/2", "0.5;0.5/1", "nan/1"])
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(UsageError, match=f"--normalization {text} is unknown; choose dataset, imagenet, none, or MEAN"):
        normalised(make_dataset(), text)
