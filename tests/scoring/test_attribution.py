"""Several methods from one pass; what one of them raises stops no other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
import torch
from torch import nn

from saliencynoise.interfaces import Batch, CamPoint, ConfigurationError, Maps, Network, Noise
from saliencynoise.methods.gradcam import GradCam
from saliencynoise.methods.gradient import Gradient
from saliencynoise.scoring import Passes, attribute_together

if TYPE_CHECKING:
    from collections.abc import Mapping

    from saliencynoise.interfaces import Tap


@dataclass
class Probe:
    """A method that records what it is given."""

    points: tuple[str, ...] = ("top",)
    error: Exception | None = None
    seen: list[Mapping[str, Tap]] = field(default_factory=list)

    def from_pass(self, taps: Mapping[str, Tap], batch: Batch) -> Maps:
        self.seen.append(taps)
        if self.error:
            raise self.error
        return Maps(values=batch.x)


class Pointless:
    @property
    def points(self) -> tuple[str, ...]:
        raise OSError("no weights")


class Counted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.passes = 0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.passes += 1
        return x


@pytest.fixture
def network():
    with torch.random.fork_rng():
        torch.manual_seed(2)
        module = nn.Sequential(Counted(), nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(36, 2))
    return Network(module=module, points={"top": CamPoint(module="2", grid=(3, 3))})


@pytest.fixture
def batch():
    x = torch.rand(2, 1, 5, 5, generator=torch.Generator().manual_seed(0))
    return Batch(x=x, target=torch.tensor([1, 0]), background=x, noise=Noise((1, 2)))


def test_all_methods_share_one_pass_and_see_their_own_points(network, batch):
    probes = {"a": Probe(), "b": Probe(("input", "top")), "c": Probe(("input", "input"))}
    results = attribute_together(Passes(network), probes, batch)
    assert network.module[0].passes == 1
    assert list(results) == ["a", "b", "c"]
    assert [set(probe.seen[0]) for probe in probes.values()] == [{"top"}, {"input", "top"}, {"input"}]


def test_what_one_method_raises_stops_no_other(network, batch):
    error = RuntimeError("boom")
    bad = {"raises": Probe(error=error), "asks": Probe(("top", "bottom")), "pointless": Pointless()}
    results = attribute_together(Passes(network), {**bad, "gradient": Gradient(), "gradcam": GradCam()}, batch)
    assert results["raises"] is error
    assert isinstance(results["asks"], ConfigurationError)
    assert str(results["asks"]) == "the network has no point 'bottom'; it has input, top"
    assert isinstance(results["pointless"], OSError)
    assert results["gradient"].values.shape == (2, 1, 5, 5)
    assert results["gradcam"].values.shape == (2, 1, 3, 3)


def test_a_pass_is_not_run_for_methods_that_cannot_use_it(network, batch):
    assert isinstance(attribute_together(Passes(network), {"a": Probe(("bottom",))}, batch)["a"], ConfigurationError)
    assert attribute_together(Passes(network), {}, batch) == {}
    assert network.module[0].passes == 0
