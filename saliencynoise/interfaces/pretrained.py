"""The interface of architectures that bring pretrained weights of their own, as timm's do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from saliencynoise.interfaces.networks import Network


@dataclass(frozen=True, kw_only=True)
class PretrainedWeights:
    """What is known of pretrained weights before they are read.

    Attributes:
        name: of the weights, as "resnet18.a1_in1k".
        arguments: arguments of the architecture with which the network is the pretrained one; those of the user win.
        image_size: edge of the images of their training, in pixels; None where any size suits.
        mean: of each channel of the pixels from 0 to 1, as in their training; empty where it is not known.
        std: as `mean`.
    """

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    image_size: int | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()


@runtime_checkable
class PretrainedModel(Protocol):
    """A `Model` with pretrained weights: `--init NAME` takes them, where NAME is the name of its plugin."""

    def pretrained(self, which: str | None) -> PretrainedWeights:
        """Return what is known of the weights; nothing is read or downloaded.

        Args:
            which: a local file in the library's format, or the library's name of the weights; None for its default.

        Raises:
            UsageError: if the architecture has none.
        """
        ...

    def build_pretrained(self, in_shape: tuple[int, int, int], num_classes: int, *, which: str | None) -> Network:
        """Return the network of `build` with the pretrained weights; its head need not be trained.

        Args:
            in_shape: (C, H, W) of the images.
            num_classes: number of classes.
            which: as in `pretrained`.

        Raises:
            UsageError: if the weights cannot be had; the message says where they are searched, and the fix.
        """
        ...
