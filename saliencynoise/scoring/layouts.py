"""Grids of features, whatever the architecture: `[N, C, h, w]` from and to a module's own layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.interfaces import CamPoint


def to_grid(output: Float[Tensor, "N ..."], point: CamPoint) -> Float[Tensor, "N C h w"]:
    """Return what a module computed as a grid; class and register tokens are left out.

    >>> import torch
    >>> from saliencynoise.interfaces import CamPoint
    >>> tokens = torch.zeros(2, 1 + 4 * 5, 8)
    >>> to_grid(tokens, CamPoint(module="norm", layout="tokens", grid=(4, 5), prefix_tokens=1)).shape
    torch.Size([2, 8, 4, 5])
    """
    if point.layout == "NCHW":
        return output
    if point.layout == "NHWC":
        return output.permute(0, 3, 1, 2)
    tokens = output[:, point.prefix_tokens :]
    return tokens.transpose(1, 2).reshape(len(tokens), -1, *point.grid)
