from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name", ["chance", "digits", "levels", "orders", "shapes", "sizes", "stratify", "tensors", "words"]
)
def test_the_examples_in_docstrings_hold(name):
    failed, tried = doctest.testmod(importlib.import_module(f"saliencynoise.data.{name}"))
    assert tried
    assert not failed
