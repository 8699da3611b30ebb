"""Names become plugins: canonical, short, reserved, suggested, refused."""

from __future__ import annotations

from importlib.metadata import distribution
from typing import TYPE_CHECKING

import pytest

from saliencynoise.interfaces import ConfigurationError, Dataset, UsageError
from saliencynoise.methods.gradcam import GradCam
from saliencynoise.registry.catalogue import METHOD_KINDS, Catalogue, catalogue
from saliencynoise.registry.loader import GROUP, discover

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


BUILT_IN = {"resnet", "vgg"}

GLOW = """
from dataclasses import dataclass

@hookimpl
def saliencynoise_methods():
    return (method("glow", target=__name__ + ":Glow"),)

@dataclass(frozen=True)
class Glow:
    points = ("input",)
    def from_pass(self, taps, batch):
        return None
"""

MODELS = """
@hookimpl
def saliencynoise_models():
    return (ModelSpec(name="zoo", summary="a zoo", target=__name__ + ":Net", names=__name__ + ":names"),)

def names():
    {names}

class Net:
    def __init__(self, name, *, width=8):
        self.name, self.width = name, width
        if width < 1:
            raise ValueError("width must be 1 or more")
    def build(self, in_shape, num_classes):
        raise NotImplementedError
"""

AGGREGATORS = """
from dataclasses import dataclass

@hookimpl
def saliencynoise_aggregators():
    return (
        AggregatorSpec(name="first", summary="s", target=__name__ + ":First", level="networks"),
        AggregatorSpec(name="mixed_up", summary="s", target=__name__ + ":First"),
        AggregatorSpec(name="no_net", summary="s", target="saliencynoise.aggregators.mean:Mean", level="networks"),
    )

@dataclass(frozen=True)
class First:
    share: float = 0.5
    def combine(self, logits):
        return logits[0]
"""

SAMPLERS = """
from dataclasses import dataclass
from saliencynoise.interfaces import Sampler, SamplerSpec

@hookimpl
def saliencynoise_samplers():
    return (
        SamplerSpec(name="plain", summary="s", target=__name__ + ":Plain"),
        SamplerSpec(name="named", summary="s", target=__name__ + ":Named", value="place"),
        SamplerSpec(name="wrong", summary="s", target=__name__ + ":Wrong"),
        SamplerSpec(name="odd", summary="s", target=__name__ + ":Odd"),
    )

@dataclass(frozen=True)
class Plain(Sampler):
    width: float = 0.5
    def members(self, run):
        yield from ()

@dataclass(frozen=True)
class Named(Sampler):
    place: str = ""
    times: int = 1
    def members(self, run):
        yield from ()

@dataclass(frozen=True)
class Wrong:
    pass

@dataclass(frozen=True)
class Odd(Plain):
    per_block = 2
"""

DATA = """
@hookimpl
def saliencynoise_datasets():
    return (
        DatasetSpec(name="plain", summary="s", target=__name__ + ":load"),
        DatasetSpec(name="placed", summary="s", target=__name__ + ":load", takes_path=True),
        DatasetSpec(name="copied", summary="s", target=__name__ + ":load", data_dir=True),
        DatasetSpec(name="wrong", summary="s", target="builtins:dict"),
    )

def load(*, path, image_size, seed):
    import torch
    from saliencynoise.interfaces import Dataset, Split
    split = Split(
        images=torch.zeros(1, 1, 2, 2, dtype=torch.uint8), labels=torch.zeros(1).long(), names=("a",))
    return Dataset(
        name="x", classes=("a",), train=split, test=split, mean=(0.0,), std=(1.0,),
        notes=(f"{path} {image_size} {seed}",)
    )
"""


def found(*points: EntryPoint) -> Catalogue:
    """What these and the built-in plugin bring."""
    ours = distribution("saliencynoise").entry_points.select(group=GROUP)
    return Catalogue(*discover([*points, *ours]))


