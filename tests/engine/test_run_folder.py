"""The places of a run's files, and the rows of a pass that its folder fixes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from saliencynoise.engine.config import config_from
from saliencynoise.engine.plan import make_plan
from saliencynoise.engine.run_folder import RunFolder


@pytest.fixture
def plan(quick):
    return make_plan(config_from(quick | {"methods": ["gradient", "smoothgrad"], "draws": 2, "out": "run"}))


def test_methods_and_architectures_have_folders_of_their_own(plan):
    architecture = plan.architectures[0]
    folders = [plan.run_folder.maps(architecture, method) for method in plan.methods]
    assert len(set(folders)) == 2
    assert {folder.parent for folder in folders} == {plan.run_folder.path / "maps" / architecture.pool.folder.name}
    assert [plan.run_folder.gram_file(architecture, method).stem for method in plan.methods] == [
        folder.name for folder in folders
    ]


def test_another_version_of_a_method_has_another_folder(plan):
    method = plan.methods[0]
    other = replace(method, distribution="another 2.0")
    assert plan.run_folder.maps(plan.architectures[0], method) != plan.run_folder.maps(plan.architectures[0], other)


def test_a_stochastic_method_has_a_store_for_each_draw(plan):
    stores = [plan.run_folder.stores(plan.architectures[0], method) for method in plan.methods]
    assert [len(each) for each in stores] == [1, 2]
    assert len({store.folder for each in stores for store in each}) == 3


def written(folder: RunFolder) -> dict[str, Any]:
    """Return `plan.json`, without its checksum."""
    document = json.loads((folder.path / "plan.json").read_text())
    return {name: value for name, value in document.items() if name != "checksum"}


def test_rows_of_a_pass_only_fall_and_are_found_by_the_next_run(plan):
    folder = plan.run_folder.claimed()
    assert written(folder) == {"format": 1, "fixed": dict(folder.shared), "chunk": 32, "rows": {}}
    for rows in (8, 4, 6):
        folder.fix_rows_per_pass("net", rows)
    assert written(folder)["rows"] == {"net": 4}
    (folder.path / "maps").mkdir()
    assert plan.run_folder.claimed().division.rows == {"net": 4}
