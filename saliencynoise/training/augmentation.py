"""Random shifts and flips, drawn per epoch and image so that the order of a batch changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor

    from saliencynoise.training.recipes import Recipe


@dataclass(frozen=True)
class Draws:
    """What one epoch does to each of the N training images.

    Attributes:
        offset: `[N, 2]`, pixels down and right, from 0 to twice the recipe's shift.
        flip: `[N]`.
    """

    offset: Int[Tensor, "N 2"]
    flip: Bool[Tensor, " N"]


def draw(recipe: Recipe, images: int, *, seed: int) -> Draws:
    """Draw an epoch's augmentations of all images at once: an image's draw depends on its index alone."""
    generator = torch.Generator().manual_seed(seed)
    offset = torch.randint(0, 2 * recipe.shift + 1, (images, 2), generator=generator)
    flip = torch.rand(images, generator=generator) < (0.5 if recipe.flip else 0.0)
    return Draws(offset, flip)


def augment(x: Float[Tensor, "N C H W"], draws: Draws, rows: Int[Tensor, " N"], *, shift: int) -> Tensor:
    """Return the images shifted (edges replicated) and flipped as drawn for `rows`."""
    flip = draws.flip[rows].to(x.device)
    x = torch.where(flip[:, None, None, None], x.flip(3), x)
    if shift == 0:
        return x
    count, _, height, width = x.shape
    padded = F.pad(x, (shift,) * 4, mode="replicate")
    offset = draws.offset[rows].to(x.device)
    down = offset[:, 0, None] + torch.arange(height, device=x.device)
    right = offset[:, 1, None] + torch.arange(width, device=x.device)
    image = torch.arange(count, device=x.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[image, down[:, :, None], right[:, None, :]].permute(0, 3, 1, 2)
