"""Plugins with their parameters: canonical names, names for tables, arguments."""

import pytest

from saliencynoise.interfaces import UsageError
from tests.registry.plugin_sources import BUILT_IN, GLOW, MODELS, SAMPLERS, catalogue_of


def test_a_plugins_method_is_labelled_with_its_plugin(install):
    bound = catalogue_of(install("glows", GLOW)).method("glow")
    assert (bound.canonical_name, bound.display_name, bound.distribution) == ("glows/glow", "glows/glow", "glows 1.2")


def test_a_catalogue_of_architectures(install):
    names = catalogue_of(install("nets", MODELS.replace("{names}", "return ['b-1', 'a.x', 'b-1']")))
    assert set(names.names("models")) - BUILT_IN == {"a.x", "b-1"}
    bound = names.model("b-1", {"width": 4})
    assert (bound.canonical_name, bound.display_name) == ("nets/b-1(width=4)", "b-1(width=4)")
    model = bound.load()
    assert (model.name, model.width) == ("b-1", 4)
    with pytest.raises(UsageError, match="unknown architecture 'zoo'"):
        names.model("zoo", {})


def test_an_architecture_takes_arguments_in_its_name(install):
    names = catalogue_of(install("nets", MODELS.replace("{names}", "return ['a']")))
    bound = names.model("a(width=4)", {"act": "relu"})
    assert (bound.canonical_name, bound.arguments) == ("nets/a(act=relu,width=4)", {"width": 4, "act": "relu"})
    with pytest.raises(UsageError, match=r"width is given twice, in 'a\(width=4\)' and as --arch-arg width=2; give it"):
        names.model("a(width=4)", {"width": 2})
    assert names.model(bound.canonical_name).canonical_name == bound.canonical_name  # for workers
    odd = names.model("a", {"norm": "two words", "act": "gelu"})
    assert names.model(odd.canonical_name) == odd


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"width": 0}, r"architecture 'nets/a\(width=0\)': width must be 1 or more"),
        ({"depth": 3}, r"architecture 'nets/a\(depth=3\)' has no argument 'depth'; did you mean 'width'\?"),
    ],
)
def test_impossible_arguments_of_an_architecture(install, arguments, text):
    names = catalogue_of(install("nets", MODELS.replace("{names}", "return ['a']")))
    with pytest.raises(UsageError, match=text):
        names.model("a", arguments).load()


@pytest.mark.parametrize(
    ("asked", "text", "label"),
    [
        ("plain", "ours/plain(width=0.5)", "ours/plain"),
        ("ours/plain(width=1)", "ours/plain(width=1.0)", "ours/plain(width=1.0)"),
        ("named:a b/c:d*", "ours/named(place='a b/c:d*',times=1)", "ours/named(place='a b/c:d*')"),
        ("named:C:/x(1)", "ours/named(place='C:/x(1)',times=1)", "ours/named(place='C:/x(1)')"),
        ("named(place='x:y',times=2)", "ours/named(place=x:y,times=2)", "ours/named(place=x:y,times=2)"),
        ("noisegrad", "builtin/noisegrad(noise=0.12,members_a_run=0)", "noisegrad"),
    ],
)
def test_samplers_with_parameters_and_values(install, asked, text, label):
    names = catalogue_of(install("ours", SAMPLERS))
    bound = names.sampler(asked)
    assert (bound.canonical_name, bound.display_name) == (text, label)
    assert names.sampler(bound.canonical_name).instance == bound.instance
    assert bound.distribution.split()[0] == ("ours" if text.startswith("ours") else "saliencynoise")
