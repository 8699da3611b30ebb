"""What was found of dreams that were compared, as plain values: by kind, by picture, by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from saliencynoise_dream.comparison import DreamSet, advantage
from saliencynoise_dream.transfer import RANGES, crossed_interval

if TYPE_CHECKING:
    from saliencynoise.statistics.intervals import Interval


def facts_of(sets: Sequence[DreamSet]) -> dict[str, Any]:
    """Return the mean of each score by kind, and how much more it is than that of single networks."""
    single = next(own for own in sets if own.kind == "single")
    by_kind = {
        own.kind: {score: _fact(float(values.mean()), own.interval(score)) for score, values in own.scores.items()}
        for own in sets
    }
    more = {
        own.kind: {score: _fact(*advantage(own, single, score)) for score in own.scores}
        for own in sets
        if own.kind in {"ensemble", "stochastic"}
    }
    return {"singles": len(single.pictures), "recognition": by_kind, "more_than_single": more}


def rows_of(own: DreamSet, names: Sequence[str], members: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield a row for each dream, with the interval over held-out members of each score.

    Args:
        own: dreams of one kind.
        names: of the classes, or what else the rows are.
        members: indices of those that dream; the first ones dreamt alone.
    """
    for network in range(len(own.pictures)):
        for place, name in enumerate(names):
            row: dict[str, Any] = {"class": name, "kind": own.kind}
            row["member"] = members[network] if own.kind == "single" else None
            for score, found in own.scores.items():
                values = found[place : place + 1, :, network]
                lowest, highest = RANGES[score]
                fact = _fact(float(values.mean()), crossed_interval(values, lowest=lowest, highest=highest))
                row |= {score: fact["value"], f"{score}_low": fact["low"], f"{score}_high": fact["high"]}
            yield {**row, "held_out": next(iter(own.scores.values())).shape[1]}


def steps_of(
    own: DreamSet, names: Sequence[str], members: Sequence[int], *, steps: int
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Yield the objective before each step, a row each; `steps` are those of an octave."""
    if own.trace is None:
        return
    for network, trace in enumerate(own.trace):
        for step, values in enumerate(trace.tolist()):
            for name, value in zip(names, values, strict=True):
                yield {
                    "class": name,
                    "kind": own.kind,
                    "member": members[network] if own.kind == "single" else None,
                    "octave": step // steps,
                    "step": step,
                    "objective": value,
                }


def _fact(value: float, interval: Interval | None) -> dict[str, float | None]:
    ends = (None, None) if interval is None else (interval.low, interval.high)
    return {"value": value, "low": ends[0], "high": ends[1]}
