"""Results of dreams that were compared, as plain values: by kind, by picture, by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise_dream.comparison import DreamSet, advantage
from saliencynoise_dream.transfer import RANGES, crossed_interval

if TYPE_CHECKING:
    from saliencynoise.statistics.intervals import Interval


def facts_of(sets: Sequence[DreamSet]) -> dict[str, Any]:
    """Return the mean of each score by kind, and its difference to the mean of single networks."""
    single = next(dream_set for dream_set in sets if dream_set.kind == "single")
    by_kind = {
        dream_set.kind: {
            score: _fact(float(values.mean()), dream_set.interval(score)) for score, values in dream_set.scores.items()
        }
        for dream_set in sets
    }
    more = {
        dream_set.kind: {score: _fact(*advantage(dream_set, single, score)) for score in dream_set.scores}
        for dream_set in sets
        if dream_set.kind in {"ensemble", "stochastic"}
    }
    return {"singles": len(single.pictures), "recognition": by_kind, "more_than_single": more}


def rows_of(dream_set: DreamSet, names: Sequence[str], members: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield a row for each dream, with the interval over held-out members of each score.

    Args:
        dream_set: dreams of one kind.
        names: names of the rows: of classes, or of the layer.
        members: indices of those that dream; the first ones dreamt alone.
    """
    for network in range(len(dream_set.pictures)):
        for index, name in enumerate(names):
            row: dict[str, Any] = {"class": name, "kind": dream_set.kind}
            row["member"] = members[network] if dream_set.kind == "single" else None
            for score, scores in dream_set.scores.items():
                values = scores[index : index + 1, :, network]
                lowest, highest = RANGES[score]
                fact = _fact(float(values.mean()), crossed_interval(values, lowest=lowest, highest=highest))
                row |= {score: fact["value"], f"{score}_low": fact["low"], f"{score}_high": fact["high"]}
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


def _fact(value: float, interval: Interval | None) -> dict[str, float | None]:
    ends = (None, None) if interval is None else (interval.low, interval.high)
    return {"value": value, "low": ends[0], "high": ends[1]}
