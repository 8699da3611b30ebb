"""What a map is: a picture, whose values have places on a grid, or a list of values without places."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saliencynoise.interfaces import UsageError

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from saliencynoise.records.study import Layout

COLOURS = (1, 3)
"""Numbers of channels by which three axes are a picture."""

FEWEST = 2
"""The fewest rows and columns of a picture."""


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """The shape of a map, and how it is laid out in `[c, h, w]`.

    Attributes:
        shape: of a map, as it was given.
        layout: "picture", or "values": a list, `[1, 1, P]`.
        channels_last: whether the channels of a picture are the last axis.
    """

    shape: tuple[int, ...]
    layout: Layout
    channels_last: bool = False

    @property
    def size(self) -> int:
        """Number of values of a map."""
        return math.prod(self.shape)

    def of(self, maps: Float[Tensor, "n ..."]) -> Float[Tensor, "n c h w"]:
        """Return maps of this shape, laid out."""
        if self.layout == "values":
            return maps.reshape(len(maps), 1, 1, self.size)
        if self.channels_last:
            return maps.movedim(-1, 1)
        return maps if maps.ndim == 4 else maps[:, None]


def fitted(shape: tuple[int, ...], layout: Layout | None, *, where: str) -> Fitted:
    """Return how maps of a shape are laid out.

    Without `layout`, maps of shape `(H, W)`, `(C, H, W)` and `(H, W, C)` with C of 1 or 3 are pictures, if H and W are
    2 or more; all other maps are lists of values.

    Args:
        shape: of a map, without the axes of members, draws and items.
        layout: "picture", of shape `(H, W)` or `(C, H, W)`, or "values"; None for the rule.
        where: the maps, for messages.

    Raises:
        UsageError: if there is no value, or a picture has another shape.

    >>> fitted((32, 32), None, where="maps").layout, fitted((3, 32, 32), None, where="maps").layout
    ('picture', 'picture')
    >>> fitted((12, 64, 64), None, where="maps").layout, fitted((30,), None, where="maps").layout
    ('values', 'values')
    """
    if not math.prod(shape):
        raise UsageError(f"{where}: maps of shape {text_of(shape)} have no values")
    if layout == "values" or (layout is None and not _is_picture(shape)):
        return Fitted(shape=shape, layout="values")
    if len(shape) not in {2, 3} or min(_places(shape, layout)) < FEWEST:
        raise UsageError(
            f"{where}: a map of shape {text_of(shape)} is no picture; a picture is (H, W) or (C, H, W), of 2 x 2 or "
            'more; give layout="values" for lists of values'
        )
    return Fitted(shape=shape, layout="picture", channels_last=layout is None and _is_channels_last(shape))


def text_of(shape: tuple[int, ...]) -> str:
    """Return a shape as text.

    >>> text_of((3, 32, 32)), text_of((30,))
    ('3x32x32', '30')
    """
    return "x".join(map(str, shape))


def _is_picture(shape: tuple[int, ...]) -> bool:
    if len(shape) == 2 or (len(shape) == 3 and shape[0] in COLOURS):
        return min(shape[-2:]) >= FEWEST
    return _is_channels_last(shape)


def _is_channels_last(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and shape[0] not in COLOURS and shape[2] in COLOURS and min(shape[:2]) >= FEWEST


def _places(shape: tuple[int, ...], layout: Layout | None) -> tuple[int, ...]:
    return shape[:2] if layout is None and _is_channels_last(shape) else shape[-2:]
