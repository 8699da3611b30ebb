"""One member's work in plain values, and the events that report on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from saliencynoise.engine.starts import Start
from saliencynoise.scoring import LOGIT, Score
from saliencynoise.scoring.passes import Precision
from saliencynoise.store.maps import Chunk

Event = Mapping[str, Any]
Report = Callable[[Event], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class MemberJob:
    """One member's work, in plain values that travel to a worker process as JSON.

    Attributes:
        architecture: canonical name, with its arguments.
        sampler: canonical name, with parameters.
        run: index of the training run that the member comes from.
        members: all members of that run that the plan needs; one job makes them together.
        member: index in the ensemble.
        run_seed: seed from which the member's seeds derive.
        recipe: fields of the recipe.
        pool: folder of the pool.
        base_pool: folder of the deep ensemble's pool, whose members a sampler may start from.
        device: device of training and attribution.
        precision: precision of attribution.
        input_noise: input noise of the sampler.
        retrain: train also a member that the pool has already.
        recompute: compute also maps that exist already.
        methods: canonical names, each with the folders of its maps, one for each draw; empty to train only.
        images: indices of the attributed test images.
        targets: the class that is explained, for each of them.
        chunks: the images' division into files.
        rows: number of rows of a pass; None to choose it from the memory.
        start: weights that the run's networks begin with; None for random ones.
        score: the score of the target that is explained.
    """

    architecture: str
    sampler: str
    run: int
    members: tuple[int, ...]
    member: int
    run_seed: int
    recipe: Mapping[str, Any]
    pool: str
    base_pool: str
    device: str
    precision: Precision
    input_noise: float
    retrain: bool
    recompute: bool
    methods: Mapping[str, tuple[str, ...]]
    images: tuple[int, ...]
    targets: tuple[int, ...]
    chunks: tuple[Chunk, ...]
    rows: int | None
    start: Start | None = None
    score: Score = LOGIT

    @classmethod
    def from_plain(cls, values: Mapping[str, Any]) -> MemberJob:
        """Rebuild a job from the JSON of its `asdict`."""
        chunks = (Chunk(index=c["index"], key=c["key"], rows=tuple(c["rows"])) for c in values["chunks"])
        start = values.get("start")
        lists = {
            "start": None if start is None else Start.from_plain(start),
            "members": tuple(values["members"]),
            "images": tuple(values["images"]),
            "targets": tuple(values["targets"]),
            "score": Score(**values["score"]),
            "chunks": tuple(chunks),
            "methods": {text: tuple(folders) for text, folders in values["methods"].items()},
        }
        return cls(**{**values, **lists})
