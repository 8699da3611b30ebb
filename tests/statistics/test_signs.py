import pytest
import torch

from saliencynoise.statistics.pixels import significant_pixels
from saliencynoise.statistics.signs import SeenSigns, sign_of, why_no_null, with_null


@pytest.mark.parametrize(
    ("values", "sign"),
    [
        ([0.0, 1.0], "nonnegative"),
        ([0.0, -1.0], "nonpositive"),
        ([-1.0, 1.0], "signed"),
        ([0.0, 0.0], "signed"),
        ([-1e-8, 1.0], "nonnegative"),
        ([-1e-4, 1.0], "signed"),
    ],
)
def test_what_is_seen(values, sign):
    seen = SeenSigns()
    seen.add(torch.tensor(values).reshape(1, 1, 1, 1, 2))
    assert seen.sign == sign


def test_one_negative_value_of_one_member_and_image_is_seen():
    seen = SeenSigns()
    maps = torch.ones(3, 1, 1, 2, 2)
    seen.add(maps)
    assert seen.sign == "nonnegative"
    maps[2, 0, 0, 1, 1] = -1
    seen.add(maps)
    assert seen.sign == "signed"


@pytest.mark.parametrize(
    ("declared", "seen", "due"),
    [
        ("signed", "signed", "signed"),
        ("signed", "nonpositive", "nonpositive"),
        ("leaning", "nonnegative", "nonnegative"),
        ("leaning", "signed", "leaning"),
        ("nonnegative", "signed", "leaning"),
    ],
)
def test_the_maps_decide_beside_the_declaration(declared, seen, due):
    assert sign_of(declared, seen) == due


def test_only_signed_maps_and_centred_ones_have_a_null():
    assert not why_no_null("signed", "signed")
    assert not why_no_null("centred", "leaning")
    assert why_no_null("signed", "nonnegative").startswith("one-signed")
    assert why_no_null("relu", "nonnegative").startswith("one-signed")
    assert why_no_null("signed", "leaning").startswith("leaning")


def test_what_can_be_tested_of_maps_of_one_sign_is_where_they_differ():
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(8, 1, 8, 8, generator=generator)
    assert with_null(noise) is noise
    positive = with_null(noise.abs() + 3)
    assert significant_pixels((noise.abs() + 3).flatten(1)).share == 1
    assert significant_pixels(positive.flatten(1)).share < 0.05
    assert not torch.equal(with_null(noise, "leaning"), noise)
