"""`predictions.json`: an entry for each number of members."""

from __future__ import annotations

import math
from typing import Any

import pytest

from saliencynoise.records.predictions import PredictionsRecord
from saliencynoise.records.reading import RecordError, check_record
from saliencynoise.records.writing import json_of

CELL: dict[str, Any] = {"architecture": "net", "method": "lime", "view": "signed", "snr": 0.5, "interval": None}


def read(**changes: Any) -> PredictionsRecord:
    prediction = {"members": 4, "created": "monday", "cells": [{**CELL, **changes}]}
    return check_record({"predictions": [prediction], "notes": []}, PredictionsRecord, where="predictions.json")


@pytest.mark.parametrize(("text", "value"), [(0.5, 0.5), ("inf", math.inf), ("-inf", -math.inf), (3, 3.0)])
def test_an_snr_is_a_number_or_a_word_for_infinity(text, value):
    record = read(snr=text)
    assert record.predictions[0].cells[0].snr == value
    assert json_of(record)["predictions"][0]["cells"][0]["snr"] == text
    assert record.notes == ()


def test_an_undefined_snr_is_nan():
    assert math.isnan(read(snr=None).predictions[0].cells[0].snr)


@pytest.mark.parametrize(("key", "value"), [("snr", "high"), ("snr", True), ("method", ""), ("interval", 0.5)])
def test_a_wrong_value_is_named_by_its_place(key, value):
    with pytest.raises(RecordError, match=rf"^predictions.json is damaged: predictions\[0\].cells\[0\].{key} is "):
        read(**{key: value})
