"""The points of any network: those that people use for networks of torchvision and timm, and of plain ones."""

from __future__ import annotations

import pytest
import torch
import torchvision.models as tv
from torch import Tensor, nn

from saliencynoise.interfaces import CamPoint, UsageError
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring.points import find_points, points_at

IMAGES = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def drawn(module: nn.Module) -> nn.Module:
    """The network in eval mode; parameters that begin as zeros would hide what the outputs depend on."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for parameter in module.parameters():
            if not parameter.any():
                nn.init.normal_(parameter.data, std=0.02)
    return module.eval()


def paths(module: nn.Module, images: Tensor = IMAGES) -> tuple[str, str]:
    points = find_points(drawn(module), images)
    return points["top"].module, points["intermediate"].module


@pytest.mark.parametrize(
    ("name", "top", "intermediate"),
    [
        ("resnet18", "layer4", "layer3"),
        ("vgg11", "features.19", "features.14"),
        ("mobilenet_v3_small", "features", "features.8"),
        ("squeezenet1_1", "classifier.2", "features.7"),
        pytest.param("resnet50", "layer4", "layer3", marks=pytest.mark.slow),
        pytest.param("densenet121", "features", "features.denseblock3", marks=pytest.mark.slow),
        pytest.param("mobilenet_v2", "features", "features.13", marks=pytest.mark.slow),
        pytest.param("efficientnet_b0", "features", "features.5", marks=pytest.mark.slow),
        pytest.param("convnext_tiny", "features", "features.5", marks=pytest.mark.slow),
        pytest.param("swin_t", "norm", "features.5", marks=pytest.mark.slow),
        pytest.param("regnet_y_400mf", "trunk_output", "trunk_output.block3", marks=pytest.mark.slow),
    ],
)
def test_torchvision(name, top, intermediate):
    assert paths(getattr(tv, name)(weights=None)) == (top, intermediate)


def test_of_a_transformer_that_reads_the_class_token_only_the_last_patches_with_an_effect_are_taken():
    network = tv.VisionTransformer(
        image_size=64, patch_size=16, num_layers=8, num_heads=2, hidden_dim=16, mlp_dim=32, num_classes=5
    )
    points = find_points(drawn(network), IMAGES)
    assert points["top"] == CamPoint(
        module="encoder.layers.encoder_layer_7.ln_1", layout="tokens", grid=(4, 4), prefix_tokens=1
    )
    assert points["intermediate"].module == "encoder.layers.encoder_layer_5"


@pytest.mark.parametrize(
    "name", ["test_resnet", "test_vit", "deit_tiny_patch16_224", "densenet121", "vgg11_bn", "mixer_s32_224"]
)
def test_what_is_found_in_networks_of_timm_is_what_the_plugin_knows_of_them(name):
    known = catalogue().model(f"timm/{name}").load().build((3, 64, 64), 5)
    points = find_points(drawn(known.module), IMAGES)
    for point, expected in known.points.items():
        found = points[point]
        assert (found.layout, found.grid, found.prefix_tokens) == (
            expected.layout,
            expected.grid,
            expected.prefix_tokens,
        )
    assert points["intermediate"].module == known.points["intermediate"].module


def plain(**last: nn.Module) -> nn.Sequential:
    """Three convolutions, each with a ReLU and all but the last with a pool."""
    layers = [nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(6, 8, 3, padding=1), *last.values(), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(8, 5))


def test_of_a_plain_network_the_last_activation_and_that_before_the_last_pool_are_taken():
    points = find_points(drawn(plain()), IMAGES)
    assert points == {"top": CamPoint(module="7", grid=(16, 16)), "intermediate": CamPoint(module="4", grid=(32, 32))}


def test_a_module_that_runs_twice_and_one_without_effect_are_passed_over():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Conv2d(3, 4, 3, 2), nn.Conv2d(4, 4, 3, 2)
            self.act, self.unused = nn.ReLU(), nn.Conv2d(4, 4, 1)
            self.head = nn.Linear(4, 5)

        def forward(self, x: Tensor) -> Tensor:
            x = self.act(self.second(self.act(self.first(x))))
            self.unused(x)
            logits: Tensor = self.head(x.mean((2, 3)))
            return logits

    assert paths(Twice()) == ("second", "first")


def test_channels_last_and_images_that_are_not_square_are_read():
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patches, self.norm, self.head = nn.Conv2d(3, 24, 8, 8), nn.LayerNorm(24), nn.Linear(24, 5)

        def forward(self, x: Tensor) -> Tensor:
            logits: Tensor = self.head(self.norm(self.patches(x).permute(0, 2, 3, 1)).mean((1, 2)))
            return logits

    points = find_points(drawn(Last()), IMAGES[:, :, :32])
    assert points["top"] == CamPoint(module="norm", layout="NHWC", grid=(4, 8))
    assert points["intermediate"] == CamPoint(module="patches", grid=(4, 8))


def test_a_network_without_a_grid_has_no_points():
    assert find_points(nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, 5)).eval(), IMAGES) == {}


def test_hooks_modes_and_weights_stay():
    module = drawn(plain())
    before = {name: values.clone() for name, values in module.state_dict().items()}
    find_points(module, IMAGES)
    assert all(torch.equal(values, before[name]) for name, values in module.state_dict().items())
    assert not any(part._forward_hooks or part.training for part in module.modules())
    assert all(parameter.grad is None for parameter in module.parameters())


def test_layers_by_path_take_the_place_of_those_that_are_found():
    points = points_at(drawn(plain()), IMAGES, {"top": "6", "early": "1"}, name="Net")
    assert {name: point.module for name, point in points.items()} == {"top": "6", "intermediate": "4", "early": "1"}


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ({"top": "layer5"}, "Net has no module 'layer5'; did you mean 'layer4'"),
        ({"top": "fc"}, "the module 'fc' of Net gives [2, 1000], which is no grid"),
        ({"top": "avgpool"}, "the module 'avgpool' of Net gives [2, 512, 1, 1], which is no grid"),
        ({"top": "layer4.0.relu"}, "runs the module 'layer4.0.relu' 2 times in a pass; name one that runs once"),
        ({"input": "layer4"}, "layers names the point 'input'; name top or intermediate"),
    ],
)
def test_layers_that_are_none_are_refused(layers, message):
    with pytest.raises(UsageError) as caught:
        points_at(tv.resnet18(weights=None).eval(), IMAGES, layers, name="Net")
    assert message in str(caught.value)
