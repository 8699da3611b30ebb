"""Records made of values and written as JSON."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import msgspec
import numpy as np
import pytest
import torch

from saliencynoise.records.common import Count, Number, Record, Share
from saliencynoise.records.reading import read_record
from saliencynoise.records.rows import DoneRow, FailedRow
from saliencynoise.records.writing import json_of, record_of, write_record


class Part(Record, frozen=True, kw_only=True):
    r: Number
    note: str | None = None


class Whole(Record, frozen=True, kw_only=True):
    members: Count
    share: Share
    parts: tuple[Part, ...]
    by_name: dict[str, Part]


VALUES = {"members": 3, "share": 0.5, "parts": [{"r": math.inf}, {"r": 2}], "by_name": {"a": {"r": -math.inf}}}


def test_a_record_is_made_of_tables_and_of_objects_alike():
    record = record_of(VALUES, Whole)
    objects = SimpleNamespace(**{**VALUES, "parts": [SimpleNamespace(r=math.inf), SimpleNamespace(r=2, more=1)]})
    assert record_of(objects, Whole) == record
    assert record.parts == (Part(r=math.inf), Part(r=2.0))
    assert record.by_name == {"a": Part(r=-math.inf)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"members": -1}, r"`int` >= 0 - at `\$.members`"),
        ({"members": 2.5}, r"`int`, got `float` - at `\$.members`"),
        ({"share": 1.5}, r"<= 1(.0)? - at `\$.share`"),
        ({"parts": [{"note": "no r"}]}, r"missing required field `r` - at `\$.parts\[0\]`"),
        ({"parts": [{"r": "high"}]}, r"Expected a number - at `\$.parts\[0\].r`"),
        ({"parts": [{"r": True}]}, r"Expected a number - at `\$.parts\[0\].r`"),
    ],
)
def test_a_value_that_could_not_be_read_is_not_written(change, words):
    with pytest.raises(msgspec.ValidationError, match=words):
        record_of({**VALUES, **change}, Whole)


def test_numbers_that_json_lacks_are_words_or_null():
    plain = json_of(record_of({**VALUES, "share": 0.25, "by_name": {"a": {"r": math.nan}}}, Whole))
    assert plain == {
        "members": 3, "share": 0.25, "parts": [{"r": "inf", "note": None}, {"r": 2.0, "note": None}],
        "by_name": {"a": {"r": None, "note": None}},
    }  # fmt: skip
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert json_of({"low": -math.inf, 3: (True, None, 7)}) == {"low": "-inf", "3": [True, None, 7]}
    assert type(json_of(Part(r=1.5))["r"]) is float


def test_a_row_says_whether_it_failed():
    failed = FailedRow(architecture="net", method="lime", reason="no kernel")
    assert json_of(failed) == {"status": "failed", "architecture": "net", "method": "lime", "reason": "no kernel"}
    assert json_of(DoneRow(architecture="net", method="lime"))["status"] == "ok"
    rows = msgspec.convert([json_of(failed), {**json_of(failed), "status": "ok"}], list[DoneRow | FailedRow])
    assert rows == [failed, DoneRow(architecture="net", method="lime")]


def test_what_is_written_is_read_again_and_sealed(tmp_path):
    path = tmp_path / "whole.json"
    record = record_of(VALUES, Whole)
    write_record(path, record)
    assert read_record(path, Whole) == record
    path.write_text(path.read_text().replace("0.5", "0.6"))
    with pytest.raises(Exception, match="it does not match its checksum"):
        read_record(path, Whole)


def test_tensors_and_arrays_become_lists():
    assert json_of({"a": torch.tensor([1.0, math.inf]), "b": np.float64("nan")}) == {"a": [1.0, "inf"], "b": None}
