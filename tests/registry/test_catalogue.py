"""Names become plugins: canonical, short, reserved, suggested, refused."""

import pytest

from saliencynoise.interfaces import ConfigurationError, Dataset, UsageError
from saliencynoise.methods.gradcam import GradCam
from saliencynoise.registry.catalogue import METHOD_KINDS, Catalogue, catalogue
from tests.registry.plugin_sources import DATA, GLOW, SAMPLERS, catalogue_of


def test_short_and_canonical_names_are_one_method():
    names = catalogue_of()
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


def test_the_built_in_names_are_reserved(install):
    names = catalogue_of(install("aaa", GLOW.replace('"glow"', '"gradient"')))
    assert names.method("gradient").canonical_name == "builtin/gradient"
    assert names.method("aaa/gradient").canonical_name == "aaa/gradient"
    reordered = Catalogue(names.plugins[::-1], [])
    assert reordered.method("gradient").canonical_name == "builtin/gradient"
    assert {"gradcam", "gradient"} <= set(names.names("methods"))
    assert names.names("methods") == sorted(set(names.names("methods")))


def test_a_clash_is_an_error_that_lists_both(install):
    names = catalogue_of(install("one", GLOW), install("two", GLOW))
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
        catalogue_of().method(name)
    assert str(caught.value).startswith(text)


def test_an_unknown_architecture_where_only_the_built_in_ones_are():
    with pytest.raises(UsageError) as caught:
        catalogue_of().model("swin_t", {})
    assert str(caught.value) == "unknown architecture 'swin_t'; there are resnet, vgg"


def test_an_unknown_name_quotes_the_plugins_that_failed(install):
    names = catalogue_of(install("glows", "raise RuntimeError('no licence')"))
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
    names = catalogue_of(install("usurper", GLOW, point="builtin"))
    assert [failure.distribution for failure in names.failures] == ["usurper"]
    assert names.method("builtin/gradient").canonical_name == "builtin/gradient"


def test_a_target_that_is_no_dataclass_is_refused(install):
    names = catalogue_of(install("glows", GLOW.replace("@dataclass(frozen=True)", "")))
    with pytest.raises(ConfigurationError, match="the target of method 'glow' must be a dataclass"):
        names.method("glow")


def test_data_sets_with_and_without_a_path(install):
    names = catalogue_of(install("data", DATA))
    text, dataset = names.dataset("placed:C:/x y", image_size=16, seed=3)
    assert (text, dataset.notes) == ("data/placed", ("C:/x y 16 3",))
    text, dataset = names.dataset("data/plain", image_size=None, seed=0)
    assert isinstance(dataset, Dataset)
    assert (text, dataset.notes) == ("data/plain", ("None None 0",))


def test_data_sets_from_a_folder(install):
    names = catalogue_of(install("data", DATA))
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
        catalogue_of(install("data", DATA)).dataset(text, image_size=None, seed=0)
    assert str(caught.value).startswith(error)


def test_the_built_in_targets_exist():
    names = catalogue_of()
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


def test_the_catalogue_is_discovered_once():
    assert catalogue() is catalogue()


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
def test_samplers_that_cannot_be_made(install, asked, error):
    with pytest.raises(UsageError) as caught:
        catalogue_of(install("ours", SAMPLERS)).sampler(asked)
    assert str(caught.value).startswith(error)


def test_every_built_in_sampler_has_a_name_a_line_and_a_target_whose_defaults_can_be_read_back():
    names = catalogue_of()
    for entry in names.entries("samplers"):
        if entry.plugin.name == "builtin" and entry.spec.value is None:
            bound = names.sampler(entry.name)
            assert names.sampler(bound.canonical_name).instance == bound.instance
            assert bound.display_name == entry.name
