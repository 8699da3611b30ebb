"""The SNRs of a run with fewer members, kept for comparison with members that are trained later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saliencynoise.interfaces import one_line
from saliencynoise.records.predictions import NO_PREDICTIONS, PredictedCell, Prediction, PredictionsRecord
from saliencynoise.records.reading import RecordError, read_record
from saliencynoise.records.writing import write_record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from saliencynoise.records.cell import Cell

PREDICTIONS = "predictions.json"


def note_prediction(folder: Path, cells: Sequence[Cell], *, members: int, created: str) -> None:
    """Keep the SNRs of a result for comparison with members that are trained later; one entry for each member count."""
    entry = Prediction(members=members, created=created, cells=_predicted(cells))
    note = ""
    try:
        record = read_predictions(folder)
    except RecordError as error:  # a damaged file of forecasts must not cost the result
        record, note = NO_PREDICTIONS, f"earlier forecasts are lost: {one_line(error).partition(';')[0]}"
    others = tuple(prediction for prediction in record.predictions if prediction.members != members)
    notes = (*record.notes, *([note] if note else []))
    write_record(folder / PREDICTIONS, PredictionsRecord(predictions=(*others, entry), notes=notes))


def _predicted(cells: Sequence[Cell]) -> tuple[PredictedCell, ...]:
    return tuple(
        PredictedCell(
            architecture=cell.architecture,
            method=cell.method,
            view=cell.view,
            snr=cell.figures.estimates.snr.value,
            interval=cell.figures.estimates.snr.interval,
        )
        for cell in cells
        if cell.figures is not None
    )


def read_predictions(folder: Path) -> PredictionsRecord:
    """Return the predictions that `note_prediction` kept; none where there is no file.

    Raises:
        RecordError: if the file is damaged.
    """
    path = folder / PREDICTIONS
    if not path.is_file():
        return NO_PREDICTIONS
    return read_record(path, PredictionsRecord, fix="run the same bench again, which notes its forecast once more")