def test_short_and_canonical_names_are_one_method():
    names = found()
    short, full = (
        names.method("gradcam(layer=intermediate)"),
        names.method("builtin/gradcam( layer = intermediate )"),
    )
    assert short == full
    assert short.canonical_name == "builtin/gradcam(layer=intermediate)"
    assert short.display_name == "gradcam(layer=intermediate)"
    assert short.distribution.startswith("saliencynoise 0.")
    assert short.instance == GradCam(layer="intermediate")
    assert names.method("gradcam").canonical_name == "builtin/gradcam(layer=top)"
    assert names.method("gradient").canonical_name == "builtin/gradient"


def test_a_plugins_method_is_labelled_with_its_plugin(install):
    bound = found(install("glows", GLOW)).method("glow")
    assert (bound.canonical_name, bound.display_name, bound.distribution) == ("glows/glow", "glows/glow", "glows 1.2")


def test_the_built_in_names_are_reserved(install):
    names = found(install("aaa", GLOW.replace('"glow"', '"gradient"')))
    assert names.method("gradient").canonical_name == "builtin/gradient"
    assert names.method("aaa/gradient").canonical_name == "aaa/gradient"
    reordered = Catalogue(names.plugins[::-1], [])
    assert reordered.method("gradient").canonical_name == "builtin/gradient"
    assert {"gradcam", "gradient"} <= set(names.names("methods"))
    assert names.names("methods") == sorted(set(names.names("methods")))


def test_a_clash_is_an_error_that_lists_both(install):
    names = found(install("one", GLOW), install("two", GLOW))
    with pytest.raises(UsageError) as caught:
        names.method("glow")
    assert str(caught.value) == ("the method 'glow' is provided by several plugins; write 'one/glow' or 'two/glow'")
    assert names.method("two/glow").distribution == "two 1.2"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gradcan", "unknown method 'gradcan'; did you mean 'gradcam'"),
        (
            "builtin/gradiant",
            "unknown method 'builtin/gradiant'; did you mean 'builtin/gradient' or ",
        ),
        ("xyzzy", "unknown method 'xyzzy'; there are "),
        ("no/gradcam", "unknown method 'no/gradcam'; did you mean"),
    ],
)
def test_an_unknown_name_is_answered_with_those_there_are(name, text):
    with pytest.raises(UsageError) as caught:
        found().method(name)
    assert str(caught.value).startswith(text)


def test_an_unknown_architecture_where_only_the_built_in_ones_are():
    with pytest.raises(UsageError) as caught:
        found().model("swin_t", {})
    assert str(caught.value) == "unknown architecture 'swin_t'; there are resnet, vgg"


def test_an_unknown_name_quotes_the_plugins_that_failed(install):
    names = found(install("glows", "raise RuntimeError('no licence')"))
    with pytest.raises(UsageError) as caught:
        names.method("glow")
    assert str(caught.value) == (
        f"unknown method 'glow'; there are {', '.join(names.names('methods'))}; "
        "plugin 'glows' (glows 1.2) failed: RuntimeError: no licence"
    )
    with pytest.raises(UsageError) as caught:
        names.method("glows/glow")
    assert str(caught.value) == (
        "'glows/glow' is not available: plugin 'glows' (glows 1.2) failed: RuntimeError: no licence"
    )


def test_a_refused_claim_to_a_name_does_not_take_it_from_its_owner(install):
    names = found(install("usurper", GLOW, point="builtin"))
    assert [failure.distribution for failure in names.failures] == ["usurper"]
    assert names.method("builtin/gradient").canonical_name == "builtin/gradient"


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
def test_a_broken_target_is_told_when_it_is_used(install, target, error):
    exits = install("exits", "raise SystemExit(4)")
    names = found(exits, install("glows", GLOW.replace('__name__ + ":Glow"', f'"{target}"')))
    assert "glow" in names.names("methods")
    with pytest.raises(UsageError) as caught:
        names.method("glow")
    assert str(caught.value) == f"plugin 'glows' (glows 1.2) failed: {error}"


