"""Dreams as results: the members behind them, the document of `dream.json`, and the files of the folder."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.display.page.made import Made
from saliencynoise.records.common import Hardware
from saliencynoise.records.writing import json_of, record_of, write_record
from saliencynoise.store.atomic import remove_file, slug_of, write_bytes
from saliencynoise.store.provenance import hardware, versions
from saliencynoise_dream.comparison import DreamSet
from saliencynoise_dream.facts import facts_of, rows_of, steps_of
from saliencynoise_dream.files import gif, png
from saliencynoise_dream.objective import ClassLogit
from saliencynoise_dream.records import (
    AscentSettings,
    DreamData,
    DreamRecord,
    DreamSeeds,
    DreamSettings,
    DreamSubject,
    ObjectiveEnds,
)

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.engine.trained import TrainedEnsemble
    from saliencynoise_dream.config import DreamConfig
    from saliencynoise_dream.records import Kind
    from saliencynoise_dream.request import DreamRequest
    from saliencynoise_dream.target import DreamTarget

RESULT = "dream.json"


@dataclass(frozen=True, kw_only=True, eq=False)
class PreparedDream:
    """Members, objective and settings of a dream, loaded and checked.

    Attributes:
        request: the user's request.
        ensemble: the trained members.
        dreaming: indices in the pool of the members that dream.
        judging: indices of the members that are held out.
        target: objective and start.
        config: settings of the ascent.
    """

    request: DreamRequest
    ensemble: TrainedEnsemble
    dreaming: tuple[int, ...]
    judging: tuple[int, ...]
    target: DreamTarget
    config: DreamConfig


@dataclass(frozen=True, kw_only=True, eq=False)
class DreamStudy:
    """Dreams that are on disk.

    Attributes:
        result: the content of `dream.json`: settings, members, scores with intervals, provenance.
        folder: folder of the files.
        sets: the pictures, scores and steps by kind.
        rows: the name of each dreamt picture: its class, or the layer.
    """

    result: DreamRecord
    folder: Path
    sets: tuple[DreamSet, ...]
    rows: tuple[str, ...]

    def __repr__(self) -> str:
        """Return what was dreamt, by whom, and the folder."""
        names, members = ", ".join(self.result.of.names), len(self.result.members)
        kinds = ", ".join(dream_set.kind for dream_set in self.sets)
        return f"Dreams of {names} by {members} members of {self.result.architecture} ({kinds}), in {self.folder}"


def record_of_dreams(prepared: PreparedDream, sets: Sequence[DreamSet], *, seconds: float) -> DreamRecord:
    """Return the document of `dream.json`.

    Args:
        prepared: members, objective and settings.
        sets: the dreams that were compared.
        seconds: duration of the dreams.
    """
    request, ensemble, target = prepared.request, prepared.ensemble, prepared.target
    accuracies = {record.index: record.accuracy for record in ensemble.records}
    rows = [row for dream_set in sets for row in rows_of(dream_set, target.rows, prepared.dreaming)]
    return DreamRecord(
        format=1,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=request.command,
        settings=record_of(request.settings, DreamSettings),
        how=record_of(prepared.config, AscentSettings),
        of=DreamSubject(
            kind="classes" if isinstance(target.objective, ClassLogit) else "layer", names=tuple(target.rows)
        ),
        start=target.source,
        dataset=_data(request, ensemble),
        architecture=ensemble.model.display_name,
        pool=str(ensemble.pool.folder),
        recipe=ensemble.recipe,
        seeds=DreamSeeds(members=ensemble.seed, dream=request.bench.seed),
        members=prepared.dreaming,
        held_out=prepared.judging,
        accuracy={str(member): accuracies[member] for member in (*prepared.dreaming, *prepared.judging)},
        passed_over={str(member): reason for member, reason in ensemble.flags.items()},
        notes=tuple(target.notes),
        facts=facts_of(sets),
        dreams=tuple(json_of(rows)),
        trace=tuple(_ends(dream_set.kind, dream_set.trace) for dream_set in sets if dream_set.trace is not None),
        seconds=seconds,
        versions=versions(),
        hardware=record_of(hardware(ensemble.device, threads=torch.get_num_threads()), Hardware),
    )


def _data(request: DreamRequest, ensemble: TrainedEnsemble) -> DreamData:
    dataset = ensemble.dataset
    return DreamData(
        asked=request.bench.dataset,
        image_shape=tuple(dataset.train.images.shape[1:]),
        classes=len(dataset.classes),
        notes=tuple(dataset.notes),
    )


def _ends(kind: Kind, trace: Float[Tensor, "S T K"]) -> ObjectiveEnds:
    """Return the objective before the first and before the last step, averaged over pictures and networks."""
    means = trace.mean((0, 2))
    return ObjectiveEnds(kind=kind, first=float(means[0]), last=float(means[-1]), steps=len(means))


def write_dreams(study: DreamStudy, *, members: Sequence[int], steps: int) -> None:
    """Write pictures, scores, the objective of each step and, if the steps were kept, their animation.

    Args:
        study: dreams that were compared.
        members: indices of the members that dream.
        steps: number of steps of an octave.

    Raises:
        UsageError: if the folder cannot be written.
    """
    contents = dict(_pictures(study, members))
    trace = [row for dream_set in study.sets for row in steps_of(dream_set, study.rows, members, steps=steps)]
    made = Made.of(study.result.versions, study.result.created, study.result.command).columns
    contents["objective.csv"] = _csv([row | made for row in trace])
    contents["scores.csv"] = _csv([row | made for row in study.result.dreams])
    animated = [
        (f"member {members[0]}" if dream_set.kind == "single" else dream_set.kind, dream_set.steps[0])
        for dream_set in study.sets
        if dream_set.steps is not None
    ]
    if animated:
        contents["steps.gif"] = gif(animated)
    _remove_earlier(study.folder)
    for name, content in contents.items():
        write_bytes(study.folder / name, content)
    write_record(study.folder / RESULT, study.result)


def _pictures(study: DreamStudy, members: Sequence[int]) -> Iterator[tuple[str, bytes]]:
    """Yield the path and the bytes of each picture, at the networks' size and enlarged."""
    for dream_set in study.sets:
        for network, pictures in enumerate(dream_set.pictures):
            dreamers = f"{dream_set.kind}-{members[network]}" if dream_set.kind == "single" else dream_set.kind
            for index, (name, picture) in enumerate(zip(study.rows, pictures, strict=True)):
                file = f"{dreamers}-{index:02d}-{slug_of(name)}.png"
                yield f"pictures/{file}", png(picture)
                yield f"large/{file}", png(picture, enlarged=True)


def _remove_earlier(folder: Path) -> None:
    """Remove the pictures and the animation of an earlier dream in this folder."""
    for path in [*folder.glob("pictures/*.png"), *folder.glob("large/*.png"), folder / "steps.gif"]:
        remove_file(path)


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8", errors="replace")
