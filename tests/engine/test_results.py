"""`result.json` of maps that a test wrote: cells, members, images, and its place after all other files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from saliencynoise.engine import results
from saliencynoise.engine.config import config_from
from saliencynoise.engine.explained_classes import given_classes
from saliencynoise.engine.plan import Plan, make_plan
from saliencynoise.engine.reduce import Reduced
from saliencynoise.engine.results import write_results
from saliencynoise.engine.study import Study
from saliencynoise.engine.untrained import Floors
from saliencynoise.interfaces import UsageError
from saliencynoise.records.cell import CellFigures
from saliencynoise.records.writing import json_of, record_of
from tests.engine.reduced import SECONDS, ensemble_of, outputs_of, reduced_maps, save_maps

NET = "timm/test_resnet"


@pytest.fixture
def plan(quick):
    plan = make_plan(config_from(quick | {"methods": ["gradient", "smoothgrad(samples=2)"], "out": "run"}))
    plan.run_folder.path.mkdir()
    return plan


def write(plan: Plan, failed: dict[str, str], tracebacks: dict[Any, str] | None = None) -> tuple[Study, Any]:
    """Write a result in which some methods failed, and return it with the statistics of the maps."""
    explained, outputs = given_classes(plan), outputs_of(plan)
    ensemble = ensemble_of(explained, outputs)
    cells: dict[tuple[str, str], Reduced | str] = {
        **reduced_maps(ensemble, plan, save_maps(ensemble, plan)),
        **{(NET, name): reason for name, reason in failed.items()},
    }
    return write_results(explained, cells, outputs, Floors(), tracebacks=tracebacks or {}), cells


def test_cells_hold_the_statistics_of_their_maps(plan):
    study, reduced = write(plan, {})
    assert json_of(Study.load("run").result) == json_of(study.result)
    assert [cell.method for cell in study.done] == ["gradient", "smoothgrad(samples=2)"]
    for cell, method, draws in zip(study.done, plan.methods, (1, 2), strict=True):
        due = record_of(reduced[NET, method.canonical_name].figures["signed"], CellFigures)
        assert json_of(cell.figures) == json_of(due)
        assert cell.draws == draws
        assert cell.seconds == pytest.approx(draws * plan.members * SECONDS)
        assert cell.members == 3


def test_a_failed_method_has_a_reason_a_traceback_and_no_figures(plan):
    name = plan.methods[1].canonical_name
    study, _ = write(plan, {name: "no gradient"}, {(NET, name): "line 1"})
    (cell,) = study.failed
    assert (cell.method, cell.reason, cell.traceback) == ("smoothgrad(samples=2)", "no gradient", "line 1")
    assert (cell.figures, cell.gram, cell.seconds) == (None, None, None)
    assert [entry.method for entry in study.result.maps] == ["gradient"]
    assert not [path for path in study.result.files if "smoothgrad" in path]


def test_the_traceback_of_an_architecture_is_that_of_all_its_methods(plan):
    study, _ = write(plan, {method.canonical_name: "not built" for method in plan.methods}, {(NET, None): "line 2"})
    assert [cell.traceback for cell in study.failed] == ["line 2", "line 2"]
    assert study.done == []


def test_members_and_accuracies_are_those_of_the_pool(plan):
    study, _ = write(plan, {})
    pool = plan.architectures[0].pool
    (net,) = study.result.architectures
    assert (net.name, net.label, net.plugin, net.short_name) == (NET, "test_resnet", "timm", "test_resnet")
    assert [(member.index, member.sha256) for member in net.members] == [
        (index, pool.verified(index).sha256) for index in range(3)  # type: ignore[union-attr]
    ]  # fmt: skip
    low, middle, high = sorted(member.accuracy for member in net.members)
    accuracy = study.done[0].accuracy
    assert (accuracy.min, accuracy.median, accuracy.max) == (low, middle, high)


def test_images_have_their_labels_and_votes(plan):
    study, _ = write(plan, {})
    labels = plan.dataset.test.labels[plan.images].tolist()
    assert [image.label for image in study.result.images] == labels
    assert [image.target for image in study.result.images] == [{NET: label} for label in labels]
    table = study.images.drop_duplicates("image")
    for image, voted, correct in zip(study.result.images, table["predicted"], table["members_correct"], strict=True):
        assert plan.dataset.classes[image.predicted[NET]] == voted
        assert image.members_correct == {NET: correct}


def test_a_result_is_there_only_after_all_its_files(plan, monkeypatch):
    def full(*_: Any) -> None:
        raise UsageError("the disk is full")

    monkeypatch.setattr(results, "checksums", full)
    with pytest.raises(UsageError, match="the disk is full"):
        write(plan, {})
    assert Path("run/snr.parquet").exists()
    assert not Path("run/result.json").exists()