def test_a_target_that_is_no_method_is_told(install):
    names = found(install("glows", GLOW.replace("    def from_pass", "    def from_pas")))
    with pytest.raises(ConfigurationError) as caught:
        names.method("glow")
    assert str(caught.value) == (
        "'glows/glow' (glows 1.2): its target gave Glow, which does not satisfy PassMethod of saliencynoise.interfaces"
    )


def test_a_target_that_is_no_dataclass_is_told(install):
    names = found(install("glows", GLOW.replace("@dataclass(frozen=True)", "")))
    with pytest.raises(ConfigurationError, match="the target of method 'glow' must be a dataclass"):
        names.method("glow")


def test_a_catalogue_of_architectures(install):
    names = found(install("nets", MODELS.replace("{names}", "return ['b-1', 'a.x', 'b-1']")))
    assert set(names.names("models")) - BUILT_IN == {"a.x", "b-1"}
    bound = names.model("b-1", {"width": 4})
    assert (bound.canonical_name, bound.display_name) == ("nets/b-1(width=4)", "b-1(width=4)")
    model = bound.load()
    assert (model.name, model.width) == ("b-1", 4)
    with pytest.raises(UsageError, match="unknown architecture 'zoo'"):
        names.model("zoo", {})


def test_an_architecture_takes_arguments_in_its_name(install):
    names = found(install("nets", MODELS.replace("{names}", "return ['a']")))
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
    names = found(install("nets", MODELS.replace("{names}", "return ['a']")))
    with pytest.raises(UsageError, match=text):
        names.model("a", arguments).load()


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
    names = found(good, bad)
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
        found(good, bad).names("models")


def test_data_sets_with_and_without_a_path(install):
    names = found(install("data", DATA))
    text, dataset = names.dataset("placed:C:/x y", image_size=16, seed=3)
    assert (text, dataset.notes) == ("data/placed", ("C:/x y 16 3",))
    text, dataset = names.dataset("data/plain", image_size=None, seed=0)
    assert isinstance(dataset, Dataset)
    assert (text, dataset.notes) == ("data/plain", ("None None 0",))


def test_data_sets_from_a_folder(install):
    names = found(install("data", DATA))
    assert names.dataset("copied", image_size=None, seed=0, data_dir="/a")[1].notes == ("/a None 0",)
    assert names.dataset("copied", image_size=None, seed=0)[1].notes == ("None None 0",)
    others = "is not read from a --data-dir (cifar10 and copied and imagenette can be)"
    for text, fix in {
        "data/plain": "leave it out",
        "placed:x": "write placed:/a instead",
        "digits": "leave it out",
    }.items():
        with pytest.raises(UsageError) as caught:
            names.dataset(text, image_size=None, seed=0, data_dir="/a")
        assert str(caught.value) == f"the data set '{text.removesuffix(':x')}' {others}; {fix}"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("placed", "the data set 'placed' needs a path; write placed:PATH"),
        ("placed:", "the data set 'placed' needs a path; write placed:PATH"),
        ("plain:x", "the data set 'plain' takes no path; write plain instead of 'plain:x'"),
        ("plains", "unknown data set 'plains'; did you mean 'plain'"),
    ],
)
def test_data_sets_that_cannot_be_read(install, text, error):
    with pytest.raises(UsageError) as caught:
        found(install("data", DATA)).dataset(text, image_size=None, seed=0)
    assert str(caught.value).startswith(error)


def test_a_loader_that_gives_no_data_set_is_told(install):
    with pytest.raises(ConfigurationError, match=r"'data/wrong' .* gave dict, which does not satisfy Dataset"):
        found(install("data", DATA)).dataset("wrong", image_size=None, seed=0)


