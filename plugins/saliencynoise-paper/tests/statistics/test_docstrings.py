"""The examples in the docstrings print what they say."""

import doctest
import importlib
import pkgutil

import pytest

import saliencynoise_paper.statistics

MODULES = sorted(module.name for module in pkgutil.iter_modules(saliencynoise_paper.statistics.__path__))


def test_all_modules_are_found():
    assert MODULES == ["orderings", "paper_table", "table_fit", "variants"]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    results = doctest.testmod(importlib.import_module(f"saliencynoise_paper.statistics.{name}"))
    assert results.attempted > 0
    assert results.failed == 0
