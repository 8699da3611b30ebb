"""Masks in weights against masks on inputs, in float64."""

from __future__ import annotations

from itertools import islice

import pytest
import timm
import torch
from timm.layers import ScaledStdConv2d, StdConv2d
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from saliencynoise.interfaces import UsageError
from saliencynoise.samplers.mc_dropout import McDropout, droppable, dropping, inputs_of, masked


def with_masked_inputs(layers, factors):
    """Hook layers so that their inputs are scaled."""

    def scale(layer, inputs, factor):
        axis = inputs[0].ndim - 1 if isinstance(layer, nn.Linear) else 1
        return inputs[0] * factor.reshape([-1 if place == axis else 1 for place in range(inputs[0].ndim)])

    return [
        layers[name].register_forward_pre_hook(lambda layer, inputs, factor=factor: scale(layer, inputs, factor))
        for name, factor in factors.items()
    ]


def check_equal(module, x):
    """Compare the two ways on a network; return how many layers were masked."""
    module = module.double().eval()
    layers = droppable(module)
    generator = torch.Generator().manual_seed(1)
    factors = {
        name: (torch.rand(inputs_of(layer), generator=generator) < 0.7).double() / 0.7 for name, layer in layers.items()
    }
    weights = {name: value.clone() for name, value in module.state_dict().items()}
    handles = with_masked_inputs(layers, factors)
    with torch.no_grad():
        expected = module(x)
        for handle in handles:
            handle.remove()
        plain = module(x)
        module.load_state_dict(masked(layers, weights, factors))
        torch.testing.assert_close(module(x), expected, rtol=1e-10, atol=1e-10)
    assert not torch.allclose(plain, expected)
    return len(layers)


@pytest.mark.parametrize(
    ("name", "size"), [("test_resnet", 16), ("test_efficientnet", 32), ("test_convnext", 32), ("test_vit", 32)]
)
def test_masks_in_weights_are_masks_of_inputs_in_timms_networks(name, size):
    torch.manual_seed(0)
    network = timm.create_model(name, num_classes=7)
    assert check_equal(network, torch.randn(2, 3, size, size, dtype=torch.float64)) > 5


@pytest.mark.parametrize("groups", [1, 2, 4, 8])
@pytest.mark.parametrize("kind", [nn.Conv1d, nn.Conv2d, nn.Conv3d])
def test_masks_reach_their_channel_in_every_grouping(kind, groups):
    torch.manual_seed(0)
    network = nn.Sequential(
        kind(3, 8, 1), kind(8, 16, 3, padding=1, dilation=1, groups=groups, padding_mode="circular")
    )
    assert check_equal(network, torch.randn(2, 3, *[5] * (network[0].weight.ndim - 2), dtype=torch.float64)) == 1


def test_which_layers_are_left_out():
    module = nn.ModuleDict(
        {
            "first": nn.Conv2d(3, 8, 3),
            "plain": nn.Conv2d(8, 8, 3, stride=2, dilation=2),
            "standardised": StdConv2d(8, 8, 3),
            "scaled": ScaledStdConv2d(8, 8, 3),
            "decomposed": weight_norm(nn.Linear(8, 8)),
            "single": nn.Conv1d(1, 1, 3),
            "transposed": nn.ConvTranspose2d(8, 8, 3),
            "head": nn.Linear(8, 2),
        }
    )
    assert list(droppable(module)) == ["plain", "head"]


def test_training_drops_whole_inputs_of_each_image_anew_at_the_rate():
    module = nn.Sequential(nn.Conv2d(1, 50, 1), nn.Conv2d(50, 2, 1), nn.Flatten(), nn.Linear(8, 2))
    layers = droppable(module)
    assert list(layers) == ["1", "3"]
    seen = []
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        nn.init.zeros_(module[0].weight)
        nn.init.ones_(module[0].bias)
        with dropping(layers, 0.2) as ran:
            module.eval()(torch.ones(3, 1, 2, 2))
            assert ran == set()
            handle = module[1].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
            module.train()(torch.ones(400, 1, 2, 2))
            assert ran == {"1", "3"}
        handle.remove()
        assert not module[1]._forward_pre_hooks
    dropped = seen[0]
    assert torch.equal(dropped, dropped[:, :, :1, :1].expand_as(dropped))
    values = dropped[:, :, 0, 0]
    assert set(values.unique().tolist()) == {0.0, 1.25}
    assert abs((values == 0).double().mean() - 0.2) < 5 * (0.2 * 0.8 / values.numel()) ** 0.5
    assert len({tuple(row.tolist()) for row in values}) == 400


def test_features_of_tokens_are_dropped_for_all_tokens_of_an_image():
    layer = nn.Linear(6, 2)
    seen = []
    with torch.random.fork_rng(), dropping({"head": layer}, 0.5):
        torch.manual_seed(0)
        layer.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        layer.train()(torch.ones(10, 7, 6))
    assert torch.equal(seen[0], seen[0][:, :1].expand(10, 7, 6))
    assert 0 in seen[0]


def test_members_drop_each_channel_at_the_rate_and_batch_norm_is_refreshed(fake_run):
    run = fake_run(steps=1)
    members = [sample.weights for sample in islice(McDropout(rate=0.3).members(run), 300)]
    assert run.refreshed == 300
    assert len(run.trainings) == 1
    gone = torch.stack([(weights["8.weight"] == 0).all(0) for weights in members]).double()
    assert abs(gone.mean() - 0.3) < 5 * (0.3 * 0.7 / gone.numel()) ** 0.5
    assert torch.equal(members[0]["0.weight"], members[1]["0.weight"])
    kept = torch.stack([weights["8.weight"] for weights in members])
    assert all(len(column[column != 0].unique()) == 1 for column in kept.flatten(1).T)


def test_layers_whose_forward_never_runs_get_no_mask(fake_run):
    class Bypassing(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.used, self.bypassed = nn.Linear(5, 5), nn.Linear(5, 5), nn.Linear(5, 5)

        def forward(self, x):
            return nn.functional.linear(self.used(self.first(x)), self.bypassed.weight)

    class Run(fake_run):
        def refresh_batch_norm(self, module):
            pass

    members = [s.weights for s in islice(McDropout(rate=0.5).members(Run(make=lambda seed: Bypassing())), 3)]
    assert any((weights["used.weight"] == 0).any() for weights in members)
    assert all(torch.equal(weights["bypassed.weight"], members[0]["bypassed.weight"]) for weights in members)


def test_a_network_without_such_layers_is_refused(fake_run):
    run = fake_run(make=lambda seed: nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)))
    with pytest.raises(UsageError, match="mc_dropout: the network has no layer whose inputs can be dropped"):
        next(McDropout().members(run))
