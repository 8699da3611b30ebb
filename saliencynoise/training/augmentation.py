"""Random crops, flips and shifts, drawn per epoch and image so that the order of a batch changes nothing."""

from __future__ import annotations

import math
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
    """The augmentation of each of the N training images in one epoch.

    Attributes:
        offset: `[N, 2]`, pixels down and right, from 0 to twice the recipe's shift.
        flip: `[N]`.
        box: `[N, 4]`, of a crop: its height and width and its centre's y and x, in halves of the image about its
            centre.
    """

    offset: Int[Tensor, "N 2"]
    flip: Bool[Tensor, " N"]
    box: Float[Tensor, "N 4"]


RATIO = 4 / 3
"""Longest side of a crop over its shortest, as the field draws them (Szegedy et al. 2015, arXiv:1409.4842)."""


def draw(recipe: Recipe, images: int, *, seed: int) -> Draws:
    """Draw an epoch's augmentations of all images at once: an image's draw depends on its index alone."""
    generator = torch.Generator().manual_seed(seed)
    offset = torch.randint(0, 2 * recipe.shift + 1, (images, 2), generator=generator)
    flip = torch.rand(images, generator=generator) < (0.5 if recipe.flip else 0.0)
    area, ratio, y, x = torch.rand(4, images, generator=generator)
    area, ratio = recipe.crop + (1 - recipe.crop) * area, torch.exp((2 * ratio - 1) * math.log(RATIO) / 2)
    height, width = (area.sqrt() * ratio).clamp(max=1), (area.sqrt() / ratio).clamp(max=1)
    box = torch.stack([height, width, (2 * y - 1) * (1 - height), (2 * x - 1) * (1 - width)], 1)
    return Draws(offset, flip, box)


def augment(x: Float[Tensor, "N C H W"], draws: Draws, rows: Int[Tensor, " N"], *, recipe: Recipe) -> Tensor:
    """Return the images cropped, flipped and shifted (edges replicated) as drawn for `rows`, on their device."""
    if recipe.crop < 1:
        x = _crop(x, draws.box[rows].to(x.device))
    shift = recipe.shift
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


def _crop(x: Float[Tensor, "N C H W"], box: Float[Tensor, "N 4"]) -> Tensor:
    """Return the content of each image's box, scaled (bilinearly) to the image's size."""
    height, width, centre_y, centre_x = box.T
    nothing = torch.zeros_like(height)
    rows = [torch.stack(row, 1) for row in ((width, nothing, centre_x), (nothing, height, centre_y))]
    grid = F.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, padding_mode="border", align_corners=False)
