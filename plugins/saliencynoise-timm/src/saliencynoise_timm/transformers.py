"""Sizes of transformers: timm's own arguments for the size of images and patches."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import nn

Size: TypeAlias = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Sizing:
    """Arguments that make a transformer take images of `size` (the images' own, or slightly larger)."""

    arguments: tuple[tuple[str, Any], ...]
    size: Size


def sizings(given: Mapping[str, Any], size: Size, network: nn.Module | None) -> Iterator[Sizing]:
    """Yield candidates, from the cheapest (the fewest, largest patches) to the most expensive.

    Arguments of the user are not changed. Image sides that patches do not divide are rounded up, for border pixels
    that no patch covers would have a gradient of zero.
    """
    built = patch_size(network)
    if "img_size" in given:
        return
    if "patch_size" in given:
        yield _sizing(size, patch_size(network), given=True)
        return
    if built is not None:
        yield _sizing(size, built, given=True)
    else:
        yield Sizing(arguments=(("img_size", size),), size=size)
    for patch in _patches(size, built):
        sizing = _sizing(size, patch, given=False)
        if type(network).__name__ == "PoolingVisionTransformer" and "stride" not in given:
            # PiT's patches overlap by half
            sizing = replace(sizing, arguments=(*sizing.arguments, ("stride", max(1, patch // 2))))
        yield sizing


def _sizing(size: Size, patch: int | None, *, given: bool) -> Sizing:
    patch = patch or 1
    rounded = (math.ceil(size[0] / patch) * patch, math.ceil(size[1] / patch) * patch)
    arguments: tuple[tuple[str, Any], ...] = (("img_size", rounded),)
    return Sizing(arguments=arguments if given else (*arguments, ("patch_size", patch)), size=rounded)


def _patches(size: Size, built: int | None) -> Iterator[int]:
    """Yield patch sizes below the built one, large to small, preferring those that divide both sides."""
    largest = min(size) // 4 if built is None else min(built - 1, min(size) // 4)
    patch = largest
    while patch >= 1:
        half = patch // 2
        dividing = [p for p in range(patch, half, -1) if size[0] % p == 0 and size[1] % p == 0]
        yield dividing[0] if dividing else patch
        patch = half


def patch_size(network: nn.Module | None) -> int | None:
    """Return the side of the patches that a transformer was built with, None if it does not say."""
    value: Any = getattr(getattr(network, "patch_embed", None), "patch_size", None)
    if isinstance(value, (tuple, list)) and value:
        value = max(value)
    return value if isinstance(value, int) else None


def native_size(network: nn.Module, given: Mapping[str, Any]) -> Size:
    """Return the height and width that the user gave, or else timm's configuration for the architecture."""
    if "img_size" in given:
        image_size = given["img_size"]
        return (image_size, image_size) if isinstance(image_size, int) else (int(image_size[0]), int(image_size[1]))
    config: Any = getattr(network, "pretrained_cfg", None) or {}
    size = config.get("input_size") or (3, 224, 224)
    return int(size[1]), int(size[2])


def steps_between(size: Size, native: Size) -> tuple[Size, ...]:
    """Return sizes to which images might be scaled short of the native one, small to large.

    Whole multiples of 8, 16 and 32 suit windows; twice and four times the size are for networks that need
    more pixels; fractions of the native size are for those whose last map has a fixed size.
    """
    height, width = size
    steps = {(math.ceil(height / k) * k, math.ceil(width / k) * k) for k in (8, 16, 32)}
    steps |= {(k * height, k * width) for k in (2, 4)} | {(native[0] // k, native[1] // k) for k in (4, 2)}
    between = {s for s in steps if s[0] >= height and s[1] >= width and math.prod(s) < math.prod(native)}
    return tuple(sorted(between - {size}, key=math.prod))


def accept_any_size(network: nn.Module) -> None:
    """Switch off the check of the image size in timm's patch embeddings."""
    for module in network.modules():
        if hasattr(module, "strict_img_size"):
            module.img_size = None  # type: ignore[assignment]
            module.strict_img_size = False  # type: ignore[assignment]


def own_scaling(network: nn.Module, size: Size) -> tuple[str, ...]:
    """Return in words that CrossViT scales images by itself, once for each of its branches."""
    scales: Any = getattr(network, "img_size_scaled", None)
    if not scales or all(tuple(scale) == size for scale in scales):
        return ()
    sizes = " and ".join(f"{scale[0]}x{scale[1]}" for scale in scales)
    return (f"the network itself scales images (bicubic) to {sizes}",)


def describe_sizing(sizing: Sizing, network: nn.Module | None, size: Size) -> tuple[str, ...]:
    """Return the arguments in words."""
    adaptations = []
    before = patch_size(network)
    for key, value in sizing.arguments:
        if key == "img_size":
            adaptations.append(f"img_size set to {value[0]}x{value[1]}")
        elif key == "patch_size" and before:
            adaptations.append(f"patch_size {before} -> {value}")
        else:
            adaptations.append(f"{key} set to {value}")
    if sizing.size != size:
        adaptations.append(
            f"images resized (bilinear) from {size[0]}x{size[1]} to {sizing.size[0]}x{sizing.size[1]}, "
            "for whole patches"
        )
    return tuple(adaptations)
