"""Each plugin is loaded, called and validated by itself."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

import pytest

from saliencynoise.interfaces import UsageError
from saliencynoise.registry import hookspecs
from saliencynoise.registry.loader import GROUP, KINDS, discover

GOOD = """
@hookimpl
def saliencynoise_methods():
    return (method(),)
"""

METHODS = """
@hookimpl
def saliencynoise_methods():
    return {}
"""

COMMANDS = """
@hookimpl
def saliencynoise_commands():
    return ({},)
"""

SAMPLERS = """
@hookimpl
def saliencynoise_samplers():
    return (SamplerSpec(name='s', summary='s', target='a:b', {}),)
"""

BROKEN = {
    "raises at import": ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
    "raises an empty error": ("raise ValueError", "ValueError"),
    "lacks a module": ("import not_there_at_all", "ModuleNotFoundError: No module named 'not_there_at_all'"),
    "lacks a name": ("from os import not_there", "ImportError: cannot import name 'not_there' from 'os'"),
    "exits": ("import sys; sys.exit('bye')", "SystemExit: bye"),
    "is no Python": ("def (", "SyntaxError: invalid syntax"),
    "raises in a hook": (METHODS.format("1 / 0"), "ZeroDivisionError: division by zero"),
    "exits in a hook": (METHODS.format("exit(3)"), "SystemExit: 3"),
    "misspells a hook": (
        "@hookimpl\ndef saliencynoise_method():\n    return ()",
        "unknown hook 'saliencynoise_method' in plugin",
    ),
    "takes an argument": (
        "@hookimpl\ndef saliencynoise_methods(x):\n    return ()",
        "Argument(s) {'x'} are declared",
    ),
    "returns a list": (METHODS.format("[method()]"), "saliencynoise_methods must return a tuple, not list"),
    "returns one spec": (METHODS.format("method()"), "must return a tuple, not MethodSpec"),
    "returns a name": (METHODS.format("('glow',)"), "must return MethodSpec records, not str"),
    "returns another kind": (
        METHODS.format("(AggregatorSpec(name='a', summary='b', target='c:d'),)"),
        "saliencynoise_methods must return MethodSpec records, not AggregatorSpec",
    ),
    "has a spaced name": (
        METHODS.format("(method('my glow'),)"),
        "the name 'my glow' is not made of letters",
    ),
    "has a name with a slash": (METHODS.format("(method('a/b'),)"), "the name 'a/b' is not made of letters"),
    "has a name with a call": (METHODS.format("(method('a(b)'),)"), "the name 'a(b)' is not made of letters"),
    "has an empty name": (METHODS.format("(method(''),)"), "the name '' is not made of letters"),
    "has no name": (METHODS.format("(method(None),)"), "the name None is not made of letters"),
    "has no summary": (METHODS.format("(method(summary=' '),)"), "'glow' needs a summary of one line"),
    "has a long summary": (
        METHODS.format("(method(summary='a\\nb'),)"),
        "'glow' needs a summary of one line",
    ),
    "has a path as target": (
        METHODS.format("(method(target='a/b.py'),)"),
        "'glow' has 'a/b.py' where 'package.module:attribute' is expected",
    ),
    "has a class as target": (METHODS.format("(method(target=int),)"), "'glow' has <class 'int'> where"),
    "expects a failure without a reason": (
        METHODS.format("(method(expected_failures=(('target', ' '),)),)"),
        "'glow' expects the failure ('target', ' '); write ('name of a check', 'reason')",
    ),
    "has no views": (METHODS.format("(method(views=()),)"), "'glow' needs a tuple of at least one view"),
    "has one word as views": (
        METHODS.format("(method(views='abs'),)"),
        "'glow' needs a tuple of at least one view",
    ),
    "has an unknown view": (
        METHODS.format("(method(views=('sined',)),)"),
        "'glow' has the views ('sined',); choose of signed, relu, abs, centred, each once",
    ),
    "repeats a view": (
        METHODS.format("(method(views=('abs', 'abs')),)"),
        "choose of signed, relu, abs, centred, each once",
    ),
    "has an unknown level": (
        (
            "@hookimpl\ndef saliencynoise_aggregators():\n"
            "    return (AggregatorSpec(name='a', summary='s', target='b:c', level='logits'),)"
        ),
        "saliencynoise_aggregators: 'a' has the level 'logits'; choose of maps, networks",
    ),
    "has a sampler whose chance is no text": (
        SAMPLERS.format("at_chance=True"),
        "saliencynoise_samplers: 's' has at_chance=True; give a text",
    ),
    "has a sampler that is imported in a word": (
        SAMPLERS.format("imported='no'"),
        "saliencynoise_samplers: 's' has imported='no'; give True or False",
    ),
    "repeats a name": (METHODS.format("(method(), method())"), "saliencynoise_methods names 'glow' twice"),
    "has a broken catalogue": (
        (
            "@hookimpl\ndef saliencynoise_models():\n"
            "    return (ModelSpec(name='m', summary='s', target='a:b', names='c'),)"
        ),
        "saliencynoise_models: 'm' has 'c' where 'package.module:attribute' is expected",
    ),
    "has a command with a path as target": (
        COMMANDS.format("CommandSpec(name='c', summary='s', target='a.py')"),
        "saliencynoise_commands: 'c' has 'a.py' where 'package.module:attribute' is expected",
    ),
    "has a command without a summary": (
        COMMANDS.format("CommandSpec(name='c', summary='', target='a:b')"),
        "saliencynoise_commands: 'c' needs a summary of one line",
    ),
    "has a command with an option's name": (
        COMMANDS.format("CommandSpec(name='--c', summary='s', target='a:b')"),
        "saliencynoise_commands: the name '--c' is not made of letters",
    ),
    "repeats a command": (
        COMMANDS.format("*[CommandSpec(name='c', summary='s', target='a:b')] * 2"),
        "saliencynoise_commands names 'c' twice",
    ),
    "brings nothing": ("x = 1", "it brings nothing: no function of it is marked @hookimpl, or all return ()"),
    "returns nothing": (METHODS.format("()"), "it brings nothing"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_named_and_harms_no_other(install, kind):
    source, error = BROKEN[kind]
    points = [install("bad", source, version="0.3"), install("after", GOOD), install("aa_before", GOOD)]

    plugins, (failure,) = discover([*points, *entry_points(group=GROUP, name="builtin")])

    assert [plugin.name for plugin in plugins] == ["builtin", "aa_before", "after"]
    assert (failure.plugin, failure.distribution, failure.version) == ("bad", "bad", "0.3")
    assert error in failure.error
    assert "\n" not in failure.error
    assert str(failure) == f"plugin 'bad' (bad 0.3) failed: {failure.error}"


def test_a_broken_plugin_is_fatal_in_strict_mode(install, monkeypatch):
    points = [install("bad", "raise RuntimeError('no licence')"), install("good", GOOD)]
    monkeypatch.setenv("SALIENCYNOISE_STRICT", "0")
    assert len(discover(points)[1]) == 1
    monkeypatch.setenv("SALIENCYNOISE_STRICT", "1")
    with pytest.raises(UsageError) as caught:
        discover(points)
    assert str(caught.value) == (
        "plugin 'bad' (bad 1.2) failed: RuntimeError: no licence "
        "(SALIENCYNOISE_STRICT=1 makes this fatal; unset it or uninstall the plugin)"
    )
    assert discover(points[1:])[1] == []


def test_a_keyboard_interrupt_is_no_failure_of_a_plugin(install):
    point = install("slow", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        discover([point])


def test_plugins_are_found_on_the_path(install):
    install("found", GOOD)
    plugins, _ = discover()
    assert plugins[0].name == "builtin"
    (result,) = [plugin for plugin in plugins if plugin.name == "found"]
    assert (result.distribution, result.version) == ("found", "1.2")
    assert [spec.name for spec in result.specs["methods"]] == ["glow"]


def test_two_distributions_that_share_a_name_both_fail(install):
    points = [install("one", GOOD, point="glow"), install("two", GOOD, point="glow"), install("three", GOOD)]
    plugins, failures = discover(points)
    assert [plugin.name for plugin in plugins] == ["three"]
    assert [failure.distribution for failure in failures] == ["one", "two"]
    for failure in failures:
        assert failure.error == (
            "the plugin name 'glow' is claimed by one 1.2 and two 1.2; uninstall all but one, "
            "or ask an author to rename the entry point"
        )


@pytest.mark.parametrize("with_ours", [True, False])
def test_the_name_of_the_built_in_plugin_is_nobody_elses(install, *, with_ours):
    ours = [*entry_points(group=GROUP, name="builtin")] if with_ours else []
    assert len(ours) == with_ours
    plugins, (failure,) = discover([install("usurper", GOOD, point="builtin"), *ours])
    assert [plugin.distribution for plugin in plugins] == ["saliencynoise"] * with_ours
    assert failure.distribution == "usurper"
    assert "the plugin name 'builtin' is" in failure.error


def test_a_plugin_name_that_could_not_be_written_is_refused(install):
    _, (failure,) = discover([install("spaced", GOOD, point="my plugin")])
    assert failure.error == "the plugin name 'my plugin' is not made of letters, digits and _ . + -"


def test_a_damaged_installation_harms_no_other(install):
    points = [install("damaged", GOOD, metadata=False), install("broken", "1/0", metadata=False)]
    plugins, failures = discover([*points, install("good", GOOD)])
    assert [(plugin.name, plugin.version) for plugin in plugins] == [("damaged", "unknown"), ("good", "1.2")]
    assert [failure.distribution for failure in failures] == ["unknown"]


def test_an_entry_point_without_a_distribution_is_listed(install):
    install("good", GOOD)
    plugins, _ = discover([EntryPoint("loose", "fake_good", GROUP)])
    assert [(plugin.name, plugin.distribution) for plugin in plugins] == [("loose", "unknown")]


def test_every_hook_is_documented_returns_its_records_and_is_implemented():
    hooks = {name: value for name, value in vars(hookspecs).items() if hasattr(value, "saliencynoise_spec")}
    assert set(hooks) == {f"saliencynoise_{kind}" for kind in KINDS}
    builtin, timm = (discover(entry_points(group=GROUP, name=name))[0][0].specs for name in ("builtin", "timm"))
    for kind, record in KINDS.items():
        hook = hooks[f"saliencynoise_{kind}"]
        assert hook.__doc__.startswith("Return the ")
        assert hook.__annotations__["return"] == f"tuple[{record.__name__}, ...]"
        assert builtin[kind] or timm[kind], f"nothing implements saliencynoise_{kind}"
