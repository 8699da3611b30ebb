"""Which things a name stands for."""

from __future__ import annotations

import pytest

from saliencynoise.interfaces import AggregatorSpec, MethodSpec, ModelSpec, PluginFailure, UsageError
from saliencynoise.registry.catalogue import Catalogue, catalogue
from saliencynoise.registry.loader import Plugin
from saliencynoise.testing.selection import check_selection, resolve, select
from saliencynoise.testing.subjects import AggregatorSubject, MethodSubject, ModelSubject

NAMES = ("zebra", "ant", "cow", "bee")


def names_of_many() -> tuple[str, ...]:
    return NAMES


def plugin(
    name: str,
    methods: tuple[str, ...] = (),
    models: tuple[ModelSpec, ...] = (),
    aggregators: tuple[AggregatorSpec, ...] = (),
) -> Plugin:
    specs = tuple(
        MethodSpec(
            name=method, summary="s", target="saliencynoise.methods.gradient:Gradient", family="gradient", paper="none"
        )
        for method in methods
    )
    specs_of = {
        "methods": specs,
        "models": models,
        "aggregators": aggregators,
        "samplers": (),
        "datasets": (),
        "commands": (),
    }
    return Plugin(name=name, distribution=name, version="1", specs=specs_of)


def zoo(samples: tuple[str, ...] = ()) -> ModelSpec:
    return ModelSpec(
        name="zoo", summary="s", target="no.such:Module", names=f"{__name__}:names_of_many", samples=samples
    )


def made(*plugins: Plugin, failures: tuple[PluginFailure, ...] = ()) -> Catalogue:
    result = Catalogue(plugins, failures)
    result._names[f"{__name__}:names_of_many"] = NAMES
    return result


def test_a_method_an_architecture_and_a_plugin():
    result = made(plugin("p", ("glow", "shine"), (zoo(),)))
    assert select(result, ["glow"]).methods == ("p/glow",)
    assert select(result, ["p/glow()"]).methods == ("p/glow()",)
    with pytest.raises(UsageError, match="method 'p/glow' has no parameter 'a'; it takes none"):
        select(result, ["p/glow(a=1)"])
    assert select(result, ["zebra"]).architectures == ("p/zebra",)
    assert select(result, ["shine", "p"]).methods == ("p/shine", "p/glow")


def test_of_a_catalogue_the_first_names_are_taken_and_it_is_said():
    selection = select(made(plugin("p", (), (zoo(),))), [])
    assert selection.architectures == ("p/ant", "p/bee", "p/cow")
    assert selection.notes == ("p: 3 of its 4 architectures, the first ones by name",)


def test_or_those_that_it_names_as_samples():
    selection = select(made(plugin("p", (), (zoo(("zebra",)),))), ["p"])
    assert selection.architectures == ("p/zebra",)
    assert selection.notes == ("p: 1 of its 4 architectures, those that it names as samples",)


def test_aggregators_of_maps_and_of_networks_are_checked_with_their_plugin():
    specs = tuple(
        AggregatorSpec(name=name, summary="s", target=f"saliencynoise.aggregators.{target}", level=level)
        for name, target, level in (
            ("glow", "median:Median", "maps"),
            ("trim", "trimmed_mean:TrimmedMean", "maps"),
            ("vote", "mean_logits:MeanLogits", "networks"),
        )
    )
    result = made(plugin("p", ("glow",), (), specs))
    assert select(result, ["glow"]).methods == ("p/glow",)
    assert select(result, ["glow"]).aggregators == ("p/glow",)
    assert select(result, ["trim(share=0.5)"]).aggregators == ("p/trim(share=0.5)",)
    with pytest.raises(UsageError, match="aggregator 'p/trim' has no parameter 'shared'; did you mean 'share'"):
        select(result, ["p/trim(shared=0.5)"])
    with pytest.raises(UsageError, match="'glow' is a method and an aggregator; write the canonical name of one"):
        resolve(result, "glow")
    selection = select(result, ["p"])
    assert selection.aggregators == ("p/glow", "p/trim", "p/vote")
    reports = [report for report in check_selection(result, selection) if report.kind == "aggregator"]
    assert [report.name for report in reports] == ["p/glow", "p/trim(share=0.2)", "p/vote"]
    assert all(report.of("failed") == [] for report in reports)