def test_the_built_in_targets_exist():
    names = found()
    assert names.failures == []
    for entry in names.entries("methods"):
        bound = names.method(entry.canonical)
        assert isinstance(bound.instance, METHOD_KINDS[entry.spec.kind])
        assert names.method(bound.canonical_name).instance == bound.instance
    for entry in names.entries("aggregators"):
        aggregator = names.aggregator(entry.canonical)
        assert names.aggregator(aggregator.canonical_name).instance == aggregator.instance
    assert names.aggregator("trimmed_mean(share=0.25)").canonical_name == "builtin/trimmed_mean(share=0.25)"
    assert names.aggregator("mean").canonical_name == "builtin/mean"
    with pytest.raises(UsageError, match="aggregator 'mean' has no parameter 'trim'; it takes none"):
        names.aggregator("mean(trim=1)")


def test_an_aggregator_keeps_the_protocol_of_its_level(install):
    names = found(install("ours", AGGREGATORS))
    first = names.aggregator("first")
    assert (first.canonical_name, first.spec.level) == ("ours/first(share=0.5)", "networks")
    with pytest.raises(
        ConfigurationError, match=r"'ours/mixed_up' .* gave First, which does not satisfy Aggregator of"
    ):
        names.aggregator("mixed_up")
    with pytest.raises(ConfigurationError, match=r"gave Mean, which does not satisfy NetworkAggregator of"):
        names.aggregator("no_net")


def test_the_catalogue_is_discovered_once():
    assert catalogue() is catalogue()


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
    names = found(install("ours", SAMPLERS))
    bound = names.sampler(asked)
    assert (bound.canonical_name, bound.display_name) == (text, label)
    assert names.sampler(bound.canonical_name).instance == bound.instance
    assert bound.distribution.split()[0] == ("ours" if text.startswith("ours") else "saliencynoise")


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ("plain:x", "the sampler 'plain' takes no value after a colon; write plain instead of 'plain:x'"),
        ("named", "the sampler 'named' needs a value; write named:PLACE"),
        ("named:", "the sampler 'named' needs a value; write named:PLACE"),
        ("named(times=2)", "the sampler 'named' needs a value; write named:PLACE"),
        ("plain(wide=2)", "sampler 'plain' has no parameter 'wide'; did you mean 'width'?"),
        ("plain(width=x)", "sampler 'plain': width=x is not of type float"),
        ("plane", "unknown sampler 'plane'; did you mean 'plain'"),
        ("snapshot(cycles=0)", "snapshot: cycles=0 is not possible; give 1 or more"),
    ],
)
def test_samplers_that_cannot_be_had(install, asked, error):
    with pytest.raises(UsageError) as caught:
        found(install("ours", SAMPLERS)).sampler(asked)
    assert str(caught.value).startswith(error)


def test_a_target_that_is_no_sampler_is_told(install):
    with pytest.raises(ConfigurationError) as caught:
        found(install("ours", SAMPLERS)).sampler("wrong")
    assert str(caught.value) == (
        "'ours/wrong' (ours 1.2): its target gave Wrong, which does not satisfy Sampler of saliencynoise.interfaces"
    )


@pytest.mark.parametrize("value", [0, -1, 1.0, True, None, "2"])
def test_members_of_a_block_that_cannot_be_are_refused(install, value):
    source = SAMPLERS.replace("per_block = 2", f"per_block = {value!r}")
    with pytest.raises(UsageError) as caught:
        found(install("ours", source)).sampler("odd")
    assert str(caught.value) == (
        f"the sampler 'ours/odd' (ours 1.2): per_block is {value!r}; it must be a whole number from 1"
    )


def test_a_block_of_several_members_is_taken(install):
    bound = found(install("ours", SAMPLERS)).sampler("odd")
    assert (bound.plugin, bound.instance.per_block) == ("ours", 2)


def test_every_built_in_sampler_has_a_name_a_line_and_a_target_whose_defaults_can_be_read_back():
    names = found()
    for entry in names.entries("samplers"):
        if entry.plugin.name == "builtin" and entry.spec.value is None:
            bound = names.sampler(entry.name)
            assert names.sampler(bound.canonical_name).instance == bound.instance
            assert bound.display_name == entry.name
