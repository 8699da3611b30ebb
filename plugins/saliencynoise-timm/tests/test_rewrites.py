"""What CAM points allow, against weights of timm's networks that are really changed."""

import copy

import pytest
import timm
import torch

from saliencynoise.interfaces import Batch, Noise, Tap
from saliencynoise.registry.catalogue import catalogue
from saliencynoise.scoring import Passes, Rewriting, RewrittenScorer, Scorer, attribute
from saliencynoise.scoring.rewriting import draw_change
from saliencynoise_timm.rewrites import rewrites_of

X = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
BATCH = Batch(x=X, target=torch.tensor([1, 3]), background=X, noise=Noise((1, 2)))
ONE = Batch(x=X[:1], target=torch.tensor([1]), background=X, noise=Noise((1,)))
METHODS = {"gradcam": BATCH, "layercam": BATCH, "eigencam": BATCH, "scorecam": ONE, "ablation_cam": ONE}
"""With what they explain: one image for those that pass a network once a channel, most of the time of this module."""


def built(name):
    with torch.random.fork_rng():
        torch.manual_seed(4)
        network = catalogue().model(f"timm/{name}", {}).load().build((3, 32, 32), 5)
        for key, values in network.module.state_dict().items():
            if values.is_floating_point():
                positive = values.ndim == 1 and key.endswith(("weight", "running_var", "gamma"))
                values.uniform_(0.5, 1.5) if positive else values.add_(0.1 * torch.randn_like(values))
    network.module.double().eval()
    return network


def matrix(change, channels):
    """T itself."""
    return change.value(torch.eye(channels, dtype=torch.float64)[:, :, None, None])[:, :, 0, 0].T


def scaled(norm, change):
    for name, values in (*norm.named_parameters(), *norm.named_buffers()):
        if values.ndim:
            values.data = values.data[change.order]
        if name in {"weight", "bias"}:
            values.data *= change.factors


def resnet(module, change):
    (block,) = module.layer4
    convolutions = (block.conv2, block.downsample[-2])
    for convolution, norm in zip(convolutions, (block.bn2, block.downsample[-1]), strict=True):
        convolution.weight.data = convolution.weight.data[change.order]
        scaled(norm, change)
    module.fc.weight.data = module.fc.weight.data[:, change.order] / change.factors


def norm_of_vit(module, change):
    block = module.blocks[5]
    scaled(block.norm1, change)
    block.attn.qkv.weight.data = block.attn.qkv.weight.data[:, change.order] / change.factors


def stream_of_vit(module, change):
    turn = matrix(change, module.pos_embed.shape[-1])

    def writes(layer, scale=None):
        weight = layer.weight.data if scale is None else scale[:, None] * layer.weight.data
        bias = layer.bias.data if scale is None else scale * layer.bias.data
        layer.weight.data, layer.bias.data = torch.einsum("kc,c...->k...", turn, weight), turn @ bias

    def reads(norm, layer):
        layer.bias.data = layer.bias.data + layer.weight.data @ norm.bias.data
        layer.weight.data = layer.weight.data @ torch.diag(norm.weight.data) @ turn.T
        norm.weight.data, norm.bias.data = torch.ones_like(norm.weight), torch.zeros_like(norm.bias)

    writes(module.patch_embed.proj)
    for name in ("pos_embed", "cls_token", "reg_token"):
        if getattr(module, name, None) is not None:
            getattr(module, name).data = getattr(module, name).data @ turn.T
    for block in module.blocks:
        reads(block.norm1, block.attn.qkv)
        reads(block.norm2, block.mlp.fc1)
        for layer, scale in ((block.attn.proj, block.ls1), (block.mlp.fc2, block.ls2)):
            writes(layer, getattr(scale, "gamma", torch.ones(len(turn), dtype=torch.float64)).data)
            if hasattr(scale, "gamma"):
                scale.gamma.data = torch.ones_like(scale.gamma)
    reads(module.fc_norm, module.head)


