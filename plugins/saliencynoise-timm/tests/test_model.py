from __future__ import annotations

import pytest
import torch

from saliencynoise.interfaces import Model, UsageError
from saliencynoise_timm.model import TimmModel


def test_it_is_a_model():
    assert isinstance(TimmModel("test_resnet"), Model)
    assert TimmModel("test_resnet", drop_rate=0.1) == TimmModel("test_resnet", drop_rate=0.1)


@pytest.mark.parametrize(
    ("name", "shape", "grid", "adaptations"),
    [
        (
            "test_resnet",
            (1, 16, 16),
            (4, 4),
            ("stride 2 -> 1: conv1.0, layer2.0.conv1", "removed: maxpool, layer2.0.downsample.0"),
        ),
        ("resnet18", (3, 32, 32), (4, 4), ("stride 2 -> 1: conv1", "removed: maxpool")),
        ("resnet18", (3, 224, 224), (7, 7), ()),
        ("resnet18", (3, 128, 200), (4, 7), ()),
        ("test_convnext", (3, 64, 64), (4, 4), ("stride 4 -> 2: stem.0",)),
        ("vit_tiny_patch16_224", (1, 16, 16), (4, 4), ("img_size set to 16x16", "patch_size 16 -> 4")),
        ("vit_tiny_patch16_224", (3, 224, 224), (14, 14), ()),
        ("vit_tiny_patch16_224", (3, 96, 160), (6, 10), ("img_size set to 96x160",)),
        (
            "test_vit",
            (3, 33, 47),
            (5, 6),
            (
                "img_size set to 40x48",
                "patch_size 16 -> 8",
                "images resized (bilinear) from 33x47 to 40x48, for whole patches",
            ),
        ),
        (
            "vgg11_bn",
            (1, 16, 16),
            (4, 4),
            (
                "removed: features.28, features.21, features.14",
                "the two 4096-wide layers of the head removed",
            ),
        ),
    ],
)
def test_adaptations_in_words(name, shape, grid, adaptations):
    network = TimmModel(name).build(shape, 10)
    assert network.points["top"].grid == grid
    assert network.adaptations == adaptations
    with torch.no_grad():
        assert network.module.eval()(torch.zeros(2, *shape)).shape == (2, 10)


def test_an_image_below_four_pixels_asks_for_no_more_than_it_has():
    assert TimmModel("test_resnet").build((1, 3, 5), 2).points["top"].grid == (3, 5)


def test_user_arguments_win():
    network = TimmModel("vit_tiny_patch16_224", patch_size=2, depth=4).build((3, 16, 16), 10)
    assert network.points["top"].grid == (8, 8)
    assert network.points["top"].module == "blocks.3.norm1"
    assert network.adaptations == ("img_size set to 16x16",)


def test_a_large_patch_of_the_user_keeps_its_size():
    network = TimmModel("test_vit", patch_size=8).build((3, 16, 16), 10)
    assert network.module.get_parameter("patch_embed.proj.weight").shape[2:] == (8, 8)
    assert network.points["top"].grid == (4, 4)


def test_an_image_size_of_the_user_is_resized_to():
    network = TimmModel("test_vit", img_size=64).build((3, 30, 30), 10)
    assert network.points["top"].grid == (4, 4)
    assert network.adaptations == ("images resized (bilinear) from 30x30 to 64x64",)


def test_an_encoder_gets_a_classifier():
    from saliencynoise_timm.wrappers import Classified

    features = Classified(torch.nn.Identity(), 5, 3, channels_last=True)
    assert features(torch.ones(2, 7, 5)).shape == (2, 3)
    assert Classified(torch.nn.Identity(), 5, 3, channels_last=False)(torch.ones(2, 5, 4, 4)).shape == (2, 3)


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [
        ("resnet19", {}, "has no architecture 'resnet19'"),
        (
            "resnet18",
            {"stemwidth": 3, "drop_rate": 0.1},
            r"timm/resnet18 does not take stemwidth=3 \(TypeError: .*; did you mean 'stem_width'\? it takes block, l",
        ),
        ("test_vit", {"patch_size": "four"}, r"timm/test_vit does not take patch_size='four' \([^;]*\)$"),
        (
            "resnet18",
            {"pretrained": True},
            "argument 'pretrained' of timm/resnet18 cannot be set: networks are trained here",
        ),
        (
            "resnet18",
            {"num_classes": 3},
            "argument 'num_classes' of timm/resnet18 cannot be set: the data set gives",
        ),
        ("resnet18", {"global_pool": ""}, "timm/resnet18 cannot be fitted to images of 3x32x32 with"),
    ],
)
def test_errors_name_the_value(name, arguments, text):
    with pytest.raises(UsageError, match=text) as caught:
        TimmModel(name, **arguments).build((3, 32, 32), 10)
    assert caught.value.__cause__ is None
    assert "\n" not in str(caught.value)


def test_impossible_images_are_refused():
    with pytest.raises(UsageError, match=r"timm/resnet18 cannot be built for images \(3, 0, 32\) and 10 classes"):
        TimmModel("resnet18").build((3, 0, 32), 10)
