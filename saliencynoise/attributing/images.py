"""The images that a user hands over, as the networks take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from saliencynoise.attributing.values import as_tensor, shown
from saliencynoise.engine.attribution import BACKGROUND
from saliencynoise.interfaces import Batch, Noise, UsageError
from saliencynoise.interfaces.seeds import noise_seed
from saliencynoise.scoring.steadiness import IMAGES as PROBES

if TYPE_CHECKING:
    from jaxtyping import Float, Int, UInt8
    from torch import Tensor

    from saliencynoise.engine.job import MemberJob

NORMALISED = "floats as the networks take them, already normalised"


@dataclass(frozen=True, kw_only=True, eq=False)
class GivenImages:
    """Images with names, and a background; the `MemberImages` of an attribution.

    Attributes:
        x: `[B, C, H, W]`, float32, normalised.
        named: a name for each image, from which random numbers derive.
        compared: `[R, C, H, W]`, images that methods may compare with.
        members: a name for each network, from which its own random numbers derive.
    """

    x: Float[Tensor, "B C H W"]
    named: Sequence[str]
    compared: Float[Tensor, "R C H W"]
    members: Sequence[str]

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an image, (C, H, W)."""
        return tuple(self.x.shape[1:])

    def probes(self, device: str) -> Float[Tensor, "3 C H W"]:
        """Return images on which the steadiness of a network is tested: the first ones and those of the background."""
        images = torch.cat([self.x[:PROBES], self.compared[:PROBES].to(self.x)])
        return images[torch.arange(PROBES) % len(images)].to(device)

    def background(self, *, run_seed: int) -> Float[Tensor, "R C H W"]:  # noqa: ARG002 - that of a data set is drawn
        """Return the images that methods may compare with."""
        return self.compared

    def names(self, job: MemberJob, rows: Sequence[int]) -> list[str]:
        """Return the names of the images at rows of the job's images."""
        return [self.named[job.images[row]] for row in rows]

    def batch(
        self, job: MemberJob, rows: Sequence[int], *, background: Float[Tensor, "R C H W"], method: str, draw: int
    ) -> Batch:
        """Return the images at these rows with everything that a draw of a method needs."""
        network = self.members[job.member]
        seeds = (
            noise_seed(job.run_seed, method=method, image=name, draw=draw, network=network)
            for name in self.names(job, rows)
        )
        return Batch(
            x=self.x[[job.images[row] for row in rows]].to(background.device),
            target=torch.tensor([job.targets[row] for row in rows], device=background.device),
            background=background,
            noise=Noise(tuple(seeds)),
        )


def checked_images(values: object, *, what: str) -> Float[Tensor, "N C H W"]:
    """Return images as a tensor of float32 on the CPU.

    Raises:
        UsageError: if they are no float tensor `[N, C, H, W]`, or hold NaN, infinity or what float32 cannot hold.
    """
    if not hasattr(values, "shape"):
        raise UsageError(f"{what} are {shown(values)}; give a tensor or an array [N, C, H, W], {NORMALISED}")
    images = as_tensor(values, what=what, wanted=f"a tensor or an array [N, C, H, W], {NORMALISED}")
    if not images.is_floating_point():
        raise UsageError(
            f"{what} are of type {str(images.dtype).removeprefix('torch.')}; give {NORMALISED}, as "
            "(pixels / 255 - mean) / std"
        )
    if images.ndim != 4 or not images.numel():
        raise UsageError(f"{what} have the shape {list(images.shape)}; give [N, C, H, W], one image or more")
    taken = images.float().contiguous()
    broken = (~taken.isfinite()).flatten(1).any(1).nonzero().flatten().tolist()
    if broken:
        number, share = broken[0], f"({len(broken)} of {len(images)} do)"
        if bool(images[number].isfinite().all()):
            raise UsageError(f"{what}: number {number} holds values too large for float32 {share}; scale them")
        raise UsageError(f"{what}: number {number} holds NaN or infinity {share}")
    return taken


def checked_background(
    values: object | None, images: Float[Tensor, "B C H W"], *, seed: int
) -> Float[Tensor, "R C H W"]:
    """Return the background: what is given, or else the images themselves, 64 of them at most, drawn by the seed.

    Raises:
        UsageError: as `checked_images`, or if they are of another size than the images.
    """
    if values is None:
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
        return images[order[:BACKGROUND].sort().values]
    background = checked_images(values, what="background images")
    if background.shape[1:] != images.shape[1:]:
        sizes = ["x".join(map(str, tensor.shape[1:])) for tensor in (background, images)]
        raise UsageError(f"background images are {sizes[0]}, and the images {sizes[1]}; give them in one size")
    return background


def checked_names(values: Sequence[Any] | None, count: int, *, what: str, word: str) -> list[str]:
    """Return a name for each of some things, all different; "WORD 0" and so on without names.

    Raises:
        UsageError: if there is another number of names, or two are equal.
    """
    if values is None:
        return [f"{word} {index}" for index in range(count)]
    names = [str(name) for name in values]
    if len(names) != count:
        raise UsageError(f"{what} has {len(names)} names for {count} {word}s; give one each")
    repeated = [name for name in names if names.count(name) > 1]
    if repeated:
        raise UsageError(f"{what} names '{repeated[0]}' twice; random numbers derive from names, so each needs its own")
    return names


def checked_classes(values: object, count: int, *, what: str, also: str = "") -> Int[Tensor, " B"]:
    """Return whole numbers, one for each image; one number stands for all.

    Args:
        values: numbers, an array or a tensor.
        count: number of images.
        what: the argument, for errors.
        also: what else the argument may be, for errors.

    Raises:
        UsageError: if they are no whole numbers, or another number of them.
    """
    numbers = as_tensor(values, what=what, wanted=f"whole numbers, one for each image{also}")
    if numbers.is_floating_point() or numbers.is_complex() or numbers.dtype == torch.bool:
        raise UsageError(f"{what} are of type {str(numbers.dtype).removeprefix('torch.')}; give whole numbers")
    if numbers.ndim == 0:
        return numbers.long().expand(count).clone()
    if numbers.shape != (count,):
        raise UsageError(f"{what} have the shape {list(numbers.shape)} for {count} images; give one number each")
    return numbers.long()


def pictures_of(images: Float[Tensor, "B C H W"]) -> UInt8[Tensor, "B C H W"] | None:
    """Return images to look at, each scaled from its smallest to its largest value; None without 1 or 3 channels."""
    if images.shape[1] not in {1, 3}:
        return None
    low, high = images.amin((1, 2, 3), keepdim=True), images.amax((1, 2, 3), keepdim=True)
    return ((images - low) / (high - low).clamp_min(1e-12) * 255).round().to(torch.uint8)
