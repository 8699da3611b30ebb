"""The functions of `sn`: they say what they take, as the commands do, and a type checker sees it."""

from __future__ import annotations

import ast
import importlib.metadata
import inspect
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import saliencynoise as sn
from saliencynoise.api import Study
from saliencynoise.cli.commands import command_of
from saliencynoise.engine.study import Study as EngineStudy
from saliencynoise.registry.catalogue import catalogue
from tests.conftest import TRAINED

FUNCTIONS = ("bench", "compare", "dream", "explain", "frontier", "measure", "sanity", "variance")

WITHOUT_COMMAND = ("attribute",)
"""Functions of objects, which no command can name."""

TERMINAL = {"as_json", "quiet", "report", "html", "config", "legend"}
"""Parameters of commands alone: how and where something is printed, and a file of settings."""

PYTHON = {"observer", "recipe", "quiet"}
"""Parameters of functions alone: an object, and a table that is part of a command's file of settings."""

DIFFERENT: Mapping[str, set[str]] = {"explain": {"pictures", "picture", "out", "formats"}}
"""The command explains any number of pictures and writes pages; the function explains one and writes nothing."""


def options_of(name: str) -> list[Any]:
    """The parameters of a command, as click has them."""
    return list(command_of(catalogue().find("commands", name), name=name).params)


def of_command(name: str) -> dict[str, Any]:
    """The parameters of a command with their defaults; those that users must name have None."""
    return {own.name: plain(own.default) for own in options_of(name) if own.name not in TERMINAL}


