"""The result file of an analysis: read from its run's folder, with facts of the study."""

from __future__ import annotations

from pathlib import Path

import pytest

from saliencynoise.analyses.result import facts_of, load_result
from saliencynoise.interfaces import UsageError
from saliencynoise.records.common import Count, Record
from saliencynoise.records.writing import json_of, write_record
from tests.studies import record_of_study


class Result(Record, frozen=True, kw_only=True):
    rows: Count


def load(folder: Path) -> Result:
    return load_result(folder, "rows.json", Result, command="frontier")


def test_what_was_written_is_read(tmp_path):
    write_record(tmp_path / "rows.json", Result(rows=3))
    assert load(tmp_path) == Result(rows=3)


def test_a_missing_or_damaged_file_names_the_command(tmp_path):
    folder = tmp_path / "my run"
    fix = f"run: saliencynoise frontier --out '{folder}'"
    with pytest.raises(UsageError) as caught:
        load(folder)
    assert str(caught.value) == f"{folder} holds no readable rows.json; {fix}"
    folder.mkdir()
    (folder / "rows.json").write_text('{"rows": -1}')
    with pytest.raises(UsageError) as caught:
        load(folder)
    assert str(caught.value) == f"{folder / 'rows.json'} is damaged: rows is -1 where int >= 0 is wanted; {fix}"


def test_facts_are_those_of_the_study():
    study = record_of_study(
        dataset={"name": "digits", "classes": ["0", "1"]}, device="cpu", versions={"torch": "2.1"},
        recipes={"net": {"epochs": 3}},
    )  # fmt: skip
    facts, whole = json_of(facts_of(study)), json_of(study)
    assert facts.keys() == {"dataset", "recipes", "device", "versions", "hardware"}
    assert facts == {name: whole[name] for name in facts}
