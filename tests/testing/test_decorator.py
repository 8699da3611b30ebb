"""The decorator in a run of pytest of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from saliencynoise.interfaces import ConfigurationError, UsageError
from saliencynoise.testing import conformance

if TYPE_CHECKING:
    from pathlib import Path

TESTS = """
import pytest
from saliencynoise.testing import conformance

@pytest.fixture
def thing():
    return 3

@conformance("gradient")
def test_right(check, thing):
    assert thing == 3
    check()

@conformance("gradient", expected={"image": "it is known"})
def test_strict(check):
    check()

@conformance("gradient")
def test_hollow(check):
    pass

@conformance("wrong/single", expected={"dtype_and_device": "single precision only"})
def test_expected(check):
    check()

@conformance("wrong/single")
def test_wrong(check):
    check()
"""

PLUGIN = """
from dataclasses import dataclass
from saliencynoise.interfaces import Maps, MethodSpec
from saliencynoise.registry import hookimpl

@dataclass(frozen=True)
class Single:
    points = ("input",)

    def from_pass(self, taps, batch):
        return Maps(values=taps["input"].grad.float())

@hookimpl
def saliencynoise_methods():
    return (MethodSpec(name="single", summary="s", target="fake_single:Single", family="gradient", paper="none"),)
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """The outcome of each test and check."""
    folder: Path = tmp_path_factory.mktemp("tests")
    (folder / "test_kit.py").write_text(TESTS)
    (folder / "fake_single.py").write_text(PLUGIN)
    info = folder / "fake_single-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: fake-single\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[saliencynoise]\nwrong = fake_single\n")
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    result: dict[str, dict[str, str]] = {"": {"": done.stdout}}
    for status, test, name in re.findall(
        r"^([A-Z]+) (?:\[1\] )?\S*test_kit.py::(\w+)\[(\w+)\]", done.stdout, re.MULTILINE
    ):
        result.setdefault(test, {})[name] = status
    return result


def test_a_right_method_has_a_passed_test_for_each_check(outcomes):
    assert len(outcomes["test_right"]) == 22, outcomes[""][""][-3000:]
    assert set(outcomes["test_right"].values()) == {"PASSED"}


def test_checks_that_do_not_apply_are_skipped_with_the_reason(outcomes):
    reasons = re.findall(r"^SKIPPED.*?: (.*)$", outcomes[""][""], re.MULTILINE)
    assert "its spec does not claim it" in reasons
    assert "pass methods make no pass themselves" in reasons


def test_an_expected_failure_that_passes_fails(outcomes):
    assert [name for name, status in outcomes["test_strict"].items() if status == "FAILED"] == ["image"]
    assert "passes although a failure is expected (it is known)" in outcomes[""][""]


def test_an_expected_failure_is_an_xfail(outcomes):
    assert outcomes["test_expected"].pop("dtype_and_device") == "XFAIL"
    assert set(outcomes["test_expected"].values()) == {"PASSED"}


def test_a_failure_tells_the_contract(outcomes):
    assert [name for name, status in outcomes["test_wrong"].items() if status == "FAILED"] == ["dtype_and_device"]
    assert "wrong/single: for images of torch.float64 on cpu the maps are torch.float32 on cpu" in outcomes[""][""]
    assert "contract: Maps have the dtype and the device of `Batch.x`" in outcomes[""][""]


def test_a_test_that_does_not_call_its_check_fails(outcomes):
    assert set(outcomes["test_hollow"].values()) == {"FAILED"}
    assert "test_hollow must call check(), else nothing is tested" in outcomes[""][""]


def test_names_and_expectations_that_do_not_exist_are_refused():
    with pytest.raises(
        UsageError, match="'no/such' is no method, architecture, aggregator, sampler, data set or plugin"
    ):
        conformance("no/such")
    with pytest.raises(ConfigurationError, match="a failure of the check 'no' is expected; there are shapes"):
        conformance("gradient", expected={"no": "reason"})
