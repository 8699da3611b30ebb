"""The examples in the docstrings print what they say."""

import doctest
import importlib
import pkgutil

import pytest

import saliencynoise.statistics

MODULES = sorted(module.name for module in pkgutil.iter_modules(saliencynoise.statistics.__path__))


def test_all_modules_are_found():
    assert {"cell_statistics", "floors", "gram", "intervals", "snr"} <= set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    results = doctest.testmod(importlib.import_module(f"saliencynoise.statistics.{name}"))
    assert results.attempted > 0
    assert results.failed == 0
