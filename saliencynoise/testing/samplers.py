"""Checks of a sampler: the members that it makes from training runs of a small network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import Sample
from saliencynoise.scoring import as_before
from saliencynoise.testing.checks import Check, ContractBroken, NotApplicable
from saliencynoise.testing.runs import KitRun
from saliencynoise.testing.state import guarded
from saliencynoise.testing.values import require_readable

if TYPE_CHECKING:
    from torch import Tensor

    from saliencynoise.testing.subjects import SamplerSubject

SEVERAL = 4
"""Number of members that the kit takes from a run without end."""

Weights = Mapping[str, "Tensor"]


def drawn(subject: SamplerSubject, *, index: int = 0, count: int | None = None, random_state: int = 0) -> list[Weights]:
    """Return copies of the first members of a run: `count` of them, else `per_run`, else four.

    Raises:
        ContractBroken: if the sampler yields anything except samples of weights.
        Exception: any exception of the sampler.
    """
    return list(_copies(subject, KitRun(index), count or subject.sampler.per_run or SEVERAL, random_state))


def _copies(subject: SamplerSubject, run: KitRun, count: int, random_state: int = 0) -> Iterator[Weights]:
    with guarded(random_state):
        for member, sample in enumerate(islice(subject.sampler.members(run), count)):
            if not isinstance(sample, Sample):
                raise ContractBroken(f"member {member} is {type(sample).__name__} and no Sample")
            weights: object = sample.weights
            if not isinstance(weights, Mapping) or not all(
                isinstance(tensor, torch.Tensor) for tensor in weights.values()
            ):
                raise ContractBroken(f"the weights of member {member} are no dictionary of tensors")
            yield {name: value.detach().clone() for name, value in weights.items()}


def check_parameters(subject: SamplerSubject) -> None:
    """The canonical text, by which pools know a sampler, reads back to an equal instance; so does its identity."""
    require_readable(subject.sampler)
    identity: object = subject.sampler.identity()
    if not isinstance(identity, Mapping) or not all(
        isinstance(part, str) for pair in identity.items() for part in pair
    ):
        raise ContractBroken(f"identity gives {identity!r}, which does not map texts to texts")
    if dict(subject.sampler.identity()) != dict(identity):
        raise ContractBroken("identity differs from one call to the next")


def check_members(subject: SamplerSubject) -> None:
    """Each member's weights have the names, shapes and dtypes of a network of the run, and are finite."""
    reference = KitRun().build().state_dict()
    for member, weights in enumerate(drawn(subject)):
        missing = [name for name in reference if name not in weights] + [
            name for name in weights if name not in reference
        ]
        if missing:
            raise ContractBroken(
                f"the state dictionary of member {member} differs from the network's in {missing[0]!r}"
            )
        for name, value in weights.items():
            if value.shape != reference[name].shape or value.dtype != reference[name].dtype:
                actual, expected = (f"{list(tensor.shape)} of {tensor.dtype}" for tensor in (value, reference[name]))
                raise ContractBroken(f"{name!r} of member {member} is {actual}; the network has {expected}")
            if not value.isfinite().all():
                raise ContractBroken(f"{name!r} of member {member} has values of NaN or infinity")


def check_per_run(subject: SamplerSubject) -> None:
    """A run gives exactly `per_run` members, or members without end if it is None."""
    per_run = subject.sampler.per_run
    count = len(drawn(subject, count=(per_run or SEVERAL) + 1))
    if per_run is None and count <= SEVERAL:
        raise ContractBroken(f"per_run is None, but a run ends after {count} members")
    if per_run is not None and count != per_run:
        more = "more" if count > per_run else f"{count}"
        raise ContractBroken(f"per_run is {per_run}, but a run gives {more}")


