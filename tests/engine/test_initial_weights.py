"""Own networks that begin with the same weights under each seed."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from saliencynoise.engine.config import config_from
from saliencynoise.engine.initial_weights import refuse_same_weights
from saliencynoise.engine.plan import make_plan
from saliencynoise.interfaces import UsageError
from saliencynoise.registry.catalogue import catalogue

SHAPE, CLASSES = (3, 4, 4), 2
SETTINGS = {"methods": [], "members": 2, "images": 1, "image_size": 8, "train_images": 64, "epochs": 1, "workers": 0}


def linear(num_classes, in_shape):
    return nn.Sequential(nn.Flatten(), nn.Linear(in_shape[0] * in_shape[1] * in_shape[2], num_classes))


def seeded(num_classes, in_shape):
    torch.manual_seed(0)
    return linear(num_classes, in_shape)


def zeros(num_classes, in_shape):
    network = linear(num_classes, in_shape)
    nn.init.zeros_(network[1].weight)
    nn.init.zeros_(network[1].bias)
    return network


class Means(nn.Module):
    def forward(self, x):
        return x.mean((2, 3))[:, :2]


def checked(function):
    refuse_same_weights(catalogue().model(catalogue().own.name_of(function)), SHAPE, CLASSES)


def test_weights_that_follow_the_seed_or_that_are_constant_by_design_pass():
    before = torch.get_rng_state()
    checked(linear)
    checked(zeros)
    assert torch.equal(torch.get_rng_state(), before)
    refuse_same_weights(catalogue().model("resnet(depth=10,width=2)"), SHAPE, CLASSES)


def test_a_seed_in_the_network_is_refused_with_the_cure():
    with pytest.raises(
        UsageError, match=r"seeded begins with the same weights .* remove torch\.manual_seed from seeded,"
    ):
        checked(seeded)


def test_a_network_without_parameters_is_refused():
    with pytest.raises(UsageError, match="Means has no parameters, so nothing of it can be trained"):
        checked(Means)


def test_a_bench_refuses_it_unless_the_weights_come_from_files(tmp_path, monkeypatch):
    monkeypatch.setenv("SALIENCYNOISE_CACHE", str(tmp_path))
    settings = SETTINGS | {"archs": [catalogue().own.name_of(seeded)]}
    with pytest.raises(UsageError, match="begins with the same weights"):
        make_plan(config_from(settings))
    for seed in (1, 2):
        torch.manual_seed(seed)
        torch.save(linear(10, (1, 8, 8)).state_dict(), tmp_path / f"s{seed}.pt")
    assert make_plan(config_from(settings | {"init": str(tmp_path / "s1.pt")})).members == 2
    assert make_plan(config_from(settings | {"sampler": f"checkpoints:{tmp_path}/*.pt"})).members == 2