def test_samplers_and_data_sets_are_checked_with_their_plugin_but_for_those_of_files():
    selection = select(catalogue(), ["builtin"])
    assert {"builtin/deep_ensemble", "builtin/swag"} <= set(selection.samplers)
    assert selection.datasets == ("builtin/digits", "builtin/shapes")
    (note,) = [note for note in selection.notes if note.startswith("builtin: without")]
    assert note.startswith(
        "builtin: without checkpoints, cifar10, imagenette, folder, csv, hf, stored: they need files; to check one"
    )


def test_samplers_and_data_sets_are_named_with_values_and_paths(tmp_path):
    assert select(catalogue(), ["snapshot(cycles=2)"]).samplers == ("builtin/snapshot(cycles=2)",)
    assert select(catalogue(), ["folder:/a(b)"]).datasets == ("builtin/folder:/a(b)",)
    assert select(catalogue(), ["cifar10:/data"]).datasets == ("builtin/cifar10:/data",)
    with pytest.raises(UsageError, match="sampler 'snapshot' has no parameter 'cycle'"):
        select(catalogue(), ["snapshot(cycle=2)"])
    with pytest.raises(UsageError, match="the data set 'folder' needs a path; write folder:PATH"):
        select(catalogue(), ["folder"])
    with pytest.raises(UsageError, match="the data set 'digits' takes no path; write digits instead of 'digits:x'"):
        select(catalogue(), ["digits:x"])
    for name in ("a.pt", "b.pt"):
        (tmp_path / name).touch()
    with pytest.raises(UsageError, match="has 2 networks and trains none: they do not fit the network of the kit"):
        select(catalogue(), [f"checkpoints:{tmp_path}/*.pt"])


def test_a_data_set_that_cannot_be_read_is_a_failed_report(tmp_path):
    (report,) = check_selection(catalogue(), select(catalogue(), [f"folder:{tmp_path}/none"]))
    assert [result.check for result in report.of("failed")] == ["contract"]
    assert f"{tmp_path}/none" in report.of("failed")[0].message


def test_a_name_of_a_plugin_and_a_method_stands_for_both():
    result = made(plugin("builtin", ("lime",)), plugin("lime", ("lime_image",)))
    assert select(result, ["lime"]).methods == ("builtin/lime", "lime/lime_image")


def test_the_name_of_a_plugin_is_clear_though_several_bring_a_method_of_that_name():
    result = made(plugin("lime", ("lime",)), plugin("captum", ("lime",)))
    assert select(result, ["lime"]).methods == ("lime/lime",)


def test_names_that_stand_for_nothing_are_refused():
    failure = PluginFailure(plugin="late", distribution="late", version="2", error="no such module")
    result = made(plugin("p", ("glow",)), plugin("q", ("glow",)), failures=(failure,))
    expected = "'x' is no method, architecture, aggregator, sampler, data set or plugin; the plugins are p, q;"
    with pytest.raises(UsageError, match=expected):
        select(result, ["x"])
    with pytest.raises(UsageError, match="'late' is not available: plugin 'late'"):
        select(result, ["late"])
    with pytest.raises(UsageError, match="several plugins; write 'p/glow' or 'q/glow'"):
        select(result, ["glow"])


def test_resolve_wants_one_thing():
    assert isinstance(resolve(catalogue(), "gradcam(layer=intermediate)"), MethodSubject)
    assert isinstance(resolve(catalogue(), "test_resnet"), ModelSubject)
    assert isinstance(resolve(catalogue(), "trimmed_mean(share=0.5)"), AggregatorSubject)
    result = made(plugin("p", ("zebra",), (zoo(),)))
    with pytest.raises(UsageError, match="'zebra' is a method and an architecture"):
        resolve(result, "zebra")


def test_what_cannot_be_imported_is_a_failed_report():
    result = made(plugin("p", (), (zoo(("cow",)),)))
    (report,) = check_selection(result, select(result, ["p"]))
    (failure,) = report.of("failed")
    assert failure.check == "made"
    assert "no.such:Module cannot be imported" in failure.message


def test_the_samples_of_timm_exist():
    selection = select(catalogue(), ["timm"])
    assert len(selection.architectures) >= 4
    assert {name.removeprefix("timm/") for name in selection.architectures} <= set(catalogue().names("models"))


def test_a_sample_that_is_not_in_the_catalogue_fails():
    result = made(plugin("p", (), (zoo(("yak",)),)))
    (report,) = check_selection(result, select(result, ["p"]))
    assert "unknown architecture 'p/yak'" in report.of("failed")[0].message
