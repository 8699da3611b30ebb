"""The page of what a run writes names every key of the records, and none besides."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from saliencynoise import records
from saliencynoise.records.common import Record

PAGE = Path(__file__).parents[2] / "docs/reference/results.md"
MODULES = {
    "result": ("study", "population", "cell", "files", "common"),
    "plan": ("plan",),
    "predictions": ("predictions",),
    "explanation": ("explanation",),
    "frontier": ("frontier", "rows"),
    "sanity": ("sanity",),
    "variance": ("variance",),
}


def keys_of(*modules: str) -> set[str]:
    """The keys of all records that modules define."""
    keys = set()
    for name in modules:
        module = import_module(f"saliencynoise.records.{name}")
        for kind in vars(module).values():
            if isinstance(kind, type) and issubclass(kind, Record) and kind.__module__ == module.__name__:
                bases = [base for base in kind.__mro__[1:] if issubclass(base, Record)]
                inherited = {key for base in bases for key in base.__struct_encode_fields__}
                keys |= set(kind.__struct_encode_fields__) - inherited
                keys |= {kind.__struct_config__.tag_field} - {None}
    return keys


def keys_in(page: str, name: str) -> set[str]:
    """The words in code letters in the tables of a document's section."""
    section = page.partition(f"## Keys of `{name}.json`")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")]
    return set(re.findall(r"`([a-z0-9_]+(?:\.[0-9]+)?)`", "\n".join(rows)))


@pytest.mark.parametrize("name", MODULES)
def test_each_key_stands_in_the_page(name):
    there = keys_in(PAGE.read_text(), name)
    due = keys_of(*MODULES[name])
    common = keys_of("common", "study") | (keys_of("rows") if name in {"sanity", "variance"} else set())
    assert due
    assert due - there == set()
    assert there - due - common == set()


def test_every_module_of_keys_belongs_to_a_document():
    named = {module for modules in MODULES.values() for module in modules}
    files = {path.stem for path in Path(records.__file__).parent.glob("*.py")}
    assert {module for module in files if keys_of(module)} == named


def test_a_key_that_the_page_lacks_is_noticed():
    page = PAGE.read_text().replace("`snr_rms`", "the root mean square")
    assert keys_of("cell") - keys_in(page, "result") == {"snr_rms"}
