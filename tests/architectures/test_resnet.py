"""resnet: the published networks' values, plain networks, norms, strides, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import timm
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

from saliencynoise.architectures.resnet import ResNet, resnet
from saliencynoise.data.tensors import to_float
from saliencynoise.interfaces import Network, UsageError
from saliencynoise.registry.catalogue import catalogue
from tests.architectures.oracle import copy_by_order, images, parameters, scrambled

if TYPE_CHECKING:
    from torch import Tensor


def built(size: int = 32, *, seed: int = 0, classes: int = 10, **arguments: Any) -> Network:
    """A network of width 8, unless another is given, under a seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return resnet("resnet", **{"width": 8, **arguments}).build((3, size, size), classes)


@pytest.mark.parametrize("depth", [18, 50])
def test_the_large_form_is_torchvisions(depth):
    theirs = scrambled(getattr(torchvision.models, f"resnet{depth}")(num_classes=10))
    ours = built(224, depth=depth, width=64)
    assert ours.adaptations == ()
    assert [point.grid for point in ours.points.values()] == [(7, 7), (14, 14)]
    assert parameters(ours.module) == parameters(theirs)
    copy_by_order(theirs, ours.module)
    x = images(1, 3, 224, 224)
    torch.testing.assert_close(ours.module(x), theirs(x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("name", "depth"), [("resnet18", 18), ("resnet26", 26), ("resnet34", 34)])
def test_the_small_form_is_timms_with_the_small_stem(name, depth):
    theirs = timm.create_model(name, num_classes=10)
    theirs.conv1, theirs.maxpool = nn.Conv2d(3, 64, 3, padding=1, bias=False), nn.Identity()
    theirs = scrambled(theirs)
    ours = built(32, depth=depth, width=64)
    assert parameters(ours.module) == parameters(theirs)
    copy_by_order(theirs, ours.module)
    x = images(2, 3, 32, 32)
    torch.testing.assert_close(ours.module(x), theirs(x), rtol=1e-9, atol=1e-9)
    top = {name: point.module for name, point in ours.points.items()}
    assert top == {"top": "stages.3", "intermediate": "stages.2"}


@pytest.mark.parametrize("depth", [10, 14, 18, 26, 34, 50, 101])
@pytest.mark.parametrize("residual", [True, False])
def test_the_depth_counts_layers_with_weights(depth, *, residual):
    with torch.device("meta"):
        module = built(depth=depth, residual=residual).module
    layers = [
        name for name, part in module.named_modules() if isinstance(part, nn.Conv2d | nn.Linear) and "short" not in name
    ]
    assert len(layers) == depth


@pytest.mark.parametrize("norm", ["batch", "group", None])
@pytest.mark.parametrize("depth", [14, 26])
def test_without_shortcuts_it_is_a_chain_of_layers(depth, norm):
    module = scrambled(built(depth=depth, residual=False, norm=norm).module)
    x = expected = images(2, 3, 32, 32)
    leaves = [part for part in module.modules() if isinstance(part, nn.Conv2d | nn.BatchNorm2d | nn.GroupNorm)]
    for index, leaf in enumerate(leaves):
        expected = leaf(expected)
        if index + 1 == len(leaves) or isinstance(leaves[index + 1], nn.Conv2d):
            expected = F.relu(expected)
    head = module.get_submodule("head.linear")
    torch.testing.assert_close(module(x), head(expected.flatten(2).mean(2)), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("norm", ["batch", "group", None])
def test_each_residual_branch_starts_at_zero(norm):
    module = built(norm=norm).module
    outputs: list[Tensor] = []
    for stage in module.get_submodule("stages").children():
        for block in stage.children():
            block.get_submodule("layers").register_forward_hook(lambda _m, _i, out: outputs.append(out))
    module(images(2, 3, 32, 32).float())
    assert len(outputs) == 8
    assert not any(output.any() for output in outputs)


def test_norms():
    batch, group, none = (built(norm=norm).module for norm in ("batch", "group", None))
    groups = [part.num_groups for part in group.modules() if isinstance(part, nn.GroupNorm)]
    assert sorted(set(groups)) == [4, 8, 16, 32]  # of 8, 16, 32 and 64 channels
    assert len(groups) == sum(isinstance(part, nn.BatchNorm2d) for part in batch.modules()) == 20
    assert {
        part.num_groups for part in built(norm="group", width=96).module.modules() if hasattr(part, "num_groups")
    } == {32}
    for module, bias in ((batch, False), (group, False), (none, True)):
        assert {part.bias is not None for part in module.modules() if isinstance(part, nn.Conv2d)} == {bias}
    assert not any("norm" in type(part).__name__.lower() for part in none.modules())


@pytest.mark.parametrize("residual", [True, False])
@pytest.mark.parametrize("norm", ["batch", "group", None])
def test_it_learns(norm, *, residual):
    digits = catalogue().dataset("digits", image_size=None, seed=0)[1]
    x, y = to_float(digits.train.images[:24], digits.mean, digits.std), digits.train.labels[:24]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = ResNet(depth=14, width=8, norm=norm, residual=residual).build((1, 16, 16), 10).module
    optimiser = torch.optim.AdamW(module.parameters(), lr=3e-3)
    for _ in range(40):
        loss = F.cross_entropy(module(x), y)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
        optimiser.step()
    assert loss.item() < 1.0  # of 2.3 at chance


def test_no_layer_of_1x1_has_a_stride():
    """Backward, with channels last and fewer than 8, oneDNN corrupts memory there: it would end this process."""
    for depth in (10, 26):
        module = built(depth=depth, width=2).module.to(memory_format=torch.channels_last)
        layers = [part for part in module.modules() if isinstance(part, nn.Conv2d)]
        assert not any(part.kernel_size == (1, 1) and part.stride != (1, 1) for part in layers)
        x = images(24, 3, 32, 32).float().to(memory_format=torch.channels_last)
        module(x).sum().backward()


@pytest.mark.parametrize(
    ("size", "stem", "top", "intermediate", "adaptations"),
    [
        ((32, 32), "auto", (4, 4), (2, (8, 8)), ["stem"]),
        ((32, 48), "auto", (4, 6), (2, (8, 12)), ["stem"]),
        ((32, 32), 1, (4, 4), (2, (8, 8)), []),
        ((32, 32), 2, (4, 4), (0, (8, 8)), ["stride 2 -> 1: stages.2, stages.3"]),
        ((16, 16), "auto", (4, 4), (1, (8, 8)), ["stem", "stride 2 -> 1: stages.3"]),
        ((16, 16), 2, (4, 4), (2, (4, 4)), ["stride 2 -> 1: stages.1, stages.2, stages.3"]),
        ((9, 9), 2, (5, 5), (2, (5, 5)), ["stride 2 -> 1: max-pool (removed), stages.1, stages.2, stages.3"]),
        ((64, 64), "auto", (8, 8), (2, (16, 16)), ["stem"]),
        ((65, 65), "auto", (5, 5), (1, (9, 9)), ["stride 2 -> 1: stages.3"]),
        ((128, 128), "auto", (4, 4), (2, (8, 8)), []),
    ],
)
def test_the_last_grid_is_4x4_or_more(
    size,
    stem,
    top,
    intermediate,
    adaptations,
):
    network = ResNet(depth=10, width=8, stem_stride=stem).build((3, *size), 10)
    assert network.points["top"].grid == top
    before = network.points["intermediate"]
    assert (before.module, before.grid) == (f"stages.{intermediate[0]}", intermediate[1])
    messages = [text.partition(":")[0] if text.startswith("stem") else text for text in network.adaptations]
    assert messages == adaptations
    for point in network.points.values():
        grids: list[Tensor] = []
        handle = network.module.get_submodule(point.module).register_forward_hook(lambda _m, _i, out: grids.append(out))  # noqa: B023 - runs now
        network.module.eval()(images(1, 3, *size).float())
        handle.remove()
        assert tuple(grids[0].shape[2:]) == point.grid


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"depth": 12},
            "architecture 'resnet': depth=12 is not possible; choose 10 or 14 or 18 or 26 or 34 or 50 or 101",
        ),
        ({"norm": "layer"}, "architecture 'resnet': norm=layer is not of type batch, group | None"),
        ({"stem_stride": 3}, "architecture 'resnet': stem_stride=3 is not possible; choose auto or 1 or 2"),
        ({"residual": 1}, "architecture 'resnet': residual=1 is not of type bool"),
        ({"width": 0}, "resnet: width=0 is not possible; give 1 or more channels"),
        ({"deep": 18}, "architecture 'resnet' has no parameter 'deep'; did you mean 'depth'?"),
        (
            {"in_chans": 3},
            "architecture 'resnet' has no parameter 'in_chans'; it takes depth, width, residual, norm, stem_stride",
        ),
    ],
)
def test_impossible_arguments_are_named(arguments, message):
    with pytest.raises(UsageError) as caught:
        catalogue().model("resnet", arguments).load()
    assert str(caught.value) == message


def test_images_that_are_too_small_are_refused():
    with pytest.raises(UsageError, match=r"images of 32x3: its last grid is at least 4x4; give larger images"):
        ResNet().build((3, 32, 3), 10)
    with pytest.raises(UsageError, match=r"cannot be built for images \(0, 32, 32\) and 10 classes"):
        ResNet().build((0, 32, 32), 10)
