"""Without adaptations: timm's own networks, bit for bit, with points on them."""

from __future__ import annotations

import pytest
import timm
import torch

from saliencynoise.interfaces import UsageError
from saliencynoise_timm.model import TimmModel


@pytest.mark.parametrize(
    ("name", "shape", "arguments", "grids"),
    [
        ("test_resnet", (1, 16, 16), {}, ((1, 1), (1, 1))),
        ("test_resnet", (1, 32, 32), {"output_stride": 8}, ((4, 4), (4, 4))),
        ("resnet18", (3, 32, 32), {}, ((1, 1), (2, 2))),
        ("test_efficientnet", (3, 33, 47), {}, ((2, 2), (3, 3))),
        ("test_convnext", (3, 32, 32), {}, ((1, 1), (2, 2))),
        ("test_vit", (3, 160, 160), {}, ((10, 10), (10, 10))),
        ("densenet121", (3, 32, 32), {}, ((1, 1), (2, 2))),
        ("levit_128s", (3, 224, 224), {}, ((4, 4), (7, 7))),
    ],
)
def test_the_same_weights_give_timms_logits_bit_for_bit(name, shape, arguments, grids):
    torch.manual_seed(0)
    stock = timm.create_model(name, in_chans=shape[0], num_classes=7, **arguments).eval()
    torch.manual_seed(0)
    network = TimmModel(name, adapt=False, **arguments).build(shape, 7)
    ours = network.module.eval()
    assert network.adaptations == ()
    assert (network.points["top"].grid, network.points["intermediate"].grid) == grids
    assert {key: value.shape for key, value in ours.state_dict().items()} == {
        key: value.shape for key, value in stock.state_dict().items()
    }
    torch.manual_seed(1)
    other = timm.create_model(name, in_chans=shape[0], num_classes=7, **arguments).eval()
    x = torch.randn(3, *shape)
    with torch.no_grad():
        assert torch.equal(ours(x), stock(x))
        assert not torch.equal(ours(x), other(x))
        ours.load_state_dict(other.state_dict())
        assert torch.equal(ours(x), other(x))


def test_the_adapted_network_takes_the_same_weights_and_computes_something_else():
    stock = TimmModel("test_resnet", adapt=False).build((1, 16, 16), 10)
    adapted = TimmModel("test_resnet", adapt=True).build((1, 16, 16), 10)
    assert adapted.points["top"].grid == (4, 4)
    adapted.module.load_state_dict(stock.module.state_dict())
    x = torch.randn(2, 1, 16, 16)
    with torch.no_grad():
        assert not torch.allclose(stock.module.eval()(x), adapted.module.eval()(x), rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("adapt", [True, False])
def test_a_network_of_three_channels_sees_grey_images_three_times(adapt):
    network = TimmModel("test_resnet", adapt=adapt, in_chans=3).build((1, 16, 16), 10)
    colour = TimmModel("test_resnet", adapt=adapt).build((3, 16, 16), 10)
    assert network.points["top"].module == f"network.{colour.points['top'].module}"
    network.module.network.load_state_dict(colour.module.state_dict())
    x = torch.randn(2, 1, 16, 16)
    with torch.no_grad():
        assert torch.equal(network.module.eval()(x), colour.module.eval()(x.repeat(1, 3, 1, 1)))
    assert network.adaptations == ("the one channel given three times", *colour.adaptations)


def test_other_channels_are_the_data_sets_matter():
    assert TimmModel("test_resnet", in_chans=3).build((3, 16, 16), 10).adaptations
    for channels, shape in ((2, (1, 16, 16)), (1, (3, 16, 16)), (3, (4, 16, 16))):
        with pytest.raises(
            UsageError, match="argument 'in_chans' of timm/test_resnet cannot be set: the data set gives"
        ):
            TimmModel("test_resnet", in_chans=channels).build(shape, 10)


def test_adapted_is_the_default_and_another_model():
    assert TimmModel("resnet18") == TimmModel("resnet18", adapt=True)
    assert TimmModel("resnet18") != TimmModel("resnet18", adapt=False)


@pytest.mark.parametrize(
    ("name", "shape", "arguments", "text"),
    [
        (
            "vit_tiny_patch16_224",
            (3, 32, 32),
            {},
            r"timm/vit_tiny_patch16_224 cannot be used for images of 3x32x32 as ",
        ),
        (
            "vgg11_bn",
            (3, 8, 8),
            {},
            r"timm/vgg11_bn cannot be used for images of 3x8x8 as timm builds it .*--image-size",
        ),
        ("test_vit", (3, 32, 32), {"global_pool": ""}, "it is an encoder without a classifier"),
        ("resnet18", (3, 32, 32), {"stemwidth": 3}, "timm/resnet18 does not take stemwidth=3"),
    ],
)
def test_what_timm_cannot_do_itself_is_refused(name, shape, arguments, text):
    with pytest.raises(UsageError, match=text) as caught:
        TimmModel(name, adapt=False, **arguments).build(shape, 10)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", ["no", 0, None])
def test_adapt_is_true_or_false(value):
    with pytest.raises(UsageError, match=f"timm/resnet18: adapt={value} is not possible; give true or false"):
        TimmModel("resnet18", adapt=value)
