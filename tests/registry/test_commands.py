"""Two commands of one name are an error that names both."""

from __future__ import annotations

from importlib.metadata import entry_points

import pytest

from saliencynoise.interfaces import UsageError
from saliencynoise.registry.catalogue import Catalogue, catalogue
from saliencynoise.registry.loader import GROUP, discover

SOURCE = """
@hookimpl
def saliencynoise_commands():
    return (CommandSpec(name="{}", summary="a command", target="os:getcwd"),)
"""


def found(*points: object) -> Catalogue:
    return Catalogue(*discover([*points, *entry_points(group=GROUP, name="builtin")]))


def test_a_command_is_found_by_its_short_and_its_canonical_name(install):
    names = found(install("one", SOURCE.format("audit")))
    assert names.find("commands", "audit") == names.find("commands", "one/audit")
    assert names.find("commands", "audit").plugin.distribution == "one"
    assert names.failures == []


def test_two_plugins_with_one_command_both_fail(install):
    names = found(install("one", SOURCE.format("audit")), install("two", SOURCE.format("audit"), version="3"))
    with pytest.raises(UsageError) as caught:
        names.find("commands", "audit")
    assert str(caught.value) == "the command 'audit' is provided by several plugins; write 'one/audit' or 'two/audit'"
    assert [str(failure) for failure in names.failures] == [
        f"plugin '{mine}' ({mine} {version}) failed: its command 'audit' has the name of a command of '{other}' "
        f"({other} {others}); write '{mine}/audit', or ask an author to rename it"
        for mine, version, other, others in (("one", "1.2", "two", "3"), ("two", "3", "one", "1.2"))
    ]
    assert names.find("commands", "two/audit").plugin.name == "two"


def test_a_built_in_command_keeps_its_name(install):
    names = found(install("mine", SOURCE.format("bench")))
    (failure,) = names.failures
    assert failure.plugin == "mine"
    assert failure.error.startswith("its command 'bench' has the name of a command of 'builtin' (saliencynoise ")
    assert names.find("commands", "bench").plugin.name == "builtin"
    assert names.find("commands", "mine/bench").plugin.name == "mine"


def test_a_clash_is_fatal_in_strict_mode(install, monkeypatch):
    install("mine", SOURCE.format("bench"))
    monkeypatch.setenv("SALIENCYNOISE_STRICT", "1")
    catalogue.cache_clear()
    try:
        with pytest.raises(UsageError, match=r"plugin 'mine' \(mine 1.2\) failed: its command 'bench' .* fatal"):
            catalogue()
    finally:
        catalogue.cache_clear()


def test_an_unknown_command_is_named_with_what_is_like_it():
    with pytest.raises(UsageError, match="unknown command 'benhc'; did you mean 'bench'"):
        found().find("commands", "benhc")
