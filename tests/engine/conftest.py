"""A bench that takes a second: few images, few members, this process."""

from dataclasses import dataclass

import pytest
import torch

from saliencynoise.interfaces import Maps, MethodSpec
from saliencynoise.registry import catalogue, entry, loader
from tests.conftest import TRAINED

QUICK = {
    **TRAINED,  # among them no workers: jobs run in this process, where fakes can reach them
    "dataset": "digits",
    "archs": ["test_resnet"],
    "methods": ["gradient", "gradcam(layer=top)", "gradcam(layer=intermediate)"],
    "images": 4,
    "untrained": "none",  # test_untrained has them
}


@pytest.fixture(autouse=True)
def _in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def quick(pooled):
    """Settings of a bench whose members are trained already."""
    return dict(QUICK)


class Watcher:
    """An observer that remembers."""

    def __init__(self):
        self.events, self.plans, self.jobs, self.compared = [], [], [], []

    def planned(self, plan):
        self.plans.append(plan)

    def started(self, jobs, workers):
        self.jobs += jobs
        self.workers = workers

    def event(self, job, event):
        self.events.append((job.member, event))

    def reducing(self, cells):
        self.cells = cells

    def comparing(self, jobs):
        self.compared += jobs

    def count(self, kind):
        return sum(event["kind"] == kind for _, event in self.events)


@pytest.fixture
def watcher():
    return Watcher()


@pytest.fixture
def extra_plugin(monkeypatch):
    """Install a plugin whose methods misbehave; return nothing, the names are plain."""
    specs = tuple(
        MethodSpec(
            name=name,
            summary="a fake",
            target=f"{__name__}:{kind}",
            family="gradient",
            paper="none",
            stochastic=name.startswith("noisy"),
        )
        for name, kind in (
            ("noisy", "Noisy"),
            ("noisy_too", "Noisy"),
            ("nan", "Nan"),
            ("raising", "Raising"),
            ("pixel", "Pixel"),
            ("flat", "Flat"),
            ("zero", "Zero"),
        )
    )
    plugin = loader.Plugin(
        name="fakes",
        distribution="fakes",
        version="1",
        specs={"models": (), "methods": specs, "aggregators": (), "samplers": (), "datasets": (), "commands": ()},
    )
    plugins, failures = loader.discover()
    monkeypatch.setattr(catalogue, "discover", lambda: ([*plugins, plugin], failures))
    fakes = {"Nan": _Nan, "Raising": _Raising, "Pixel": _Pixel, "Flat": _Flat, "Zero": _Zero, "Noisy": _Noisy}
    real = entry.load_target
    monkeypatch.setattr(
        entry,
        "load_target",
        lambda target, owner: fakes[target.partition(":")[2]] if owner is plugin else real(target, owner),
    )
    catalogue.catalogue.cache_clear()
    yield
    catalogue.catalogue.cache_clear()


@dataclass(frozen=True)
class _Fake:
    @property
    def points(self):
        return ("input",)


@dataclass(frozen=True)
class _Nan(_Fake):
    def from_pass(self, taps, batch):
        values = taps["input"].grad.clone()
        values[-1, 0, 0, :2] = torch.nan
        return Maps(values=values)


@dataclass(frozen=True)
class _Raising(_Fake):
    def from_pass(self, taps, batch):
        raise ArithmeticError("this method\nalways fails")


@dataclass(frozen=True)
class _Pixel(_Fake):
    def from_pass(self, taps, batch):
        return Maps(values=taps["input"].grad.mean((2, 3), keepdim=True))


@dataclass(frozen=True)
class _Flat(_Fake):
    def from_pass(self, taps, batch):
        return Maps(values=taps["input"].grad.flatten(1))


@dataclass(frozen=True)
class _Zero(_Fake):
    def from_pass(self, taps, batch):
        return Maps(values=torch.zeros_like(taps["input"].grad))


@dataclass(frozen=True)
class _Noisy(_Fake):
    def from_pass(self, taps, batch):
        shape = batch.x.shape[1:]
        return Maps(values=torch.stack([torch.rand(shape, generator=own) for own in batch.noise.generators()]))
