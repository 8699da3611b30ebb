"""The lines of the guide and of the README run as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from saliencynoise.registry.catalogue import catalogue
from tests.attributing.nets import IMAGES, nets

ROOT = Path(__file__).parents[2]


def block(page: str, call: str) -> str:
    """The block of Python of a page that has a call."""
    path = ROOT / page
    if not path.exists():
        pytest.skip("the docs are not in this distribution")
    found = re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    (text,) = [text for text in found if call in text]
    return text


def test_five_networks_of_torchvision_explain_a_batch(capsys):
    names: dict[str, object] = {}
    exec(block("docs/guides/own-networks.md", "sn.attribute("), names)  # noqa: S102 - our own page
    study = names["study"]
    assert study.result.settings.members == 5  # type: ignore[attr-defined]
    (architecture,) = study.result.architectures  # type: ignore[attr-defined]
    assert architecture.points["top"]["module"] == "classifier.2"
    assert all(network.training for network in names["networks"])  # type: ignore[attr-defined]
    assert "gradcam" in capsys.readouterr().out


def test_the_lines_of_the_readme_explain_networks(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        "saliencynoise.report.html.study.page_figures", lambda *_: ()
    )  # seconds; another test draws them
    names: dict[str, object] = {"networks": nets(2), "images": IMAGES}
    exec(block("README.md", "sn.attribute("), names)  # noqa: S102 - our own page
    assert (tmp_path / "networks.html").stat().st_size > 10_000


def test_the_method_of_the_guide_passes_its_checks(monkeypatch, capsys):
    monkeypatch.setattr(catalogue().own_methods, "_methods", {})
    exec(block("docs/guides/own-networks.md", "def squared"), {"__name__": "guide"})  # noqa: S102 - our own page
    assert int(capsys.readouterr().out) > 10