def of_function(function: Callable[..., Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters.values()
    return {own.name: plain(own.default) for own in parameters if own.name not in PYTHON}


def plain(default: Any) -> Any:
    """A default as text without the marks that differ: the terminal takes lists as words with commas between."""
    if default is None or default is inspect.Parameter.empty or "Sentinel" in type(default).__name__:
        return None
    return ",".join(map(str, default)) if isinstance(default, list | tuple) else str(default)


def differences(command: Mapping[str, Any], function: Mapping[str, Any]) -> set[str]:
    """The names that one of them lacks, or whose defaults differ."""
    return {name for name in command.keys() | function.keys() if command.get(name, ...) != function.get(name, ...)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_command_and_its_function_take_the_same_names_and_defaults(name):
    faults = differences(of_command(name), of_function(getattr(sn, name))) - DIFFERENT.get(name, set())
    assert faults == set()


def test_a_difference_between_a_command_and_a_function_is_seen():
    def frontier(*, runs: int = 5, budget: tuple[int, ...] = (1, 2, 4, 8)) -> None: ...

    command = {name: of_command("frontier")[name] for name in ("runs", "budgets", "reference")}
    assert command == {"runs": "4", "budgets": "1,2,4,8", "reference": "16"}
    assert differences(command, of_function(frontier)) == {"runs", "budget", "budgets", "reference"}


def test_the_help_of_a_command_names_the_default():
    for name in ("bench", "dream", "explain", "frontier", "sanity", "train", "variance"):
        for option in options_of(name):
            if (
                option.default
                and isinstance(option.default, str | int | float)
                and not isinstance(option.default, bool)
            ):
                assert option.show_default or f"default: {option.default}" in option.help, f"{name} --{option.name}"


@pytest.mark.parametrize("name", [*FUNCTIONS, *WITHOUT_COMMAND])
def test_every_parameter_is_explicit_typed_and_explained(name):
    function = getattr(sn, name)
    assert inspect.isfunction(function)
    signature = inspect.signature(function)
    assert signature.return_annotation is not inspect.Signature.empty
    for own in signature.parameters.values():
        assert own.kind is not inspect.Parameter.VAR_KEYWORD
        assert own.annotation is not inspect.Parameter.empty, own.name
    text = inspect.getdoc(function) or ""
    explained = re.findall(r"^    (\w+): ", text.partition("Args:")[2].partition("\n\n")[0], re.MULTILINE)
    assert explained == list(signature.parameters)
    assert "Raises:\n    UsageError: " in text
    assert ">>> import saliencynoise as sn" in text
    assert f"sn.{name}(" in text


@pytest.mark.parametrize("name", [*FUNCTIONS, *WITHOUT_COMMAND])
def test_a_misspelt_keyword_is_refused_before_anything_runs(name):
    with pytest.raises(TypeError, match="unexpected keyword argument 'member'"):
        getattr(sn, name)(member=3)


@pytest.mark.parametrize(
    ("name", "wrong", "message"),
    [
        ("bench", {"methods": "gradient"}, "methods is 'gradient'; it must be a list of names"),
        ("bench", {"members": "3"}, "members is '3'; it must be a whole number"),
        ("bench", {"recipe": {"epoch": 3}}, "epoch"),
        ("dream", {"steps": "3"}, "--steps 3 is not possible; give a whole number"),
        ("explain", {"picture": "a.png", "draws": 1}, "--draws 1 cannot separate"),
        ("frontier", {"samplers": "swag"}, "samplers is 'swag'; it must be a list"),
        ("frontier", {"budgets": 4}, "budgets is 4; it must be a list"),
        ("frontier", {"runs": 2.5}, "runs is 2.5; it must be a whole number"),
        ("sanity", {"permuted_epochs": "1"}, "permuted_epochs is '1'; it must be a whole number"),
        ("variance", {"blocks": "2"}, "blocks is '2'; it must be a whole number"),
        ("variance", {"streams": "init"}, "streams is 'init'; it must be a list"),
    ],
)
def test_a_wrong_value_is_named_before_anything_runs(name, wrong, message):
    with pytest.raises(sn.UsageError, match=re.escape(message)):
        getattr(sn, name)(**wrong)


def test_what_users_hold_is_the_study_that_shows_itself(pooled, tmp_path):
    study = sn.bench(**TRAINED, methods=["gradient"], images=2, out=tmp_path / "run")
    assert type(study) is sn.Study is Study
    assert type(sn.Study.load(study.folder)) is Study
    copy = study.save(tmp_path / "copy")
    assert type(copy) is Study
    assert copy.folder == tmp_path / "copy"
    assert copy.report().name == "report.html"
    assert "gradient" in copy._repr_html_()
    assert not hasattr(EngineStudy, "report"), "what shows a study is above the engine"


def test_compare_takes_studies_and_folders(pooled, tmp_path):
    study = sn.bench(**TRAINED, methods=["gradient", "gradient_x_input"], images=2, out=tmp_path / "run")
    document = sn.compare(study)
    assert document == sn.compare(study.folder) == sn.compare(str(study.folder))
    assert [(pair["a"], pair["b"]) for pair in document["methods"]] == [("gradient", "gradient_x_input")]
    other = study.save(tmp_path / "other")
    several = sn.compare(study, other.folder)
    assert [own["folder"] for own in several["studies"]] == [str(study.folder), str(other.folder)]
    with pytest.raises(sn.UsageError, match="no run is named"):
        sn.compare()
    with pytest.raises(sn.UsageError, match="is named twice"):
        sn.compare(study, study.folder)


RIGHT = """
import saliencynoise as sn

study: sn.Study = sn.bench(dataset="digits", methods=["gradient"], members=4, out="runs/a")
share: float = sn.explain("a.png", members=4).methods[0].reliability.value
sn.Study.load("runs/a").plot.curve(methods=["gradient"])
sn.frontier(budgets=(1, 2))
"""
WRONG = """
import saliencynoise as sn

sn.bench(dataset="digits", member=4)
sn.explain("a.png", members="4")
sn.sanity(keep_map="all")
sn.bench(precision="float16")
sn.Study.load("runs/a").reports()
"""


def test_the_package_has_the_version_of_its_distribution():
    assert sn.__version__ == importlib.metadata.version("saliencynoise")


def test_a_type_checker_sees_every_public_name():
    """What the slow test below needs; all names are imported where a type checker looks."""
    block = next(node for node in ast.parse(inspect.getsource(sn)).body if isinstance(node, ast.If))
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    seen = {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == {*sn.__all__, "dream"} == set(dir(sn))
    assert "dream" not in sn.__all__, "`import *` works without the distribution that brings it"
    assert (Path(inspect.getfile(sn)).parent / "py.typed").is_file()
    for name in sn.__all__:
        assert getattr(sn, name).__module__.startswith("saliencynoise" if name != "hookimpl" else "pluggy")


@pytest.mark.slow  # mypy reads torch's types first: a minute or two
def test_a_type_checker_refuses_a_misspelt_keyword(tmp_path):
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text(WRONG)
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--cache-dir", str(tmp_path / "c")]
    checked = subprocess.run(
        [*command, "right.py", "wrong.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    lines = [re.sub(r": error: .*\[(.*)\]$", r" \1", line) for line in checked.stdout.splitlines() if "error:" in line]
    assert lines == [
        "wrong.py:4 call-arg",
        "wrong.py:5 call-overload",
        "wrong.py:6 call-arg",
        "wrong.py:7 arg-type",
        "wrong.py:8 attr-defined",
    ], checked.stdout + checked.stderr
