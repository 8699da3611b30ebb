"""Networks of the user's own code as architectures."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from saliencynoise.engine.architecture_plan import built_without_weights
from saliencynoise.interfaces import CamPoint, Network, UsageError
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.testing import check_subject
from saliencynoise.testing.subjects import model_subject


class Small(nn.Module):
    """Two stages; the mean over the grid is classified."""

    def __init__(self, num_classes: int, in_chans: int, *, width: int = 4) -> None:
        super().__init__()
        self.rate = torch.linspace(0, 1, 3)[1].item()  # as many do; on the meta device it fails
        self.stages = nn.Sequential(self._stage(in_chans, width), self._stage(width, 2 * width))
        self.head = nn.Linear(2 * width, num_classes)

    @staticmethod
    def _stage(channels: int, width: int) -> nn.Sequential:
        return nn.Sequential(nn.Conv2d(channels, width, 3, 2, 1), nn.BatchNorm2d(width), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.stages(x).mean((2, 3)))
        return logits


def built(function, shape=(3, 16, 16), classes=5, **arguments):
    bound = catalogue().model(catalogue().own.name_of(function), arguments)
    return bound.named().build(shape, classes)


def test_parameters_are_filled_from_the_data_set_and_points_are_found():
    network = built(Small, (1, 16, 24), 7, width=6)
    assert network.module(torch.zeros(2, 1, 16, 24)).shape == (2, 7)
    assert network.points == {
        "top": CamPoint(module="stages", grid=(4, 6)),
        "intermediate": CamPoint(module="stages.0", grid=(8, 12)),
    }
    shapes = []
    built(lambda in_shape: shapes.append(in_shape) or Small(5, in_shape[0]))
    assert set(shapes) == {(3, 16, 16)}


def test_weights_follow_from_the_global_seed_alone():
    networks = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        networks.append(built(Small).module.head.weight)
    torch.manual_seed(3)
    expected = Small(5, 3).head.weight
    assert torch.equal(networks[0], networks[1])
    assert torch.equal(networks[0], expected)
    assert not torch.equal(networks[0], networks[2])


def test_a_plan_needs_no_code_for_the_meta_device():
    bound = catalogue().model(catalogue().own.name_of(Small))
    network = built_without_weights(bound, (3, 16, 16), 5)
    assert network.module.head.weight.is_meta
    assert network.points == bound.named().build((3, 16, 16), 5).points


def test_a_function_may_name_its_points_itself():
    def named(num_classes):
        return Network(module=Small(num_classes, 3), points={"top": CamPoint(module="stages.0", grid=(8, 8))})

    assert built(named).points["top"].module == "stages.0"


def test_it_fulfils_the_contracts_of_an_architecture():
    report = check_subject(model_subject(catalogue().model(catalogue().own.name_of(Small))))
    assert [(result.check, result.message) for result in report.of("failed")] == []


SHARED = Small(5, 3)


class Mean(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))


class Complex(Small):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x).to(torch.complex64)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: Small(1000, 3), "gives 1000 outputs, and the data set has 5 classes; give it a parameter num_classes"),
        (lambda: "net", "returned a str; it must return an nn.Module"),
        (lambda: Small(5, 1), "failed on images of 3x16x16: RuntimeError"),
        (lambda: 1 / 0, "failed: ZeroDivisionError: division by zero; 'saliencynoise --traceback COMMAND' shows where"),
        (lambda: nn.Conv2d(3, 5, 3), "gives a Tensor of shape (2, 5, 14, 14) for 2 images; it must give logits [2, 5]"),
        (lambda: Complex(5, 3), "gives outputs of the type complex64; it must give real ones, as float32"),
        (lambda: SHARED, "returned the same network twice, or layers of it; each call must build a new one"),
        (lambda: nn.Sequential(SHARED.stages, Mean(), nn.Linear(8, 5)), "twice, or layers of it; each call must"),
    ],
)
def test_what_is_no_network_of_these_data_is_refused(function, message):
    with pytest.raises(UsageError) as caught:
        built(function)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
