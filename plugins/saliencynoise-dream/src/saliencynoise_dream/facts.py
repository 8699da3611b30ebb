"""Results of dreams that were compared: by kind, by picture, by step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise_dream.comparison import DreamSet, advantage
from saliencynoise_dream.records import DreamFacts, ScoreMean
from saliencynoise_dream.transfer import RANGES, crossed_interval

if TYPE_CHECKING:
    from saliencynoise.statistics.intervals import Interval


def facts_of(sets: Sequence[DreamSet]) -> DreamFacts:
    """Return the mean of each score by kind, and its difference to the mean of single networks."""
    single = next(dream_set for dream_set in sets if dream_set.kind == "single")
    return DreamFacts(
        singles=len(single.pictures),
        recognition={
            dream_set.kind: {
                score: _mean(float(values.mean()), dream_set.interval(score))
                for score, values in dream_set.scores.items()
            }
            for dream_set in sets
        },
        more_than_single={
            dream_set.kind: {score: _mean(*advantage(dream_set, single, score)) for score in dream_set.scores}
            for dream_set in sets
            if dream_set.kind in {"ensemble", "stochastic"}
        },
    )


def rows_of(dream_set: DreamSet, names: Sequence[str], members: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield a row for each dream, with the interval over held-out members of each score.

    Args:
        dream_set: dreams of one kind.
        names: names of the rows: of classes, or of the layer.
        members: indices of the members that dream; the first ones also dreamt alone.
    """
    for network in range(len(dream_set.pictures)):
        for index, name in enumerate(names):
            row: dict[str, Any] = {"class": name, "kind": dream_set.kind}
            row["member"] = members[network] if dream_set.kind == "single" else None
            for score, scores in dream_set.scores.items():
                values = scores[index : index + 1, :, network]
                lowest, highest = RANGES[score]
                interval = crossed_interval(values, lowest=lowest, highest=highest)
                row |= {score: float(values.mean())}
                row |= {f"{score}_low": None if interval is None else interval.low}
                row |= {f"{score}_high": None if interval is None else interval.high}
            yield {**row, "held_out": next(iter(dream_set.scores.values())).shape[1]}


def steps_of(
    dream_set: DreamSet, names: Sequence[str], members: Sequence[int], *, steps: int
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Yield the objective before each step, a row each; `steps`: number of steps of an octave."""
    if dream_set.trace is None:
        return
    for network, trace in enumerate(dream_set.trace):
        for step, values in enumerate(trace.tolist()):
            for name, value in zip(names, values, strict=True):
                yield {
                    "class": name,
                    "kind": dream_set.kind,
                    "member": members[network] if dream_set.kind == "single" else None,
                    "octave": step // steps,
                    "step": step,
                    "objective": value,
                }


def _mean(value: float, interval: Interval | None) -> ScoreMean:
    low, high = (math.nan, math.nan) if interval is None else (interval.low, interval.high)
    return ScoreMean(value=value, low=low, high=high)
