"""Each wrong sampler fails the check that was made for it, and no other that does not follow from it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import pytest
import torch

from saliencynoise.interfaces import Sample, Sampler, SamplerSpec
from saliencynoise.testing import SamplerSubject, check_subject, sampler_checks


@dataclass(frozen=True)
class Right(Sampler):
    """Trains a network; the classes that follow do one thing wrongly each."""

    rate: float = 1.0

    def members(self, run):
        module = run.build()
        run.train(module, learning_rate=self.rate)
        yield Sample(weights=self.weights(module, run))

    def weights(self, module, run):
        return module.state_dict()


@dataclass(frozen=True)
class Endless(Right):
    """Right: adds other noise for each member, in place."""

    @property
    def per_run(self):
        return None

    def members(self, run):
        module, generator = run.trained(), run.generator("noise")
        while True:
            with torch.no_grad():
                for parameter in module.parameters():
                    parameter.add_(torch.randn(parameter.shape, generator=generator))
            yield Sample(weights=module.state_dict())


@dataclass(frozen=True)
class Limited(Endless):
    """Right: runs end where a number is given."""

    members_a_run: int = 0

    @property
    def per_run(self):
        return self.members_a_run or None

    def members(self, run):
        return islice(super().members(run), self.per_run)


@dataclass(frozen=True)
class NeverLimited(Endless):
    """Does not use its field."""

    members_a_run: int = 0


class NoDataclass(Right):
    __dataclass_params__ = None


@dataclass(frozen=True)
class OddIdentity(Right):
    def identity(self):
        return {"files": 3}


@dataclass(frozen=True)
class YieldsWeights(Right):
    def members(self, run):
        yield run.trained().state_dict()


@dataclass(frozen=True)
class OnlyParameters(Right):
    def weights(self, module, run):
        return dict(module.named_parameters())


@dataclass(frozen=True)
class Halves(Right):
    def weights(self, module, run):
        return {name: value.half() for name, value in module.state_dict().items()}


@dataclass(frozen=True)
class NaNs(Right):
    def weights(self, module, run):
        return {
            name: value / value * 0 / 0 if name == "0.bias" else value
            for name, value in super().weights(module, run).items()
        }


@dataclass(frozen=True)
class Raises(Right):
    def members(self, run):
        raise ZeroDivisionError("nobody knows")


@dataclass(frozen=True)
class TooFew(Right):
    @property
    def per_run(self):
        return 3


@dataclass(frozen=True)
class TooMany(Endless):
    @property
    def per_run(self):
        return 2


@dataclass(frozen=True)
class Ends(Right):
    @property
    def per_run(self):
        return None


@dataclass(frozen=True)
class DrawsGlobally(Right):
    def weights(self, module, run):
        return {**module.state_dict(), "0.bias": torch.randn(4)}


@dataclass(frozen=True)
class OneSeed(Right):
    def members(self, run):
        module = run.build(init=0)
        run.train(module, streams={"order": 0, "augment": 0, "dropout": 0})
        yield Sample(weights=module.state_dict())


@dataclass(frozen=True)
class Repeats(Endless):
    def members(self, run):
        module = run.trained()
        while True:
            yield Sample(weights=module.state_dict())


@dataclass(frozen=True)
class SaysItTrainsNothing(Right):
    @property
    def trains(self):
        return False


@dataclass(frozen=True)
class SaysItTrains(Right):
    def members(self, run):
        yield Sample(weights=run.build().state_dict())


@dataclass(frozen=True)
class ShufflesLabels(Right):
    def weights(self, module, run):
        run.labels.copy_(run.labels.flip(0))
        return module.state_dict()


@dataclass(frozen=True)
class LeavesDoubles(Right):
    def weights(self, module, run):
        torch.set_default_dtype(torch.float64)
        return module.state_dict()


WRONG = [
    (NoDataclass, "parameters", "is no frozen dataclass"),
    (OddIdentity, "parameters", "identity gives {'files': 3}, which does not map texts to texts"),
    (YieldsWeights, "members", "member 0 is OrderedDict and no Sample"),
    (OnlyParameters, "members", "the state dictionary of member 0 differs from the network's in '1.running_mean'"),
    (Halves, "members", "'0.weight' of member 0 is [4, 1, 3, 3] of torch.float16; the network has"),
    (NaNs, "members", "'0.bias' of member 0 has values of NaN or infinity"),
    (Raises, "members", "it raises ZeroDivisionError: nobody knows"),
    (TooFew, "per_run", "per_run is 3, but a run gives 1"),
    (TooMany, "per_run", "per_run is 2, but a run gives more"),
    (Ends, "per_run", "per_run is None, but a run ends after 1 members"),
    (NeverLimited, "in_runs_of", "in_runs_of(2) gives a sampler whose per_run is None"),
    (DrawsGlobally, "repeatable", "member 0 of a run has other weights when the run is made again"),
    (OneSeed, "runs_differ", "runs 0 and 1 give the same first member"),
    (Repeats, "members_differ", "two members of one run are the same"),
    (SaysItTrainsNothing, "trains", "trains is False, but a network was trained"),
    (SaysItTrains, "trains", "trains is True, but a network was not trained"),
    (ShufflesLabels, "left_as_found", "the labels of the training images were changed"),
    (LeavesDoubles, "left_as_found", "default dtype"),
]


def report_of(sampler):
    spec = SamplerSpec(name="own", summary="s", target="a:b")
    return check_subject(SamplerSubject(name="p/own", spec=spec, sampler=sampler))


@pytest.mark.parametrize("kind", [Right, Endless, Limited])
def test_a_right_one_passes(kind):
    report = report_of(kind())
    assert report.of("failed") == []
    assert report.executed == {Right: 7, Endless: 8, Limited: 9}[kind]
    assert report.kind == "sampler"


@pytest.mark.parametrize(("kind", "check", "words"), WRONG, ids=lambda own: getattr(own, "__name__", None))
def test_a_wrong_one_fails_its_check(kind, check, words):
    failed = report_of(kind()).of("failed")
    assert [result.check for result in failed] == [check]
    assert words in failed[0].message
    assert torch.get_default_dtype() == torch.float32


def test_every_check_has_a_sampler_that_fails_it():
    assert {check for _, check, _ in WRONG} == {check.name for check in sampler_checks()}
