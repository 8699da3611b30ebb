"""vgg: the published features' values, pools, refusals."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torchvision
from torch import nn

from saliencynoise.architectures.vgg import Vgg
from saliencynoise.interfaces import UsageError
from saliencynoise.registry.catalogue import catalogue
from tests.architectures.oracle import copy_by_order, images, parameters, scrambled


@pytest.mark.parametrize(("name", "norm"), [("vgg11_bn", "batch"), ("vgg13", None)])
def test_the_features_are_torchvisions(name, norm):
    with torch.device("meta"):  # its head alone has 120 million weights
        theirs: nn.Module = getattr(torchvision.models, name)().features
    theirs = theirs.to_empty(device="cpu")
    for part in theirs.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight)
            nn.init.normal_(part.bias, 0, 0.1)  # type: ignore[arg-type]
        elif isinstance(part, nn.BatchNorm2d):
            part.num_batches_tracked.zero_()  # type: ignore[operator, union-attr]
    theirs = scrambled(theirs)
    depth: Any = int(name[3:5])
    network = Vgg(depth=depth, norm=norm).build((3, 128, 128), 10)
    ours = nn.Sequential(network.module.get_submodule("stages"), network.module.get_submodule("pool"))
    assert parameters(ours) == parameters(theirs)
    copy_by_order(theirs, ours)
    x = images(1, 3, 128, 128)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-9, atol=1e-9)
    head = network.module.get_submodule("head.linear").double()
    expected = head(theirs(x).flatten(2).mean(2))
    torch.testing.assert_close(network.module.double()(x), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("depth", [11, 13, 16, 19])
def test_the_depth_counts_three_layers_of_the_original_head(depth):
    module = Vgg(depth=depth, width=2).build((3, 32, 32), 10).module
    widths = [part.out_channels for part in module.modules() if isinstance(part, nn.Conv2d)]
    assert len(widths) + 3 == depth
    assert list(dict.fromkeys(widths)) == [2, 4, 8, 16]


@pytest.mark.parametrize(
    ("size", "top", "intermediate", "removed"),
    [
        ((32, 32), (4, 4), ("stages.2", (8, 8)), "max-pools removed: 4, 5 of 5"),
        ((32, 40), (4, 5), ("stages.2", (8, 10)), "max-pools removed: 4, 5 of 5"),
        ((31, 31), (7, 7), ("stages.1", (15, 15)), "max-pools removed: 3, 4, 5 of 5"),
        ((7, 7), (7, 7), ("stages.3", (7, 7)), "max-pools removed: 1, 2, 3, 4, 5 of 5"),
        ((64, 64), (4, 4), ("stages.3", (8, 8)), "max-pools removed: 5 of 5"),
        ((128, 128), (8, 8), ("stages.3", (16, 16)), None),
    ],
)
def test_the_last_grid_is_4x4_or_more(size, top, intermediate, removed):
    network = Vgg(depth=11, width=2).build((3, *size), 10)
    before = network.points["intermediate"]
    assert network.points["top"].grid == top
    assert (before.module, before.grid) == intermediate
    assert network.adaptations[0].startswith("head: one linear layer on the mean over the grid")
    assert list(network.adaptations[1:]) == ([removed] if removed else [])
    features = network.module.eval().get_submodule("stages")(images(1, 3, *size).float())
    assert tuple(features.shape[2:]) == top


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 18}, "architecture 'vgg': depth=18 is not possible; choose 11 or 13 or 16 or 19"),
        ({"width": -1}, "vgg: width=-1 is not possible; give 1 or more channels"),
        ({"residual": True}, "architecture 'vgg' has no parameter 'residual'; it takes depth, width, norm"),
    ],
)
def test_impossible_arguments_are_named(arguments, message):
    with pytest.raises(UsageError) as caught:
        catalogue().model("vgg", arguments).load()
    assert str(caught.value) == message


def test_images_that_are_too_small_are_refused():
    with pytest.raises(UsageError, match=r"vgg cannot be built for images of 3x32"):
        Vgg().build((3, 3, 32), 10)
