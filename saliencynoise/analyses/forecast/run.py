"""The members that a study still needs, their training time, and the check of earlier forecasts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from saliencynoise.engine.judged import judged_cells, key_of_cell, no_claim
from saliencynoise.engine.predictions import PREDICTIONS, read_predictions
from saliencynoise.engine.study import Study, interval_of
from saliencynoise.interfaces import UsageError
from saliencynoise.records.predictions import NO_PREDICTIONS, PredictionsRecord
from saliencynoise.statistics.gram import cosine_of_averages, scale_gram
from saliencynoise.statistics.reliability import MembersNeeded, members_for_images, members_needed, reliability_at
from saliencynoise.store.provenance import hardware

if TYPE_CHECKING:
    from saliencynoise.records.cell import Cell
    from saliencynoise.records.predictions import PredictedCell
    from saliencynoise.records.study import ArchitectureResult


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The members that one cell of a study needs.

    Attributes:
        architecture: label.
        method: label.
        view: name.
        members: number of members that the study has.
        needed: members whose average reaches the reliability, over all images.
        needed_for_images: members whose average reaches it on nine of ten images.
        more: members still to train for `needed`; None where that is undetermined. Where members share some of several
            starts: networks from starts of their own, beside what the average of all members is worth.
        note: why no number is given although r is known; empty where a number is given.
        training_seconds: of one more member: the median of the measured seconds; None where they are not known.
        attribution_seconds: of one more member with this method, as measured.
    """

    architecture: str
    method: str
    view: str
    members: int
    needed: MembersNeeded
    needed_for_images: MembersNeeded
    more: int | None
    training_seconds: float | None
    attribution_seconds: float
    note: str = ""

    @property
    def bounded(self) -> bool:
        """Whether the interval of `needed` has an upper end; without one, `more` is an estimate without a bound."""
        return self.needed.high is not None or self.needed.low is None

    @property
    def seconds(self) -> float | None:
        """Seconds of one core for the members still to train and their maps; None where number or time is not known."""
        if self.more is None or self.training_seconds is None:
            return None
        return self.more * (self.training_seconds + self.attribution_seconds)


@dataclass(frozen=True, kw_only=True)
class ForecastCheck:
    """An earlier prediction beside the value measured with members trained since.

    Attributes:
        architecture, method, view: of the cell.
        earlier: number of members behind the prediction.
        later: number of members trained since.
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
        """Whether the measured value is within the prediction's interval."""
        return self.low <= self.measured <= self.high


def forecast(study: Study, *, reliability: float) -> list[Forecast]:
    """Return the forecast of each cell of a study, from its Gram matrices alone.

    Maps that are not "signed" have a forecast only in the view in which they are judged. Their whole maps agree even
    between untrained networks, so few networks would seem to be enough.

    Raises:
        UsageError: if the reliability is not between 0 and 1, or the study keeps no Gram matrices.
    """
    if not 0 < reliability < 1:
        raise UsageError(f"--reliability {reliability} is not between 0 and 1; give for example 0.9")
    judged = {key_of_cell(cell): cell.view for cell in judged_cells(study)}
    return [
        _forecast(study, cell, reliability)
        for cell in study.done
        if cell.sign == "signed" or cell.view == judged[key_of_cell(cell)]
    ]


def _forecast(study: Study, cell: Cell, reliability: float) -> Forecast:
    note = no_claim(cell)
    needed = needed_for_images = members_needed(math.nan, reliability=reliability)
    if not note:
        snr = cell.known_figures.estimates.snr_averaged
        needed = members_needed(snr.value, interval_of(snr.interval), reliability=reliability)
        needed_for_images = members_for_images(
            study.independent_gram(cell), reliability=reliability, seed=study.result.settings.seed, groups=study.groups
        )
    return Forecast(
        architecture=cell.architecture,
        method=cell.method,
        view=cell.view,
        members=cell.members,
        needed=needed,
        needed_for_images=needed_for_images,
        more=_more(cell, needed),
        training_seconds=_training_seconds(study.architecture(cell)),
        attribution_seconds=(cell.seconds or 0.0) / cell.members,
        note=note,
    )


def _more(cell: Cell, needed: MembersNeeded) -> int | None:
    """Return the networks still to train; where members share starts, each from a start of its own."""
    if needed.value is None or str(needed) == "undetermined":
        return None
    worth = cell.worth
    return 0 if math.isinf(worth) else max(0, math.ceil(needed.value - worth - 1e-9))


def _training_seconds(architecture: ArchitectureResult) -> float | None:
    seconds = [member.seconds for member in architecture.members if member.seconds is not None]
    return float(median(seconds)) if seconds else None


def same_machine(study: Study) -> bool:
    """Whether the members' seconds were measured on a machine like this one."""
    facts = hardware("cpu", threads=1)
    this_machine = facts["processor"], facts["cores"]
    members = [member for architecture in study.result.architectures for member in architecture.members]
    machines = [member.hardware for member in members if member.hardware is not None]
    return all((machine.processor, machine.cores) == this_machine for machine in machines)


def notes_of_predictions(study: Study) -> list[str]:
    """Return the warnings about the forecasts of a study's folder: earlier forecasts that were lost."""
    return list(_predictions_record(study).notes)


def _predictions_record(study: Study) -> PredictionsRecord:
    """Return a study's forecasts; they are empty if its folder has no `predictions.json`, as after a copy of a part."""
    if not (study.folder / PREDICTIONS).exists():
        return NO_PREDICTIONS
    study.files.path(PREDICTIONS)
    return read_predictions(study.folder)


def check_predictions(study: Study) -> list[ForecastCheck]:
    """Compare the predictions from fewer members with the members trained since."""
    return [
        check
        for earlier in _predictions_record(study).predictions
        for predicted in earlier.cells
        for cell in study.done
        if study.clusters(cell) is None  # later members may come from the same starts
        if (predicted.architecture, predicted.method, predicted.view) == (cell.architecture, cell.method, cell.view)
        for check in _checks(study, cell, predicted, earlier.members)
    ]


def _checks(study: Study, cell: Cell, old: PredictedCell, earlier: int) -> Sequence[ForecastCheck]:
    later = cell.members - earlier
    if later < 1 or old.interval is None or math.isnan(old.snr):
        return []
    gram = scale_gram(study.gram(cell), "unit")
    low, predicted, high = (_between(value, earlier, later) for value in (old.interval.low, old.snr, old.interval.high))
    return [
        ForecastCheck(
            architecture=cell.architecture,
            method=cell.method,
            view=cell.view,
            earlier=earlier,
            later=later,
            predicted=predicted,
            low=low,
            high=high,
            measured=cosine_of_averages(gram, range(earlier), range(earlier, earlier + later)),
        )
    ]


def _between(snr: float, left: int, right: int) -> float:
    """Return the expected cosine between independent averages of the given sizes at an SNR; 0 without signal."""
    return 0.0 if snr <= 0 else float((reliability_at(snr, left) * reliability_at(snr, right)) ** 0.5)
