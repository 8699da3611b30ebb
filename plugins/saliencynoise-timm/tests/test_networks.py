"""Real numbers through small members of the families: what CAM points and rows of a batch promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from saliencynoise_timm.model import TimmModel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from saliencynoise.interfaces import CamPoint, Network

QUICK = {
    "cait_xxs24_224": (3, 32, 32),
    "convit_tiny": (3, 32, 32),
    "convnext_atto": (3, 33, 47),
    "deit_tiny_distilled_patch16_224": (1, 28, 28),
    "dla46_c": (3, 33, 47),
    "edgenext_xx_small": (3, 32, 32),
    "efficientvit_b0": (3, 32, 32),
    "ese_vovnet19b_slim_dw": (3, 32, 32),
    "flexivit_small": (3, 33, 47),
    "ghostnet_050": (3, 32, 32),
    "gmlp_ti16_224": (3, 32, 32),
    "lcnet_035": (1, 28, 28),
    "levit_128s": (3, 32, 32),
    "mobilenetv3_small_050": (1, 16, 16),
    "pit_ti_224": (3, 32, 32),
    "poolformerv2_s12": (3, 32, 32),
    "regnetx_002": (3, 33, 47),
    "resnet18": (3, 32, 32),
    "test_coatnet": (3, 32, 32),
    "test_efficientnet": (1, 28, 28),
    "test_mambaout": (3, 32, 32),
    "test_maxvit": (3, 32, 32),
    "test_nfnet": (3, 32, 32),
    "test_resnet": (1, 16, 16),
    "test_vit": (3, 32, 32),
    "test_vit2": (3, 33, 47),
    "test_vit_relpos": (1, 28, 28),
    "vgg11_bn": (1, 16, 16),
    "vit_tiny_patch16_224": (1, 16, 16),
    "xcit_nano_12_p8_224": (3, 33, 47),
}
SLOW = {
    "beit_base_patch16_224": (3, 16, 16),
    "coat_lite_tiny": (3, 32, 32),
    "coat_tiny": (3, 32, 32),
    "convmixer_768_32": (3, 28, 28),
    "crossvit_9_240": (3, 32, 32),
    "cs3darknet_focus_s": (3, 32, 32),
    "csatv2": (1, 16, 16),
    "davit_tiny": (3, 32, 32),
    "densenet121": (3, 32, 32),
    "dpn48b": (3, 32, 32),
    "efficientformer_l1": (3, 28, 28),
    "efficientformerv2_s0": (3, 32, 32),
    "efficientvim_m1": (3, 32, 32),
    "efficientvit_m0": (3, 32, 32),
    "eva02_tiny_patch14_224": (3, 28, 28),
    "fastvit_t8": (3, 32, 32),
    "focalnet_tiny_srf": (3, 32, 32),
    "gcvit_xxtiny": (3, 32, 32),
    "hiera_tiny_224": (3, 32, 32),
    "hrnet_w18_small": (1, 16, 16),
    "inception_v3": (3, 33, 47),
    "inception_v4": (3, 32, 32),
    "legacy_xception": (3, 32, 32),
    "levit_conv_128s": (1, 28, 28),
    "mobilevit_xxs": (3, 32, 32),
    "mobilevitv2_050": (3, 32, 32),
    "mvitv2_small_cls": (3, 32, 32),
    "mvitv2_tiny": (3, 32, 32),
    "nest_tiny": (3, 32, 32),
    "pvt_v2_b0": (3, 32, 32),
    "repvgg_a0": (3, 32, 32),
    "repvit_m1": (3, 32, 32),
    "res2net50_14w_8s": (3, 16, 16),
    "resmlp_12_224": (3, 32, 32),
    "resnet50_clip": (3, 32, 32),
    "resnetv2_18": (3, 32, 32),
    "rexnet_100": (3, 32, 32),
    "samvit_base_patch16_224": (3, 16, 16),
    "skresnet18": (3, 32, 32),
    "swin_tiny_patch4_window7_224": (3, 32, 32),
    "swinv2_cr_tiny_ns_224": (3, 32, 32),
    "swinv2_tiny_window8_256": (3, 32, 32),
    "test_byobnet": (3, 32, 32),
    "test_convnext": (3, 28, 28),
    "tiny_vit_5m_224": (3, 32, 32),
    "tnt_s_patch16_224": (3, 16, 16),
    "tresnet_m": (3, 32, 32),
    "twins_pcpvt_small": (3, 32, 32),
    "visformer_tiny": (3, 32, 32),
    "vit_relpos_medium_patch16_cls_224": (3, 16, 16),
    "volo_d1_224": (3, 16, 16),
}
FAMILIES = QUICK | SLOW

# Downsampling without padding leaves out the last of an odd number of columns, as timm has it.
CUT = {"convnext_atto"}


def built(name: str, shape: tuple[int, int, int], **arguments: Any) -> Network:
    torch.manual_seed(0)
    network = TimmModel(name, **arguments).build(shape, 10)
    # Some families start with blocks scaled by 1e-6 or by zero: without this, float64 could not see them.
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.module.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.02)
    return network


def as_grid(value: torch.Tensor, point: CamPoint) -> torch.Tensor:
    if point.layout == "NCHW":
        return value
    if point.layout == "NHWC":
        return value.permute(0, 3, 1, 2)
    return value[:, point.prefix_tokens :].transpose(1, 2).unflatten(2, point.grid)


def captured(network: Network, x: torch.Tensor) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    values: dict[str, list[torch.Tensor]] = {key: [] for key in network.points}
    copies: list[torch.Tensor] = []

    def keep(key: str, out: torch.Tensor) -> None:
        values[key].append(out)
        copies.append(out.detach().clone())

    handles = [
        network.module.get_submodule(point.module).register_forward_hook(lambda _, __, out, key=key: keep(key, out))
        for key, point in network.points.items()
    ]
    logits = network.module(x)
    for handle in handles:
        handle.remove()
    assert all(len(value) == 1 for value in values.values()), "a point is called once in a pass"
    for value in values.values():
        assert any(torch.equal(value[0], copy) for copy in copies), "a point is overwritten in place"
    return logits, {key: value[0] for key, value in values.items()}


def families(names: Iterable[str]) -> list[Any]:
    """Mark those that take seconds."""
    return [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in names]


@pytest.mark.parametrize("name", families(FAMILIES))
def test_points_carry_values_and_gradients_and_rows_are_independent(name):
    torch.set_num_threads(1)
    shape = FAMILIES[name]
    network = built(name, shape)
    module = network.module.double().eval()
    x = torch.randn(2, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(2), requires_grad=True)

    logits, values = captured(network, x)
    assert logits.shape == (2, 10)
    gradients = torch.autograd.grad(logits[0, 3] + logits[1, 5], [x, *values.values()])
    for gradient in gradients:
        assert gradient.isfinite().all()
        assert (gradient.flatten(1).abs().amax(1) > 0).all()
    for (key, point), gradient in zip(network.points.items(), gradients[1:], strict=True):
        value = as_grid(values[key], point)
        assert tuple(value.shape[2:]) == point.grid
        if key == "top" or name not in CUT:
            assert as_grid(gradient, point).abs().amax(dim=(0, 1)).gt(0).all(), f"a cell of {key} has no gradient"
    top = network.points["top"].grid
    assert min(top) >= 4

    again, _ = captured(network, x)  # a second pass and backward pass: no cache keeps a graph
    again.sum().backward()
    assert torch.equal(again, logits)
    with torch.no_grad():
        alone = torch.cat([module(x[:1]), module(x[1:])])
    assert (alone - logits).abs().max() <= 1e-10 * max(1.0, logits.abs().max().item())

    module.train()
    trained = module(x.detach())
    assert isinstance(trained, torch.Tensor)
    assert trained.shape == (2, 10)


ORACLES = (
    "convnext_atto",
    "davit_tiny",
    "fastvit_t8",
    "focalnet_tiny_srf",
    "hiera_tiny_224",
    "levit_128s",
    "mobilenetv3_small_050",
    "poolformerv2_s12",
    "regnetx_002",
    "resnet18",
    "swin_tiny_patch4_window7_224",
    "swinv2_tiny_window8_256",
    "test_nfnet",
    "volo_d1_224",
    "xcit_nano_12_p8_224",
)


@pytest.mark.parametrize("name", families(ORACLES))
def test_the_top_grid_equals_what_timm_returns_as_its_last_feature_map(name):
    network = built(name, FAMILIES[name])
    network.module.eval()
    x = torch.randn(2, *FAMILIES[name], generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        _, values = captured(network, x)
        theirs = network.module.forward_intermediates(x, indices=1, intermediates_only=True)[-1]
    torch.testing.assert_close(as_grid(values["top"], network.points["top"]), theirs)


@pytest.mark.parametrize("name", ["vit_tiny_patch16_224", "test_vit", "deit_tiny_distilled_patch16_224"])
def test_the_intermediate_grid_of_tokens_equals_what_timm_returns(name):
    network = built(name, FAMILIES[name])
    network.module.eval()
    x = torch.randn(2, *FAMILIES[name], generator=torch.Generator().manual_seed(3))
    block = int(network.points["intermediate"].module.rsplit(".", 1)[1])
    with torch.no_grad():
        _, values = captured(network, x)
        theirs = network.module.forward_intermediates(x, indices=[block], intermediates_only=True)[0]
    torch.testing.assert_close(as_grid(values["intermediate"], network.points["intermediate"]), theirs)


@pytest.mark.parametrize("name", ["test_vit", "test_resnet", "cait_xxs24_224", "vgg11_bn"])
def test_the_global_seed_alone_decides_the_weights(name):
    states = []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        states.append(TimmModel(name).build((3, 32, 32), 10).module.state_dict())
        after = torch.rand(1)
        states[-1]["the next random number"] = after
    first, same, other = states
    assert first.keys() == same.keys()
    assert all(torch.equal(first[key], same[key]) for key in first)
    drawn = [key for key, value in first.items() if value.is_floating_point() and value.max() > value.min()]
    assert drawn
    assert all(
        not torch.equal(first[key], other[key]) for key in drawn if "relative" not in key and "attn_mask" not in key
    )
    if "cls_token" in first:
        assert not torch.equal(first["cls_token"], other["cls_token"])


def test_planning_does_not_move_the_global_random_state():
    from saliencynoise_timm.plan import Request
    from saliencynoise_timm.search import find_plan

    before = torch.random.get_rng_state()
    find_plan(Request(name="resnet18", arguments=(), channels=1, size=(24, 24), num_classes=3))
    assert torch.equal(before, torch.random.get_rng_state())


def test_edits_leave_every_weight_as_timm_drew_it():
    import timm

    torch.manual_seed(0)
    ours = TimmModel("resnet18").build((3, 32, 32), 10).module.state_dict()
    torch.manual_seed(0)
    theirs = timm.create_model("resnet18", num_classes=10).state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_weights_loaded_after_an_eval_pass_are_used():
    torch.manual_seed(0)
    model = TimmModel("levit_128s")
    first, second = (
        built_network.module.eval() for built_network in (model.build((3, 32, 32), 10), model.build((3, 32, 32), 10))
    )
    with torch.no_grad():
        for name, parameter in second.named_parameters():
            if "attention_biases" in name:
                parameter.add_(torch.randn_like(parameter))
    x = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        first(x)
        first.load_state_dict(second.state_dict())
        assert torch.equal(first(x), second(x))
