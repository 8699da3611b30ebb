"""The lines of the guide and of the README run as they stand."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]


def blocks(page: str) -> list[str]:
    """The blocks of Python of a page that call `sn.measure`."""
    path = ROOT / page
    if not path.exists():
        pytest.skip("the docs are not in this distribution")
    found = re.findall(r"```python\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    return [block for block in found if "sn.measure(" in block]


def test_five_networks_of_torchvision_and_captum_are_measured(capsys):
    pytest.importorskip("captum")
    (block,) = blocks("docs/guides/measure.md")
    names: dict[str, object] = {}
    exec(block, names)  # noqa: S102 - our own page
    study = names["study"]
    assert study.result.settings.members == 5  # type: ignore[attr-defined]
    assert study.result.methods[0].layout == "picture"  # type: ignore[attr-defined]
    assert study.pictures.shape == (8, 3, 48, 48)  # type: ignore[attr-defined]
    assert "gradient" in capsys.readouterr().out


def test_the_lines_of_the_readme_measure_an_array(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = blocks("README.md")
    names: dict[str, object] = {"maps": np.random.default_rng(0).normal(size=(4, 5, 6))}
    monkeypatch.setattr(
        "saliencynoise.report.html.study.page_figures", lambda *_: ()
    )  # seconds; another test draws them
    exec(block, names)  # noqa: S102 - our own page
    assert (tmp_path / "maps.html").stat().st_size > 10_000


def test_the_example_of_trees_writes_tables(tmp_path):
    pytest.importorskip("shap")
    spec = importlib.util.spec_from_file_location("trees", ROOT / "examples/tree_attributions.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(tmp_path, members=3)
    from saliencynoise import measure

    study = measure(str(tmp_path / "seed*.csv"), name_column="patient", label_column="diagnosis", keep_maps="none")
    assert study.result.dataset.classes == ("benign", "malignant")
    assert len(study.result.dataset.features) == 30
    assert 1 < study.done[0].known_figures.estimates.snr.value < 100  # the seed matters, and less than the data
