"""The agreement with earlier runs of a folder, without any network; `test_run` has whole benches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from saliencynoise.engine.config import config_from
from saliencynoise.engine.earlier_run import GROWING, Division, agreed_division, shared_settings, write_plan
from saliencynoise.interfaces import UsageError

NEW = Division(chunk=32, rows={})
CHOSEN = Division(chunk=3, rows={"net": 2})
SHARED: dict[str, Any] = {"seed": 0, "dataset_key": "k"}


def used(folder: Path) -> Path:
    """Return a folder with maps and a plan."""
    (folder / "maps").mkdir(parents=True)
    write_plan(folder, SHARED, CHOSEN)
    return folder


def test_settings_that_may_grow_bind_nobody():
    shared = shared_settings(config_from({}), "k")
    assert shared["dataset_key"] == "k"
    assert shared.keys().isdisjoint(GROWING)
    assert {"seed", "precision", "dataset"} < shared.keys()


def test_a_new_or_an_empty_folder_has_the_usual_division(tmp_path):
    assert agreed_division(tmp_path / "new", SHARED, fresh=False) == NEW
    assert agreed_division(tmp_path, SHARED, fresh=False) == NEW


def test_the_division_of_an_earlier_run_is_kept_and_replaced_by_a_fresh_one(tmp_path):
    folder = used(tmp_path / "run")
    assert agreed_division(folder, SHARED, fresh=False) == CHOSEN
    assert agreed_division(folder, SHARED, fresh=True) == NEW


def test_a_start_without_results_binds_nobody(tmp_path):
    write_plan(tmp_path, {"seed": 5}, Division(chunk=3, rows={}))
    assert agreed_division(tmp_path, SHARED, fresh=False) == NEW


def test_other_settings_are_refused_by_name(tmp_path):
    folder = used(tmp_path / "run")
    with pytest.raises(UsageError, match="holds a run with seed=0, and this one has seed=1; name another --out, or"):
        agreed_division(folder, SHARED | {"seed": 1}, fresh=False)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds other files and no run; name an empty or a new folder"):
        agreed_division(tmp_path, SHARED, fresh=False)
    with pytest.raises(UsageError, match=r"notes\.txt is a file; name a folder"):
        agreed_division(tmp_path / "notes.txt", SHARED, fresh=False)


def test_a_damaged_plan_is_replaced_by_that_of_the_result(tmp_path):
    folder = used(tmp_path / "run")
    (folder / "plan.json").write_text("[]")
    assert agreed_division(folder, SHARED, fresh=False) == NEW, "there is no result either"
    result = {"settings": {"seed": 0}, "dataset": {"key": "k"}, "plan": {"chunk": 4, "rows": {"net": 1}}}
    (folder / "result.json").write_text(json.dumps(result))
    assert agreed_division(folder, SHARED, fresh=False) == Division(chunk=4, rows={"net": 1})
    with pytest.raises(UsageError, match="holds a run with dataset_key=k"):
        agreed_division(folder, SHARED | {"dataset_key": "other"}, fresh=False)
