"""The SNRs of a run with fewer members, kept for comparison with members that are trained later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from saliencynoise.interfaces import one_line
from saliencynoise.records.predictions import PredictionsRecord
from saliencynoise.records.reading import RecordError, read_record
from saliencynoise.store.atomic import write_json

if TYPE_CHECKING:
    from pathlib import Path

PREDICTIONS = "predictions.json"


def note_prediction(folder: Path, result: Mapping[str, Any]) -> None:
    """Keep the SNRs of a result for comparison with members that are trained later; one entry for each member count."""
    entry = {
        "members": result["settings"]["members"],
        "created": result["created"],
        "cells": [
            {name: cell[name] for name in ("architecture", "method", "view")}
            | {"snr": cell["figures"]["estimates"]["snr"]["value"]}
            | {"interval": cell["figures"]["estimates"]["snr"]["interval"]}
            for cell in result["cells"]
            if cell["status"] == "ok"
        ],
    }
    note = ""
    try:
        record = read_predictions(folder)
    except RecordError as error:  # a damaged file of forecasts must not cost the result
        record, note = {"predictions": []}, f"earlier forecasts are lost: {one_line(error).partition(';')[0]}"
    others = [prediction for prediction in record["predictions"] if prediction["members"] != entry["members"]]
    notes = [*record.get("notes", []), *([note] if note else [])]
    write_json(folder / PREDICTIONS, {"predictions": [*others, entry], "notes": notes})


def read_predictions(folder: Path) -> PredictionsRecord:
    """Return the predictions that `note_prediction` kept; none where there is no file.

    Raises:
        RecordError: if the file is damaged.
    """
    path = folder / PREDICTIONS
    if not path.is_file():
        return {"predictions": []}
    return read_record(path, PredictionsRecord, fix="run the same bench again, which notes its forecast once more")
