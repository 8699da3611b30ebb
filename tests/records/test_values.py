"""Values that users give fit the types of fields, or are refused."""

from __future__ import annotations

import doctest
from types import MappingProxyType
from typing import Literal

import pytest

from saliencynoise.records import values
from saliencynoise.records.values import fitted


def test_examples():
    assert doctest.testmod(values).failed == 0


def test_an_int_becomes_a_float_and_no_bool_an_int():
    assert type(fitted(2, float)) is float
    assert fitted(MappingProxyType({"a": 1}), dict[str, int]) == {"a": 1}
    assert fitted(10**30, int) == 10**30


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, int), (1.5, int), (True, float), ("1", int), (1, str), (None, int), (1j, str),
        ("half", Literal["float32"]), ("\ud800", Literal["float32"]), (["a", 3], tuple[str, ...]),
        ("ab", tuple[str, ...]), (10**400, float),
    ],
    ids=repr,
)  # fmt: skip
def test_what_does_not_fit_is_refused(value, kind):
    with pytest.raises(TypeError):
        fitted(value, kind)