def bottleneck(module, change):
    (block,), (following,) = module.blocks[3], module.blocks[4]
    norm = block.bn3
    factor = norm.weight.data / (norm.running_var + norm.eps).sqrt()
    turn = matrix(change, len(factor))
    bias = norm.bias.data - norm.running_mean * factor
    block.conv_pwl.weight.data = torch.einsum("kc,cihw->kihw", turn @ torch.diag(factor), block.conv_pwl.weight.data)
    norm.weight.data = (1 + norm.eps) ** 0.5 * torch.ones_like(factor)
    norm.running_mean, norm.running_var = torch.zeros_like(factor), torch.ones_like(factor)
    norm.bias.data = turn @ bias
    following.conv_pw.weight.data = torch.einsum("ockl,cd->odkl", following.conv_pw.weight.data, turn.inverse())


def convnext(module, change):
    order, stage = change.order, module.stages[3]
    writers = [stage.downsample[1]]
    for block in stage.blocks:
        writers += [block.conv_dw, block.norm]
        if block.gamma is not None:
            block.gamma.data = block.gamma.data[order]
        readers_of_norm(block.mlp.fc1, order)
        block.mlp.fc2.weight.data, block.mlp.fc2.bias.data = block.mlp.fc2.weight[order], block.mlp.fc2.bias[order]
    for layer in (*writers, module.head.norm):
        layer.weight.data, layer.bias.data = layer.weight.data[order], layer.bias.data[order]
    readers_of_norm(module.head.fc, order)


def readers_of_norm(layer, order):
    layer.weight.data = layer.weight.data[:, order]


CASES = {
    "resnet": ("test_resnet", "top", resnet, ("permutation", "positive_scale")),
    "norm": ("test_vit", "top", norm_of_vit, ("permutation", "positive_scale", "sign")),
    "stream": ("test_vit2", "top", stream_of_vit, ("permutation", "centred_rotation")),
    "bottleneck": ("test_efficientnet", "intermediate", bottleneck, (
        "permutation", "positive_scale", "sign", "rotation")),
    "convnext": ("test_convnext", "top", convnext, ("permutation",)),
}  # fmt: skip


class Fixed(Rewriting):
    """The change that was made to the weights."""

    def __init__(self, point, change):
        super().__init__({}, seed=0)
        self.point, self.change = point, change

    def _change(self, point, channels):
        return self.change if point == self.point else None


def by_taps(network, method, rewriting, batch):
    scorer = RewrittenScorer(Scorer(Passes(network), batch), rewriting)
    if hasattr(method, "attribute"):
        return method.attribute(scorer, batch)
    taps = scorer.taps(batch.x[:, None], *method.points)
    return method.from_pass({point: Tap(tap.value[:, 0], tap.grad[:, 0]) for point, tap in taps.items()}, batch)


@pytest.mark.parametrize("case", CASES)
def test_points_allow_what_changed_weights_undo(case):
    """The logits are as before, and the maps are those of the rewritten taps."""
    name, point, surgery, kinds = CASES[case]
    network = built(name)
    assert network.points[point].rewrites == kinds
    channels = Passes(network).taps(X, BATCH.target, (point,))[point].value.shape[1]
    # another order of a norm's channels is one of the whole stream, which "stream" shows
    changed = kinds if case != "norm" else ("positive_scale", "sign")
    change = draw_change(changed, channels, torch.Generator().manual_seed(5))
    rewritten = copy.deepcopy(network)
    with torch.no_grad():
        surgery(rewritten.module, change)
        torch.testing.assert_close(rewritten.module(X), network.module(X), rtol=1e-6, atol=1e-8)
    for text, batch in METHODS.items():
        method = catalogue().method(f"{text}(layer={point})").instance
        expected = attribute(Passes(rewritten), method, batch).values
        maps = by_taps(network, method, Fixed(point, change), batch).values
        torch.testing.assert_close(maps, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


@pytest.mark.parametrize("name", ["densenet121", "mobilenetv3_small_050"])
def test_of_layers_without_a_rule_nobody_says(name):
    network = catalogue().model(f"timm/{name}", {}).load().build((3, 32, 32), 5)
    assert network.points["top"].rewrites is None


@pytest.mark.parametrize("name", ["resnet50_gn", "ecaresnet26t"])
def test_a_resnet_with_other_norms_or_attention_is_not_taken_for_a_plain_one(name):
    with torch.device("meta"):
        network = timm.create_model(name)
    assert rewrites_of(network, "layer4") is None
