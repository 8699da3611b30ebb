from __future__ import annotations

import pytest
import torch
from torch import nn

from saliencynoise.interfaces import CamPoint, Network, UsageError
from saliencynoise_dream.objective import ClassLogit, LayerEnergy


def hooks(network: Network) -> int:
    return sum(len(module._forward_hooks) for module in network.module.modules())


def test_the_energy_of_a_layer_is_the_mean_square_of_its_output(smooth, start):
    network = smooth[0]
    expected = network.module[:2](start).square().mean((1, 2, 3))
    for layer in ("top", "1"):
        torch.testing.assert_close(LayerEnergy(layer)(network, start), expected)
    assert hooks(network) == 0


def test_a_point_leaves_class_tokens_out_and_a_path_does_not():
    module = nn.Sequential(nn.Flatten(2), nn.Identity(), nn.Flatten())
    network = Network(
        module=module, points={"top": CamPoint(module="1", layout="tokens", grid=(2, 1), prefix_tokens=1)}
    )
    tokens = torch.tensor([[[9.0], [1.0], [3.0]]])
    assert float(LayerEnergy("top")(network, tokens[..., None])) == 5.0
    assert float(LayerEnergy("1")(network, tokens[..., None])) == pytest.approx(91 / 3)


def test_what_follows_in_place_does_not_change_the_energy():
    network = Network(module=nn.Sequential(nn.Identity(), nn.ReLU(inplace=True)), points={})
    x = torch.tensor([[-2.0, 1.0]], requires_grad=True)
    energy = LayerEnergy("0")(network, x)
    energy.sum().backward()
    assert energy.tolist() == [2.5]
    assert x.grad.tolist() == [[-2.0, 1.0]]


@pytest.mark.parametrize("failing", ["later", "energy"])
def test_hooks_are_removed_on_an_error(failing):
    class Broken(nn.Module):
        def forward(self, x):
            if failing == "later":
                raise RuntimeError("broken")
            return (x, x)

    network = Network(module=nn.Sequential(nn.Identity(), Broken()), points={})
    with pytest.raises((RuntimeError, UsageError)):
        LayerEnergy("0" if failing == "later" else "1")(network, torch.zeros(1, 2))
    assert hooks(network) == 0


def test_impossible_objectives_are_named(smooth, start):
    with pytest.raises(UsageError, match=r"no layer 'blocks\.9'; it has top, 0, 1"):
        LayerEnergy("blocks.9")(smooth[0], start)
    with pytest.raises(UsageError, match="no layer ''"):
        LayerEnergy("")(smooth[0], start)
    with pytest.raises(UsageError, match="not all in 0 to 2"):
        ClassLogit(torch.tensor([0, 3]))(smooth[0], start)
    with pytest.raises(UsageError, match="2 pictures need as many"):
        ClassLogit(torch.tensor([0]))(smooth[0], start)


def test_a_layer_that_is_not_run_is_named(start):
    class Idle(nn.Module):
        def __init__(self):
            super().__init__()
            self.idle = nn.Identity()

        def forward(self, x):
            return x.flatten(1)

    with pytest.raises(UsageError, match="does not run 'idle'"):
        LayerEnergy("idle")(Network(module=Idle(), points={}), start)
