"""How many more members a study needs, what they cost on this machine, and whether earlier forecasts came true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from saliencynoise.bench.study import Study, averaged_snr, interval_of, number
from saliencynoise.interfaces import UsageError, one_line
from saliencynoise.records.predictions import PredictionsRecord
from saliencynoise.records.reading import RecordError, read_record
from saliencynoise.statistics.gram import cosine_of_averages, scale_gram
from saliencynoise.statistics.reliability import MembersNeeded, members_for_images, members_needed, reliability_at
from saliencynoise.store.atomic import write_json
from saliencynoise.store.provenance import hardware

if TYPE_CHECKING:
    from pathlib import Path

PREDICTIONS = "predictions.json"


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What one cell of a study needs.

    Attributes:
        architecture: label.
        method: label.
        view: name.
        members: that there are.
        needed: members whose average reaches the reliability, over all images.
        needed_for_images: members for which nine of ten images do.
        more: members still to train for `needed`; None where that is undetermined.
        training_seconds: of one more member, as measured: the median of those that were trained.
        attribution_seconds: of one more member with this method, as measured.
    """

    architecture: str
    method: str
    view: str
    members: int
    needed: MembersNeeded
    needed_for_images: MembersNeeded
    more: int | None
    training_seconds: float
    attribution_seconds: float

    @property
    def bounded(self) -> bool:
        """Whether the interval of `needed` has an upper end; where not, `more` is a bare estimate."""
        return self.needed.high is not None or self.needed.low is None

    @property
    def seconds(self) -> float | None:
        """Seconds of one core for the members still to train and their maps; None where their number is not known."""
        return None if self.more is None else self.more * (self.training_seconds + self.attribution_seconds)


@dataclass(frozen=True, kw_only=True)
class Check:
    """An earlier prediction beside what members trained since have shown.

    Attributes:
        architecture, method, view: of the cell.
        earlier: members that the prediction was made from.
        later: members trained since.
        predicted: cosine between the average map of `earlier` members and that of `later` others, from r at that time.
        low, high: ends of its interval, from r's.
        measured: that cosine, pooled over images.
    """

    architecture: str
    method: str
    view: str
    earlier: int
    later: int
    predicted: float
    low: float
    high: float
    measured: float

    @property
    def held(self) -> bool:
        """Whether what was measured lies within the prediction's interval."""
        return self.low <= self.measured <= self.high


def forecast(study: Study, *, reliability: float) -> list[Forecast]:
    """Return what each cell of a study needs, from its Gram matrices alone.

    Raises:
        UsageError: if the reliability is not between 0 and 1, or the study keeps no Gram matrices.
    """
    if not 0 < reliability < 1:
        raise UsageError(f"--reliability {reliability} is not between 0 and 1; give for example 0.9")
    return [_forecast(study, cell, reliability) for cell in study.done]


def _forecast(study: Study, cell: Mapping[str, Any], reliability: float) -> Forecast:
    snr = averaged_snr(cell["figures"])
    needed = members_needed(number(snr["value"]), interval_of(snr["interval"]), reliability=reliability)
    members = cell["members"]
    return Forecast(
        architecture=cell["architecture"],
        method=cell["method"],
        view=cell["view"],
        members=members,
        needed=needed,
        needed_for_images=members_for_images(
            study.gram(cell),
            reliability=reliability,
            seed=study.result["settings"]["seed"],
            groups=study.groups,
        ),
        more=None if needed.value is None or str(needed) == "undetermined" else max(0, needed.value - members),
        training_seconds=_training_seconds(study, cell["architecture"]),
        attribution_seconds=cell["seconds"] / members,
    )


def _training_seconds(study: Study, architecture: str) -> float:
    own = next(entry for entry in study.result["architectures"] if entry["label"] == architecture)
    return float(median(member["seconds"] for member in own["members"]))


def same_machine(study: Study) -> bool:
    """Whether the members' seconds were measured on a machine like this one."""
    here = hardware("cpu", threads=1)
    there = [member["hardware"] for entry in study.result["architectures"] for member in entry["members"]]
    return all(own.get(name) == here[name] for own in there for name in ("processor", "cores"))


def note_prediction(folder: Path, result: Mapping[str, Any]) -> None:
    """Keep the SNRs of a result, so that they can be held against members trained later; one entry a member count."""
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
    kept = [own for own in record["predictions"] if own["members"] != entry["members"]]
    notes = [*record.get("notes", []), *([note] if note else [])]
    write_json(folder / PREDICTIONS, {"predictions": [*kept, entry], "notes": notes})


def read_predictions(folder: Path) -> PredictionsRecord:
    """Return what `note_prediction` kept; none where there is no file.

    Raises:
        RecordError: if the file is damaged.
    """
    path = folder / PREDICTIONS
    if not path.is_file():
        return {"predictions": []}
    return read_record(path, PredictionsRecord, fix="run the same bench again, which notes its forecast once more")


def notes_of_predictions(study: Study) -> list[str]:
    """Return what a reader must know of the forecasts of a study's folder: that earlier ones were lost."""
    return list(_of(study).get("notes", []))


def _of(study: Study) -> PredictionsRecord:
    """Return a study's forecasts; none where the folder holds none, as that of a result that was copied alone."""
    if not (study.folder / PREDICTIONS).exists():
        return {"predictions": []}
    study.files.path(PREDICTIONS)
    return read_predictions(study.folder)


def check_predictions(study: Study) -> list[Check]:
    """Hold the predictions made with fewer members against the members trained since."""
    return [
        check
        for earlier in _of(study)["predictions"]
        for old in earlier["cells"]
        for cell in study.done
        if all(old[name] == cell[name] for name in ("architecture", "method", "view"))
        for check in _checks(study, cell, old, earlier["members"])
    ]


def _checks(study: Study, cell: Mapping[str, Any], old: Mapping[str, Any], earlier: int) -> Sequence[Check]:
    later = cell["members"] - earlier
    interval = interval_of(old["interval"])
    if later < 1 or interval is None or old["snr"] is None:
        return []
    gram = scale_gram(study.gram(cell), "unit")
    low, predicted, high = (
        _between(value, earlier, later) for value in (interval.low, number(old["snr"]), interval.high)
    )
    return [
        Check(
            architecture=cell["architecture"],
            method=cell["method"],
            view=cell["view"],
            earlier=earlier,
            later=later,
            predicted=predicted,
            low=low,
            high=high,
            measured=cosine_of_averages(gram, range(earlier), range(earlier, earlier + later)),
        )
    ]


def _between(snr: float, left: int, right: int) -> float:
    """Return the cosine between independent averages of so many members at an SNR; 0 where there is no signal."""
    return 0.0 if snr <= 0 else float((reliability_at(snr, left) * reliability_at(snr, right)) ** 0.5)
