"""The built-in methods on taps whose answer is known by hand."""

from __future__ import annotations

import pytest
import torch

from saliencynoise.interfaces import Batch, Noise, PassMethod, Tap
from saliencynoise.methods.gradcam import GradCam
from saliencynoise.methods.gradient import Gradient

X = torch.zeros(1, 1, 2, 2)
BATCH = Batch(x=X, target=torch.zeros(1).long(), background=X, noise=Noise((0,)))


def test_gradient_is_the_derivative_as_it_is():
    grad = torch.tensor([[[[-1.0, 2.0], [0.0, -3.0]]]])
    assert Gradient().points == ("input",)
    assert torch.equal(Gradient().from_pass({"input": Tap(BATCH.x, grad)}, BATCH).values, grad)


@pytest.mark.parametrize("layer", ["top", "intermediate"])
def test_gradcam_weighs_channels_by_their_mean_gradient_and_keeps_the_sign(layer):
    value = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[1.0, 0.0], [0.0, 1.0]]]])
    grad = torch.tensor([[[[4.0, 0.0], [0.0, 0.0]], [[-9.0, -1.0], [-1.0, -1.0]]]])  # means 1 and -3
    method = GradCam(layer=layer)
    assert method.points == (layer,)
    maps = method.from_pass({layer: Tap(value, grad)}, BATCH)
    assert maps.values.tolist() == [[[[-2.0, 2.0], [3.0, 1.0]]]]
    assert maps.diagnostics == {}


@pytest.mark.parametrize("method", [Gradient(), GradCam()])
def test_they_satisfy_the_protocol(method):
    assert isinstance(method, PassMethod)
