import json

import pytest

from saliencynoise.registry import builtins
from saliencynoise.registry import catalogue as registry
from saliencynoise.registry.catalogue import Catalogue
from saliencynoise.registry.loader import Plugin
from tests.cli.calling import call

SQUARE = """
from dataclasses import dataclass
from saliencynoise.interfaces import Maps

@dataclass(frozen=True)
class Double:
    points = ("input",)

    def from_pass(self, taps, batch):
        return Maps(values=taps["input"].grad.double())
"""


@pytest.fixture
def declared(tmp_path, monkeypatch):
    """Install a plugin with one method that gives float64 always, and changes to its spec."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "fake_square.py").write_text(SQUARE)

    def install(**changed):
        from saliencynoise.interfaces import MethodSpec

        plain = {"name": "double", "summary": "s", "target": "fake_square:Double", "family": "gradient", "paper": "no"}
        specs = {
            "methods": (MethodSpec(**{**plain, **changed}),),
            "models": (),
            "aggregators": (),
            "samplers": (),
            "datasets": (),
            "commands": (),
        }
        own = {**specs, "methods": builtins.saliencynoise_methods()[:1]}
        plugins = [
            Plugin(name="builtin", distribution="saliencynoise", version="1", specs=own),
            Plugin(name="other", distribution="other", version="1", specs=specs),
        ]
        monkeypatch.setattr(registry, "catalogue", lambda: Catalogue(plugins, ()))

    return install


def test_a_failure_names_the_contract_and_exits_with_one(capsys, declared):
    declared()
    code, out, _ = call(capsys, "plugins", "check")
    assert code == 1
    assert "ok      method builtin/gradient: " in out
    assert "FAILED  method other/double: 20 checks executed, 19 passed, 0 expected failures, 1 failure;" in out
    assert "dtype_and_device: for images of torch.float32 on cpu the maps are torch.float64 on cpu" in out
    assert "contract: Maps have the dtype and the device of `Batch.x`" in out
    assert "total: 2 methods, 0 architectures, 1 failed; " in out


def test_an_expected_failure_is_told_with_its_reason_and_exits_with_zero(capsys, declared):
    declared(expected_failures=(("dtype_and_device", "the library computes in float64"),))
    code, out, _ = call(capsys, "plugins", "check", "double")
    assert code == 0
    assert "19 passed, 1 expected failure, 0 failures" in out
    assert "dtype_and_device fails, as expected: the library computes in float64" in out


def test_an_expected_failure_of_no_check_is_a_failure(capsys, declared):
    declared(expected_failures=(("dtype", "no such check"),))
    code, out, _ = call(capsys, "plugins", "check", "double")
    assert code == 1
    assert "a failure of the check 'dtype' is expected; there are shapes" in out


def test_checks_that_do_not_apply_are_listed(capsys, declared):
    declared()
    _, out, _ = call(capsys, "plugins", "check", "gradient")
    for name in ("network_unchanged_on_error", "completeness"):
        assert name in out


def test_json_holds_every_check(capsys):
    code, out, _ = call(capsys, "plugins", "check", "gradcam", "test_resnet", "median", "--json")
    document = json.loads(out)
    assert code == 0
    assert [row["kind"] for row in document["checked"]] == ["method", "architecture", "aggregator"]
    for row in document["checked"]:
        assert row["executed"] == row["passed"] >= (8 if row["kind"] == "aggregator" else 16)
        assert len(row["checks"]) == row["executed"] + row["not_applicable"]
        assert all(check["contract"] for check in row["checks"])


def test_aggregators_are_counted(capsys):
    code, out, _ = call(capsys, "plugins", "check", "median", "mean_logits")
    assert code == 0
    assert "ok      aggregator builtin/median: 8 checks executed, 8 passed" in out
    assert "not applicable, as it aggregates networks: result, unchanged, merge" in out
    assert "total: 0 methods, 0 architectures, 2 aggregators, 0 failed; " in out


def test_samplers_and_data_sets_are_counted(capsys):
    code, out, _ = call(capsys, "plugins", "check", "untrained", "digits")
    assert code == 0
    assert "ok      sampler builtin/untrained: 7 checks executed, 7 passed" in out
    assert "ok      data set builtin/digits: 6 checks executed, 6 passed" in out
    assert "total: 0 methods, 0 architectures, 1 sampler, 1 data set, 0 failed; " in out


def test_unknown_names_exit_with_two(capsys):
    code, out, err = call(capsys, "plugins", "check", "gradiant")
    assert (code, out) == (2, "")
    assert (
        "'gradiant' is no method, architecture, aggregator, sampler, data set or plugin; the plugins are builtin" in err
    )


def test_plugins_without_check_lists_as_before(capsys):
    code, out, _ = call(capsys, "plugins")
    assert code == 0
    assert "builtin  saliencynoise" in out
    assert "check" in call(capsys, "plugins", "--help")[1]
