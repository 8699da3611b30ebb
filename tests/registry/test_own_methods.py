"""Methods that `@sn.method` registers behave as installed ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import nn

import saliencynoise as sn
from saliencynoise.interfaces import Maps, MethodSpec, UsageError
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.registry.own_methods import OwnMethods
from tests.attributing.nets import IMAGES, nets
from tests.conftest import TRAINED

SOURCE = """
import saliencynoise as sn

@sn.method(claims=("linear_weights",))
def scaled(net, batch, factor: float = 1.0):
    (gradient,) = net.gradients([batch.x[:, None]])
    return factor * gradient[:, 0]

def plain(net, batch):
    return batch.x
"""


@pytest.fixture(autouse=True)
def _methods_of_this_test(monkeypatch):
    monkeypatch.setattr(catalogue().own_methods, "_methods", {})


def slope(net, batch, power: int = 1, *, scale: float = 1.0):
    """The gradient to a power."""
    (gradient,) = net.gradients([batch.x[:, None]])
    return scale * gradient[:, 0] ** power


def test_a_function_is_a_method_with_its_parameters():
    assert sn.method(slope) is slope
    bound = catalogue().method("slope(scale=2)")
    assert bound.display_name == "slope(scale=2.0)"
    assert bound.spec.summary == "The gradient to a power."
    assert catalogue().method(bound.canonical_name).instance == bound.instance
    study = sn.attribute(nets(2), IMAGES, methods=["slope(scale=2)", "gradient"], targets=1)
    doubled, plain = (study.maps[f"Sequential/{name}"]["maps"].to_numpy() for name in ("slope-scale-2.0", "gradient"))
    assert doubled == pytest.approx(2 * plain)
    with pytest.raises(UsageError, match="has no parameter 'powr'; did you mean 'power'"):
        catalogue().method("slope(powr=2)")
    with pytest.raises(UsageError, match=r"unknown method 'slop'; did you mean 'slope'"):
        catalogue().method("slop")


def test_a_class_of_each_kind_is_a_method():
    @sn.method(name="by_pass", family="gradient")
    @dataclass(frozen=True)
    class ByPass:
        points: tuple[str, ...] = ("input",)

        def from_pass(self, taps, batch):
            return Maps(values=taps["input"].grad)

    @sn.method(name="by_module", kind="module")
    def by_module(network, batch):
        x = batch.x.clone().requires_grad_()
        with torch.enable_grad():
            scores = network.module(x).gather(1, batch.target[:, None]).sum()
        return torch.autograd.grad(scores, x)[0]

    study = sn.attribute(nets(2), IMAGES, methods=["by_pass", "by_module", "gradient"], targets=1)
    assert len(set(study.table["snr"].round(5))) == 1


def test_it_runs_in_a_bench_of_this_process_and_only_there(pooled, tmp_path):
    def here(net, batch):
        return slope(net, batch)

    sn.method(here)
    study = sn.bench(**{**TRAINED, "methods": ["here", "gradient"], "images": 2, "workers": None}, out=tmp_path / "a")
    assert study.cell("test_resnet", "here").figures.estimates.snr.value == pytest.approx(
        study.cell("test_resnet", "gradient").figures.estimates.snr.value
    )
    with pytest.raises(UsageError, match="workers=2: worker processes cannot import here"):
        sn.bench(**{**TRAINED, "methods": ["here"], "images": 2, "workers": 2}, out=tmp_path / "b")


def test_a_method_of_a_file_is_named_by_the_file(tmp_path):
    file = tmp_path / "my_methods.py"
    file.write_text(SOURCE)
    bound = catalogue().method(f"{file}:scaled(factor=3)")
    assert bound.canonical_name.startswith(f"{file}:scaled@")
    assert bound.display_name == "scaled(factor=3.0)"
    assert catalogue().method("scaled").canonical_name == catalogue().method(f"{file}:scaled").canonical_name
    file.write_text(SOURCE.replace("factor *", "2 * factor *"))
    assert catalogue().method(f"{file}:scaled").canonical_name != bound.canonical_name, "a changed file replaces it"
    with pytest.raises(UsageError, match=r"my_methods\.py:plain' is no method; write @sn\.method above it"):
        catalogue().method(f"{file}:plain")


def test_the_conformance_kit_passes_a_correct_method_and_names_the_faults_of_others(tmp_path):
    file = tmp_path / "my_methods.py"
    file.write_text(SOURCE)
    report = sn.check_method(f"{file}:scaled")
    assert {"linear_weights"} <= {result.check for result in report.of("passed")}

    @sn.method
    def careless(net, batch):
        return torch.rand_like(batch.x)

    with pytest.raises(UsageError, match=r"the method 'careless' fails \d+ of \d+ checks: "):
        sn.check_method("careless")


@pytest.mark.parametrize(
    ("options", "target", "message"),
    [
        ({"name": "gradient"}, slope, "the method name 'gradient' is that of builtin/gradient; give another one"),
        ({"name": "a method"}, slope, "the name 'a method' is not made of letters"),
        ({"sign": "positive"}, slope, "'slope' has the sign 'positive'; choose of signed"),
        ({"kind": "pass"}, slope, "kind='pass' is not possible for a function; give functional or module"),
        ({}, lambda net: net, "must take (net, batch), and its parameters by name after them"),
        ({}, 3, "3 is of type int"),
        ({}, Maps, "the class Maps has 0 of from_pass, attribute, attribute_module"),
    ],
)
def test_what_is_no_method_is_refused(options, target, message):
    with pytest.raises(UsageError) as caught:
        sn.method(**options)(target)
    assert message in str(caught.value)


def test_two_definitions_of_one_name_are_an_error_and_the_same_one_again_is_none():
    def made():
        def twice(net, batch):
            return slope(net, batch)

        return twice

    def other(net, batch):
        return slope(net, batch)

    sn.method(name="twice")(made())
    sn.method(name="twice")(made())
    with pytest.raises(UsageError, match=r"the method name 'twice' is that of .*made.*twice; give another one"):
        sn.method(name="twice")(other)
    assert len(list(catalogue().own_methods)) == 1
    assert list(OwnMethods()) == []
    assert isinstance(next(iter(catalogue().own_methods)).spec, MethodSpec)


def test_the_guides_method_by_captum_passes_the_checks(capsys):
    pytest.importorskip("captum")
    page = Path(__file__).parents[2] / "docs/guides/own-networks.md"
    if not page.exists():
        pytest.skip("the docs are not in this distribution")
    found = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    (block,) = [block for block in found if "captum" in block]
    names: dict[str, object] = {"__name__": "guide"}
    exec(block, names)  # noqa: S102 - our own page
    assert int(capsys.readouterr().out) > 0
    networks = [nn.Sequential(nn.Flatten(), nn.Linear(48, 2)) for _ in range(2)]
    study = sn.attribute(networks, torch.rand(3, 3, 4, 4), methods=[names["captum_saliency"]], keep_maps="none")
    assert study.done[0].method == "captum_saliency"


def test_a_function_that_is_no_method_is_named():
    def undecorated(net, batch):
        """No method."""

    networks = [nn.Sequential(nn.Flatten(), nn.Linear(48, 2)) for _ in range(2)]
    with pytest.raises(sn.UsageError, match=r"undecorated is no method; write @sn.method above it"):
        sn.attribute(networks, torch.rand(3, 3, 4, 4), methods=[undecorated])