def check_in_runs_of(subject: SamplerSubject) -> None:
    """A sampler of runs without end that can be limited has as many members per run as it was asked for."""
    if subject.sampler.per_run is not None:
        raise NotApplicable("a run gives a fixed number of members")
    limited = subject.sampler.in_runs_of(2)
    if limited is None:
        raise NotApplicable("it makes all members in one run, so that a frontier refuses it")
    if limited.per_run != 2:
        raise ContractBroken(f"in_runs_of(2) gives a sampler whose per_run is {limited.per_run}")


def check_repeatable(subject: SamplerSubject) -> None:
    """Two runs of one index give the same members under other global random states; so does the first member alone."""
    first = drawn(subject)
    for again in (drawn(subject, random_state=1), drawn(subject, count=1)):
        for member, (weights, repeated) in enumerate(zip(first, again, strict=False)):
            if not _same(weights, repeated):
                raise ContractBroken(f"member {member} of a run has other weights when the run is made again")


def check_runs_differ(subject: SamplerSubject) -> None:
    """The first members of runs 0 and 1 differ; later members may repeat seeds on purpose, as blocks do."""
    if _same(*(drawn(subject, index=index, count=1)[0] for index in range(2))):
        raise ContractBroken("runs 0 and 1 give the same first member")


def check_members_differ(subject: SamplerSubject) -> None:
    """Members of one run differ."""
    if subject.sampler.per_run == 1:
        raise NotApplicable("a run gives one member")
    members = drawn(subject)
    if any(_same(weights, earlier) for index, weights in enumerate(members) for earlier in members[:index]):
        raise ContractBroken("two members of one run are the same")


def check_trains(subject: SamplerSubject) -> None:
    """`trains` says whether the sampler trains a network or asks for a trained one."""
    run = KitRun()
    list(_copies(subject, run, 1))
    if run.trained_any != subject.sampler.trains:
        was = "was" if run.trained_any else "was not"
        raise ContractBroken(f"trains is {subject.sampler.trains}, but a network {was} trained")


def check_left(subject: SamplerSubject) -> None:
    """The labels of the training images and torch's settings stay as they are."""
    run = KitRun()
    before = run.labels.clone()
    with guarded(0), as_before() as changed:
        for _ in islice(subject.sampler.members(run), 2):
            pass
    if not torch.equal(run.labels, before):
        raise ContractBroken("the labels of the training images were changed")
    if changed:
        raise ContractBroken(f"it {changed[0]}")


def _same(first: Weights, second: Weights) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def checks() -> Iterator[Check[SamplerSubject]]:
    """Yield the checks of a sampler; the others need "members"."""
    sound = ("members",)
    parameters = (
        "A subclass is a frozen dataclass whose fields are its parameters; `identity` gives what else determines the "
        "members, as texts."
    )
    again = "Yield the run's members in order, the same each time; randomness comes from the run and its index alone."
    yield Check(name="parameters", contract=parameters, run=check_parameters)
    yield Check(name="members", contract="`Sample.weights` is the network's whole state dictionary.", run=check_members)
    yield Check(
        name="per_run",
        contract="`per_run` is the number of members of one training run; None if one run gives as many as are wanted.",
        run=check_per_run,
        needs=sound,
    )
    yield Check(
        name="in_runs_of",
        contract="Return this sampler with at most this number of members per run; None if it makes all in one run.",
        run=check_in_runs_of,
        needs=("parameters",),
    )
    yield Check(name="repeatable", contract=again, run=check_repeatable, needs=sound)
    yield Check(
        name="runs_differ",
        contract="A run's randomness derives from its `index`: runs of other indices are independent.",
        run=check_runs_differ,
        needs=("members", "repeatable"),
    )
    yield Check(
        name="members_differ",
        contract="Members of one run are members of the ensemble, each with weights of its own.",
        run=check_members_differ,
        needs=("members", "repeatable"),
    )
    yield Check(
        name="trains",
        contract="`trains` says whether members are trained with the recipe.",
        run=check_trains,
        needs=sound,
    )
    yield Check(
        name="left_as_found",
        contract="A sampler leaves `run.labels` and torch's settings as it found them.",
        run=check_left,
        needs=sound,
    )
