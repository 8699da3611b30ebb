"""Names of this project's distributions that are not installed."""

import pytest

import saliencynoise
from saliencynoise.engine.config import BenchConfig
from saliencynoise.engine.plan import make_plan
from saliencynoise.interfaces import UsageError
from saliencynoise.registry import catalogue, first_party, loader


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """The core without any of its other distributions."""
    points = [point for point in loader.entry_points(group=loader.GROUP) if point.name == "builtin"]
    monkeypatch.setattr(loader, "entry_points", lambda group: points)
    monkeypatch.setattr(first_party, "entry_points", lambda group: points)
    monkeypatch.chdir(tmp_path)
    catalogue.catalogue.cache_clear()
    yield
    catalogue.catalogue.cache_clear()


@pytest.mark.parametrize(
    ("kind", "name", "due"),
    [
        (
            "model",
            "test_resnet",
            "'test_resnet' may be an architecture of timm; those come with: pip install sali",
        ),
        ("model", "timm/resnet18", "'timm/resnet18' belongs to the plugin timm: pip install saliencynoise-timm"),
        (
            "method",
            "captum/deep_lift",
            "'captum/deep_lift' belongs to the plugin captum: pip install saliencynoise-captum",
        ),
        ("method", "deep_lift", "'deep_lift' belongs to the plugin captum: pip install saliencynoise-captum"),
        ("method", "partition_explainer", "belongs to the plugin shap: pip install saliencynoise-shap"),
        ("method", "lime/lime", "'lime/lime' belongs to the plugin lime: pip install saliencynoise-lime"),
    ],
)
def test_an_unknown_name_says_which_distribution_brings_it(kind, name, due, alone):
    with pytest.raises(UsageError) as caught:
        getattr(catalogue.catalogue(), kind)(name)
    assert due in str(caught.value)


@pytest.mark.parametrize("name", first_party.COMMANDS)
def test_a_command_says_which_distribution_brings_it(name, alone):
    with pytest.raises(UsageError) as caught:
        catalogue.catalogue().find("commands", name)
    expected = f"'{name}' belongs to the plugin {name}: pip install saliencynoise-{name}"
    assert str(caught.value).endswith(expected)


def test_a_name_of_nobody_says_no_distribution(alone):
    with pytest.raises(UsageError) as caught:
        catalogue.catalogue().method("nobodys")
    assert "pip install" not in str(caught.value)


def test_the_names_are_those_of_the_plugins():
    """All are installed where this project is tested."""
    result = catalogue.catalogue()
    specs = {plugin.name: [spec.name for spec in plugin.specs["methods"]] for plugin in result.plugins}
    assert set(first_party.DISTRIBUTIONS) <= set(specs)
    for plugin, names in first_party.METHODS.items():
        assert set(names) == set(specs[plugin]) - set(specs["builtin"])
    commands = {plugin.name: tuple(spec.name for spec in plugin.specs["commands"]) for plugin in result.plugins}
    assert all(commands[name] == (name,) for name in first_party.COMMANDS)


def test_the_plain_core_s_default_bench_can_be_planned(alone):
    assert make_plan(BenchConfig()).architectures[0].name == "builtin/resnet(depth=10,width=16)"


def test_with_timm_the_default_is_its_small_network():
    assert BenchConfig().archs == ("test_resnet",)


def test_the_function_of_a_missing_distribution_says_which_brings_it(monkeypatch):
    monkeypatch.setitem(saliencynoise._HOMES, "dream", "saliencynoise_elsewhere.run")
    with pytest.raises(AttributeError, match=r"^saliencynoise\.dream comes with: pip install saliencynoise-elsewhere$"):
        saliencynoise.dream  # noqa: B018 - it is loaded when it is named
    assert not hasattr(saliencynoise, "dream")
