"""The example that trains without saliencynoise, and the command that it prints."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from pathlib import Path

import pytest
from sklearn.datasets import load_digits
from sklearn.utils import Bunch

from saliencynoise import cli

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_checkpoints.py"


@pytest.fixture
def example(monkeypatch):
    """The script, with fewer networks and fewer pictures."""
    spec = importlib.util.spec_from_file_location("own_checkpoints", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    digits = load_digits()
    monkeypatch.setattr(module, "NETWORKS", 2)
    monkeypatch.setattr(module, "EPOCHS", 3)
    monkeypatch.setattr(module, "load_digits", lambda: Bunch(images=digits.images[:500], target=digits.target[:500]))
    return module


def test_the_command_that_it_prints_finds_the_accuracies_that_it_prints(example, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    example.main("own")
    printed = capsys.readouterr().out
    accuracies = [float(value) for value in re.findall(r"accuracy (\S+)", printed)]
    command = shlex.split(printed.splitlines()[-1])
    assert command[:2] == ["saliencynoise", "bench"]
    quick = [
        "--images",
        "2",
        "--method",
        "gradient",
        "--method",
        "gradcam",
        "--device",
        "cpu",
        "--workers",
        "0",
        "--json",
    ]
    with pytest.raises(SystemExit) as stop:
        cli.main([*command[1:], *quick])
    assert stop.value.code == 0
    document = json.loads(capsys.readouterr().out)
    members = document["architectures"][0]["members"]
    assert [member["accuracy"] for member in members] == pytest.approx(accuracies, abs=0.011)
    assert min(accuracies) > 0.3, "far above chance, 0.1; another processor trains another network"
    assert [member["source"] for member in members] == ["network-0.safetensors", "network-1.safetensors"]
    assert {cell["status"] for cell in document["cells"]} == {"ok"}


def test_it_knows_nothing_of_saliencynoise():
    assert not re.search(r"^(import|from) saliencynoise", EXAMPLE.read_text(), re.MULTILINE)
