"""The changes of a CAM point's channels that other weights can undo, for the families where this is known.

Each rule looks at every module that writes to the point's channels or reads them, in eval mode; where one is of a type
that the rule does not know, nobody says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import nn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from saliencynoise.interfaces import Rewrite

RECTIFIED: tuple[Rewrite, ...] = ("permutation", "positive_scale")
NORMALISED: tuple[Rewrite, ...] = ("permutation", "positive_scale", "sign")
LINEAR: tuple[Rewrite, ...] = ("permutation", "positive_scale", "sign", "rotation")
CENTRED: tuple[Rewrite, ...] = ("permutation", "centred_rotation")
REORDERED: tuple[Rewrite, ...] = ("permutation",)

_BOTTLENECKS = {"InvertedResidual", "EdgeResidual"}


def rewrites_of(network: Any, path: str) -> tuple[Rewrite, ...] | None:
    """Return the kinds of `saliencynoise.interfaces.Rewrite` at the module `path`; None where nobody says."""
    rules = {
        "ResNet": _resnet,
        "VGG": _vgg,
        "VisionTransformer": _vision_transformer,
        "EfficientNet": _bottlenecks,
        "MobileNetV3": _bottlenecks,
        "ConvNeXt": _convnext,
    }
    rule = rules.get(type(network).__name__)
    return None if rule is None else rule(network, path)


def _resnet(network: Any, path: str) -> tuple[Rewrite, ...] | None:
    """After a stage: sums of batch norms behind a ReLU, read by convolutions."""
    stage: Any = network.get_submodule(path)
    if not (type(stage).__name__ == "Sequential" and path.startswith("layer") and isinstance(network.fc, nn.Linear)):
        return None
    for block in stage:
        last = 3 if type(block).__name__ == "Bottleneck" else 2
        is_plain = type(block).__name__ in {"BasicBlock", "Bottleneck"} and block.se is None
        if not (is_plain and _plain_norm(block, f"bn{last}") and isinstance(getattr(block, f"act{last}"), nn.ReLU)):
            return None
        if block.downsample is not None and not isinstance(block.downsample[-1], nn.BatchNorm2d):
            return None
    return RECTIFIED


def _vgg(network: Any, path: str) -> tuple[Rewrite, ...] | None:
    """A ReLU behind a convolution or its batch norm, read by convolutions."""
    return RECTIFIED if isinstance(network.get_submodule(path), nn.ReLU) else None


def _vision_transformer(network: Any, path: str) -> tuple[Rewrite, ...] | None:
    """The norm in front of an attention, which is read by one linear layer; or the stream between blocks."""
    head, _, last = path.rpartition(".")
    if not _plain_blocks(network.blocks):
        return None
    if last == "norm1" and head.startswith("blocks."):
        return NORMALISED
    return CENTRED if head == "blocks" and _plain_stream(network) else None


def _plain_blocks(blocks: Iterable[Any]) -> bool:
    """Whether each block is attention and an MLP, both behind a layer norm that one linear layer reads."""
    return all(
        type(block).__name__ == "Block"
        and all(isinstance(norm, nn.LayerNorm) for norm in (block.norm1, block.norm2))
        and isinstance(getattr(block.attn, "qkv", None), nn.Linear)
        and isinstance(getattr(block.mlp, "fc1", None), nn.Linear)
        for block in blocks
    )


def _plain_stream(network: Any) -> bool:
    """Whether linear layers and parameters alone write to the stream, and one layer norm and the head read its end."""
    ends = [norm for norm in (network.norm, network.fc_norm) if not isinstance(norm, nn.Identity)]
    before = (network.norm_pre, network.patch_embed.norm)
    return (
        len(ends) == 1
        and isinstance(ends[0], nn.LayerNorm)
        and all(isinstance(module, nn.Identity) for module in before)
        and isinstance(network.patch_embed.proj, nn.Conv2d)
        and getattr(network, "attn_pool", None) is None
        and isinstance(network.head, nn.Linear)
    )


def _bottlenecks(network: Any, path: str) -> tuple[Rewrite, ...] | None:
    """After a stage of bottlenecks: batch norms without activation and their sums, read by full convolutions."""
    stem, _, number = path.rpartition(".")
    if stem != "blocks" or not number.isdecimal():
        return None
    first = last = int(number)
    while first and getattr(network.blocks[first][0], "has_skip", False):
        first -= 1
    while last + 1 < len(network.blocks) and getattr(network.blocks[last + 1][0], "has_skip", False):
        last += 1
    writers = [block for stage in network.blocks[first : last + 1] for block in stage]
    if not all(type(block).__name__ in _BOTTLENECKS and _linear_output(block) for block in writers):
        return None
    readers = [network.blocks[last + 1][0]] if last + 1 < len(network.blocks) else []
    full = all(type(block).__name__ in {*_BOTTLENECKS, "ConvBnAct"} and _reads_all(block) for block in readers)
    return LINEAR if full and (readers or isinstance(network.conv_head, nn.Conv2d)) else None


def _linear_output(block: Any) -> bool:
    norm = block.bn3 if hasattr(block, "bn3") else block.bn2
    return isinstance(norm, nn.BatchNorm2d) and isinstance(getattr(norm, "act", None), nn.Identity)


def _reads_all(block: Any) -> bool:
    """Whether the first convolution of a block sums over all channels."""
    first = next(module for module in block.modules() if isinstance(module, nn.Conv2d))
    return first.groups == 1


def _convnext(network: Any, path: str) -> tuple[Rewrite, ...] | None:
    """The stream of a stage: depthwise convolutions and layer norms forbid all but other orders."""
    stage = network.get_submodule(path)
    is_convnext = all(type(block).__name__ == "ConvNeXtBlock" for block in getattr(stage, "blocks", [None]))
    return REORDERED if is_convnext else None


def _plain_norm(block: Any, name: str) -> bool:
    return isinstance(getattr(block, name), nn.BatchNorm2d)
