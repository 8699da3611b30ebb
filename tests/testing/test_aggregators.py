"""Each wrong aggregator fails the check that was made for it, and no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import torch

from saliencynoise.interfaces import AggregatorSpec
from saliencynoise.testing import AggregatorSubject, aggregator_checks, check_subject


@dataclass(frozen=True)
class Mean:
    """Right; the classes that follow override one thing each."""

    def init(self, shape):
        return 0, torch.zeros(shape, dtype=torch.float64)

    def update(self, state, values):
        if values.shape != state[1].shape:
            raise ValueError("another shape")
        return state[0] + 1, state[1] + values.double()

    def merge(self, left, right):
        return left[0] + right[0], left[1] + right[1]

    def result(self, state):
        if not state[0]:
            raise ValueError("no members")
        return (state[1] / state[0]).float()


@dataclass(frozen=True)
class Unread(Mean):
    text: Any = None

    def __eq__(self, other):
        return False

    __hash__ = None


class NoDataclass(Mean):
    __dataclass_params__ = None


@dataclass(frozen=True)
class InPlace(Mean):
    def update(self, state, values):
        return state[0] + 1, state[1].add_(super().update(state, values)[1] - state[1])


@dataclass(frozen=True)
class Rectifies(Mean):
    """Changes the maps that it is given."""

    def update(self, state, values):
        super().update(state, values)
        return super().update(state, values.abs_())


@dataclass(frozen=True)
class Borrows(Mean):
    """Keeps the maps, and not copies."""

    def init(self, shape):
        return shape, ()

    def update(self, state, values):
        if tuple(values.shape) != state[0]:
            raise ValueError("another shape")
        return state[0], (*state[1], values)

    def merge(self, left, right):
        return left[0], left[1] + right[1]

    def result(self, state):
        if not state[1]:
            raise ValueError("no members")
        return torch.stack(state[1]).double().mean(0).float()


@dataclass(frozen=True)
class Doubles(Mean):
    def result(self, state):
        return super().result(state).double()


@dataclass(frozen=True)
class Flattens(Mean):
    def result(self, state):
        return super().result(state).flatten()


@dataclass(frozen=True)
class Divides(Mean):
    """Has no number below zero."""

    def result(self, state):
        return super().result(state).log()


@dataclass(frozen=True)
class Zeros(Mean):
    def result(self, state):
        return 0 * super().result(state)


@dataclass(frozen=True)
class MeanOfMeans(Mean):
    """Merges means as if both were of as many members."""

    def merge(self, left, right):
        members = left[0] + right[0]
        means = [total / max(1, count) for count, total in (left, right)]
        return members, members * sum(means) / max(1, bool(left[0]) + bool(right[0]))


@dataclass(frozen=True)
class Fades(Mean):
    """The last members count most, streamed or merged."""

    def update(self, state, values):
        return state[0] + 1, super().update((0, state[1] / 2), values)[1]

    def merge(self, left, right):
        return left[0] + right[0], left[1] / 2 ** right[0] + right[1]


@dataclass(frozen=True)
class Broadcasts(Mean):
    def update(self, state, values):
        return state[0] + 1, state[1] + values.double()


@dataclass(frozen=True)
class OfNone(Mean):
    def result(self, state):
        return (state[1] / max(1, state[0])).float()


@dataclass(frozen=True)
class Spread(Mean):
    """Divides by no degrees of freedom for one member."""

    def result(self, state):
        scale = torch.tensor(float(state[0] - 1))
        return super().result(state) * (scale / scale)


@dataclass(frozen=True)
class MeanLogits:
    def combine(self, logits):
        return logits.mean(0)


@dataclass(frozen=True)
class Single(MeanLogits):
    def combine(self, logits):
        return logits.mean(0).float()


@dataclass(frozen=True)
class Scores(MeanLogits):
    def combine(self, logits):
        return logits.mean(0).sum(-1)


@dataclass(frozen=True)
class OfTheBatch(MeanLogits):
    def combine(self, logits):
        return logits.mean(0) - logits.mean((0, 1))


@dataclass(frozen=True)
class Detaches(MeanLogits):
    def combine(self, logits):
        return logits.mean(0).detach()


@dataclass(frozen=True)
class StraightThrough(MeanLogits):
    """Has the value of the median and the gradient of the mean."""

    def combine(self, logits):
        mean = logits.mean(0)
        return mean + (logits.sort(0).values[3:5].mean(0) - mean).detach()


@dataclass(frozen=True)
class First(MeanLogits):
    def combine(self, logits):
        return logits[0]


@dataclass(frozen=True)
class Centres(MeanLogits):
    """Changes the logits that it is given."""

    def combine(self, logits):
        mean = logits.mean(0)
        if not logits.requires_grad:
            logits -= 1
        return mean


MAPS = {
    "parameters": (Unread, NoDataclass),
    "unchanged": (InPlace, Rectifies, Borrows),
    "result": (Doubles, Flattens, Divides, Zeros),
    "merge": (MeanOfMeans,),
    "order": (Fades,),
    "other_shape": (Broadcasts,),
    "no_members": (OfNone,),
    "one_member": (Spread,),
}
NETWORKS = {
    "combined": (Single, Scores),
    "rows": (OfTheBatch,),
    "gradient": (Detaches, StraightThrough),
    "order_of_networks": (First,),
    "logits_unchanged": (Centres,),
}
WRONG = [
    (level, check, wrong)
    for level, zoo in (("maps", MAPS), ("networks", NETWORKS))
    for check, entries in zoo.items()
    for wrong in entries
]


def subject(aggregator: type, level: Any) -> AggregatorSubject:
    spec = AggregatorSpec(name="wrong", summary="s", target="a:b", level=level)
    return AggregatorSubject(name="tests/wrong", spec=spec, aggregator=aggregator())


@pytest.mark.parametrize(("level", "check", "wrong"), WRONG, ids=[f"{own[1]}-{own[2].__name__}" for own in WRONG])
def test_a_wrong_aggregator_fails_exactly_its_check(level, check, wrong):
    report = check_subject(subject(wrong, level))
    assert [result.check for result in report.of("failed")] == [check], report.of("failed")


def test_every_check_has_a_wrong_aggregator():
    assert {check.name for check in aggregator_checks()} == {*MAPS, *NETWORKS}


@pytest.mark.parametrize(("aggregator", "level", "count"), [(Mean, "maps", 8), (MeanLogits, "networks", 6)])
def test_a_right_one_passes_every_check_of_its_level(aggregator, level, count):
    report = check_subject(subject(aggregator, level))
    assert len(report.of("passed")) == report.executed == count
    assert {result.message for result in report.of("not_applicable")} == {f"it aggregates {level}"}
