"""Every warning can fire, and can be silent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from saliencynoise.data.own_pictures import SeenPicture
from saliencynoise.explanation.cautions import (
    about_class,
    about_members,
    about_methods,
    about_picture,
    decisive_first,
)
from saliencynoise.explanation.explanation import Caution, MethodExplanation
from saliencynoise.explanation.pictures import OwnPicture, PictureFile
from saliencynoise.explanation.reliability import UNKNOWN, MapReliability
from saliencynoise.statistics.intervals import Interval
from saliencynoise.statistics.reliability import members_needed

CLASSES = ("cat", "dog", "bird")


def texts(found):
    return [caution.text for caution in found]


def sees(*members):
    """Probabilities of members of which each is 80% sure of a class."""
    return np.array([[0.8 if k == own else 0.1 for k in range(3)] for own in members])


@pytest.mark.parametrize(
    ("members", "due"),
    [
        ((0, 0, 0, 0, 1), []),
        ((0, 0, 0, 1, 2), ["the members disagree: 3 of 5 see the explained class 'cat', 1 'dog', 1 'bird'"]),
    ],
)
def test_disagreement(members, due):
    assert texts(about_class(sees(*members), 0, CLASSES)) == due


def test_an_unsure_ensemble():
    unsure = np.array([[0.45, 0.3, 0.25]] * 4)
    assert texts(about_class(unsure, 0, CLASSES)) == ["the ensemble is not sure: 'cat' has a mean probability of 45%"]


def test_another_class_than_the_vote():
    found = texts(about_class(sees(0, 0, 0), 2, CLASSES))
    assert found == [
        "the explained class 'bird' is not the class that the ensemble sees: 'cat'",
        "the members disagree: 0 of 3 see the explained class 'bird', 3 'cat'",
    ]


USUAL = {"brightness": (0.2, 0.8), "contrast": (0.1, 0.5), "tint": (0.0, 0.3)}


def picture(size=(32, 32), *, low=0, high=255, tint=0):
    pixels = np.full((3, 32, 32), low, dtype=np.uint8)
    pixels[:, :16] = high
    pixels[0] = np.maximum(pixels[0].astype(int) - tint, 0).astype(np.uint8)
    file = PictureFile(path=Path("a"), name="a", place="a", slug="a")
    return OwnPicture(file=file, seen=SeenPicture(pixels=pixels, size=size, notes=()))


@pytest.mark.parametrize(
    ("own", "due"),
    [
        (picture(), []),
        (picture((17, 17)), []),
        (picture((16, 16)), ["the picture was scaled up 2.0 times, from 16 to 32 pixels: it is blurred"]),
        (picture((255, 255)), []),
        (picture((256, 256)), ["the picture was scaled down 8 times, from 256 to 32 pixels: details are lost"]),
        (picture((40, 30)), []),
        (picture((48, 32)), ["the square crop cut off 33% of the picture, at its ends"]),
        (picture(low=9, high=9), ["the picture is constant: there is nothing to see"]),
        (
            picture(low=100, high=140),
            ["the picture is unlike the training pictures: contrast 0.08, 99% of theirs 0.10 to 0.50"],
        ),
        (
            picture(low=200, high=255),
            [
                "the picture is unlike the training pictures: brightness 0.89, 99% of theirs 0.20 to 0.80",
            ],
        ),
        (
            picture(low=40, high=215, tint=200),
            ["the picture is unlike the training pictures: tint 0.47, 99% of theirs 0.00 to 0.30"],
        ),
    ],
)
def test_size_and_range(own, due):
    assert texts(about_picture(own, USUAL)) == due


def method(value, reason="", no_marginal="", interval=None):
    figures = MapReliability(snr=0.1, snr_interval=None, value=value, interval=interval, needed=members_needed(0.1))
    return MethodExplanation(
        method="gradient",
        text="builtin/gradient",
        draws=1,
        reason=reason,
        no_marginal=no_marginal,
        maps=None,
        marginal=None,
        significant=None,
        agreement=None,
        reliability=UNKNOWN if reason else figures,
    )


def test_reliability():
    assert texts(about_methods([method(0.5)])) == []
    low = "the map by gradient has a reliability of 0.49, below 0.5: the map of as many other "
    assert texts(about_methods([method(0.49)])) == [f"{low}networks would clearly differ"]
    assert texts(about_methods([method(0, "no map")])) == ["gradient failed: no map"]
    assert texts(about_methods([method(0.6, no_marginal="too few")])) == ["gradient has no marginal map: too few"]


@pytest.mark.parametrize(("low", "warned"), [(0.2, True), (0.5, False)])
def test_reliability_that_may_be_too_low(low, warned):
    own = method(0.6, interval=Interval(low=low, high=0.75, question="members", df=7))
    due = ["the reliability of the map by gradient may be below 0.5: 0.60 [0.20, 0.75]"]
    assert texts(about_methods([own])) == (due if warned else [])


def test_members():
    assert texts(about_members(8, {})) == []
    assert texts(about_members(7, {})) == ["7 members: intervals are indicative; 8 make them reliable"]
    assert texts(about_members(2, {})) == ["2 members: no intervals, which need 3 members, better 8"]
    assert texts(about_members(8, {3: "accuracy 0.1"})) == ["member 3 is flagged: accuracy 0.1"]
    assert texts(about_members(8, {}, dependent="swag"))[0].startswith("the members come from swag")
    (one,) = texts(about_members(8, {}, starts=1))
    assert one.startswith("the members are tuned from one start: reliability is for more networks from this start; ")
    assert texts(about_members(8, {}, starts=4)) == []  # reliability is then that of networks from different starts


def test_equal_flags_of_members_are_one_caution():
    flags = {0: "at chance", 1: "diverged", 3: "at chance"}
    texts = [caution.text for caution in about_members(8, flags)]
    assert texts == ["members 0, 3 are flagged: at chance", "member 1 is flagged: diverged"]


def test_that_a_picture_is_unlike_the_training_data_is_said_first():
    kinds = ["class", "size", "range", "reliability", "members", "range"]
    found = decisive_first(Caution(kind, f"{kind} {index}") for index, kind in enumerate(kinds))
    assert [caution.text for caution in found] == [
        *("range 2", "range 5", "class 0", "reliability 3", "size 1", "members 4")
    ]
