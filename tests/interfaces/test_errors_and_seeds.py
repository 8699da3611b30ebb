"""Errors in one line, seeds from named streams, records of plain values."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from itertools import product
from typing import get_args

import pytest

from saliencynoise import interfaces
from saliencynoise.interfaces import (
    ConfigurationError,
    MethodSpec,
    SaliencyNoiseError,
    Split,
    Stream,
    UsageError,
    derive_seed,
    one_line,
)
from saliencynoise.interfaces.specs import VIEWS


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (UsageError("no such\n  thing"), "no such thing"),
        (ConfigurationError("broken"), "broken"),
        (ValueError("bad\nvalue"), "ValueError: bad value"),
        (RuntimeError(), "RuntimeError"),
        (KeyError("x"), "KeyError: 'x'"),
    ],
)
def test_an_error_in_one_line(error, text):
    assert one_line(error) == text


def test_our_errors_have_one_base():
    assert issubclass(UsageError, SaliencyNoiseError)
    assert issubclass(ConfigurationError, SaliencyNoiseError)
    assert not issubclass(SaliencyNoiseError, ValueError)


def test_seeds_are_stable_between_versions():
    """A pool's members are found again by seeds derived so: these numbers never change."""
    assert derive_seed(0, "init", 3) == 639_485_167_584_481_179
    assert derive_seed(1, "augment", 2, 5) == 1_319_844_032_357_872_114


def test_no_two_streams_or_indices_share_a_seed():
    indices = [(), (0,), (1,), (0, 0), (0, 1), (1, 0), (10,), (-1,)]
    seeds = [derive_seed(run, stream, *i) for run, stream, i in product((0, 1, 11), get_args(Stream), indices)]
    assert len(set(seeds)) == len(seeds) == 3 * len(get_args(Stream)) * len(indices)
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_specs_are_frozen_and_take_keywords_only():
    spec = MethodSpec(name="a", summary="b", target="c:d", family="gradient", paper="e")
    assert spec.views == ("signed",)
    with pytest.raises(FrozenInstanceError):
        spec.name = "b"
    with pytest.raises(TypeError, match="positional argument"):
        MethodSpec("a", "b", "c:d", "gradient", "e")


def test_the_views_that_specs_may_name_are_those_there_are():
    from saliencynoise.statistics import views

    assert set(VIEWS) == set(views.VIEWS)


def test_everything_that_is_exported_is_there():
    assert interfaces.__all__ == sorted(interfaces.__all__, key=lambda name: (not name.isupper(), name))
    assert all(hasattr(interfaces, name) for name in interfaces.__all__)


def test_a_split_has_the_length_of_its_names():
    import torch

    images = torch.zeros(2, 1, 1, 1, dtype=torch.uint8)
    assert len(Split(images=images, labels=torch.zeros(2).long(), names=("a", "b"))) == 2
