"""Targets of plugins: imported when they are used, and refused if they do not satisfy the protocol of their kind."""

import pytest

from saliencynoise.interfaces import ConfigurationError, UsageError
from tests.registry.plugin_sources import AGGREGATORS, BUILT_IN, DATA, GLOW, MODELS, SAMPLERS, catalogue_of


@pytest.mark.parametrize(
    ("target", "error"),
    [
        (
            "not_there:Glow",
            "not_there:Glow cannot be imported: ModuleNotFoundError: No module named 'not_there'",
        ),
        ("math:Glow", "math:Glow cannot be imported: AttributeError: module 'math' has no attribute 'Glow'"),
        ("fake_exits:Glow", "fake_exits:Glow cannot be imported: SystemExit: 4"),
    ],
)
def test_a_broken_target_is_reported_when_it_is_used(install, target, error):
    exits = install("exits", "raise SystemExit(4)")
    names = catalogue_of(exits, install("glows", GLOW.replace('__name__ + ":Glow"', f'"{target}"')))
    assert "glow" in names.names("methods")
    with pytest.raises(UsageError) as caught:
        names.method("glow")
    assert str(caught.value) == f"plugin 'glows' (glows 1.2) failed: {error}"


def test_a_target_that_is_no_method_is_refused(install):
    names = catalogue_of(install("glows", GLOW.replace("    def from_pass", "    def from_pas")))
    with pytest.raises(ConfigurationError) as caught:
        names.method("glow")
    assert str(caught.value) == (
        "'glows/glow' (glows 1.2): its target gave Glow, which does not satisfy PassMethod of saliencynoise.interfaces"
    )


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("raise OSError('gone')", "OSError: gone"),
        ("exit(1)", "SystemExit: 1"),
        ("return None", "TypeError: 'NoneType' object is not iterable"),
        ("return ['a', 'b c']", "the name 'b c' is not made of letters, digits and _ . + -"),
        ("return [1]", "the name 1 is not made of letters, digits and _ . + -"),
    ],
)
def test_a_catalogue_that_lists_no_names_harms_no_other(install, monkeypatch, body, error):
    good = install("good", MODELS.replace("{names}", "return ['a']"))
    bad = install("bad", MODELS.replace("{names}", body) + GLOW)
    names = catalogue_of(good, bad)
    failure = f"plugin 'bad' (bad 1.2) failed: fake_bad:names lists no names: {error}"
    assert [str(failure) for failure in names.failures] == [failure]
    assert set(names.names("models")) - BUILT_IN == {"a"}
    assert names.method("glow").canonical_name == "bad/glow"
    with pytest.raises(UsageError) as caught:
        names.model("b", {})
    assert str(caught.value).endswith(f"; {failure}")
    with pytest.raises(UsageError) as caught:
        names.model("bad/b", {})
    assert str(caught.value) == f"'bad/b' is not available: {failure}"

    monkeypatch.setenv("SALIENCYNOISE_STRICT", "1")
    with pytest.raises(UsageError, match="SALIENCYNOISE_STRICT=1 makes this fatal"):
        catalogue_of(good, bad).names("models")


def test_a_loader_that_gives_no_data_set_is_refused(install):
    with pytest.raises(ConfigurationError, match=r"'data/wrong' .* gave dict, which does not satisfy Dataset"):
        catalogue_of(install("data", DATA)).dataset("wrong", image_size=None, seed=0)


def test_an_aggregator_keeps_the_protocol_of_its_level(install):
    names = catalogue_of(install("ours", AGGREGATORS))
    first = names.aggregator("first")
    assert (first.canonical_name, first.spec.level) == ("ours/first(share=0.5)", "networks")
    with pytest.raises(
        ConfigurationError, match=r"'ours/mixed_up' .* gave First, which does not satisfy Aggregator of"
    ):
        names.aggregator("mixed_up")
    with pytest.raises(ConfigurationError, match=r"gave Mean, which does not satisfy NetworkAggregator of"):
        names.aggregator("no_net")


def test_a_target_that_is_no_sampler_is_refused(install):
    with pytest.raises(ConfigurationError) as caught:
        catalogue_of(install("ours", SAMPLERS)).sampler("wrong")
    assert str(caught.value) == (
        "'ours/wrong' (ours 1.2): its target gave Wrong, which does not satisfy Sampler of saliencynoise.interfaces"
    )


@pytest.mark.parametrize("value", [0, -1, 1.0, True, None, "2"])
def test_impossible_members_of_a_block_are_refused(install, value):
    source = SAMPLERS.replace("per_block = 2", f"per_block = {value!r}")
    with pytest.raises(UsageError) as caught:
        catalogue_of(install("ours", source)).sampler("odd")
    assert str(caught.value) == (
        f"the sampler 'ours/odd' (ours 1.2): per_block is {value!r}; it must be a whole number from 1"
    )


def test_a_block_of_several_members_is_taken(install):
    bound = catalogue_of(install("ours", SAMPLERS)).sampler("odd")
    assert (bound.plugin, bound.instance.per_block) == ("ours", 2)
