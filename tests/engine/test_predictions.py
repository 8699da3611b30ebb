"""The SNRs of a run that are kept for comparison with a larger run."""

from __future__ import annotations

from pathlib import Path

import pytest

from saliencynoise.engine.predictions import PREDICTIONS, note_prediction, read_predictions
from saliencynoise.records.cell import Cell
from saliencynoise.records.predictions import PredictionsRecord
from saliencynoise.records.reading import RecordError
from tests.studies import cell_of, estimate


def cell(snr: float, **names: str) -> Cell:
    figures = {"estimates": {"snr": estimate(snr, snr / 2, snr * 2)}}
    return cell_of(
        **{"architecture": "net", "method": "gradient", "view": "signed", **names}, status="ok", figures=figures
    )


def snrs(folder: Path) -> dict[int, list[float]]:
    return {entry.members: [cell.snr for cell in entry.cells] for entry in read_predictions(folder).predictions}


def test_a_folder_without_the_file_has_no_predictions(tmp_path):
    assert read_predictions(tmp_path) == PredictionsRecord(predictions=(), notes=())


def test_each_number_of_members_has_its_latest_entry(tmp_path):
    note_prediction(tmp_path, [cell(0.25)], members=4, created="monday")
    note_prediction(tmp_path, [cell(0.5), cell(0.75, view="abs")], members=8, created="tuesday")
    note_prediction(tmp_path, [cell(2.0)], members=4, created="wednesday")
    assert snrs(tmp_path) == {8: [0.5, 0.75], 4: [2.0]}
    record = read_predictions(tmp_path)
    assert [entry.created for entry in record.predictions] == ["tuesday", "wednesday"]
    whole = record.predictions[0].cells[1]
    assert (whole.architecture, whole.method, whole.view) == ("net", "gradient", "abs")
    assert whole.interval is not None
    assert (whole.interval.low, whole.interval.high) == (0.375, 1.5)
    assert record.notes == ()


def test_failed_cells_predict_nothing(tmp_path):
    failed = cell_of(architecture="net", method="lime", status="failed", reason="no kernel")
    note_prediction(tmp_path, [failed, cell(1.0)], members=4, created="monday")
    assert snrs(tmp_path) == {4: [1.0]}


def test_a_damaged_file_is_refused_by_readers_and_noted_by_the_next_run(tmp_path):
    note_prediction(tmp_path, [cell(0.25)], members=4, created="monday")
    path = tmp_path / PREDICTIONS
    path.write_text(path.read_text().replace("0.25", "0.26"))
    with pytest.raises(RecordError, match=r"predictions.json is damaged: .*; run the same bench again, which notes"):
        read_predictions(tmp_path)
    note_prediction(tmp_path, [cell(0.5)], members=8, created="tuesday")
    assert snrs(tmp_path) == {8: [0.5]}
    (note,) = read_predictions(tmp_path).notes
    assert note == f"earlier forecasts are lost: {path} is damaged: it does not match its checksum"
