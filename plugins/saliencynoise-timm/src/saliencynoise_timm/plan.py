"""A plan that fits an architecture to an image size, and that can build the network any number of times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

from saliencynoise_timm.convolutional import StrideEdit, apply_edits, drop_wide_head
from saliencynoise_timm.creation import create
from saliencynoise_timm.transformers import accept_any_size
from saliencynoise_timm.wrappers import Classified, Repeated, Resized, forget_caches, keep_outputs

if TYPE_CHECKING:
    from torch import nn

    from saliencynoise.interfaces import CamPoint

Size: TypeAlias = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Request:
    """The network to build; without `adapt`, exactly as timm builds it.

    With `repeat`, a network of three channels is given the one channel of the images three times.
    """

    name: str
    arguments: tuple[tuple[str, Any], ...]
    channels: int
    size: Size
    num_classes: int
    adapt: bool = True
    repeat: bool = False


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything between `timm.create_model` and a network that suits the images.

    Attributes:
        arguments: for `timm.create_model`, the user's among them.
        edits: strides to lower and pools to remove, by module path.
        narrow_head: whether VGG's wide head goes.
        keep_outputs: whether activations must stop working in place.
        features: number of features of an encoder without classifier; None for classifiers.
        channels_last: of such an encoder, whether features are the last axis.
        resize: the size to which images are scaled first, None for none.
        repeat_channels: whether the network has three channels for images of one.
        points: the CAM points.
        adaptations: all this in words.
    """

    arguments: tuple[tuple[str, Any], ...] = ()
    edits: tuple[StrideEdit, ...] = ()
    narrow_head: bool = False
    keep_outputs: bool = False
    features: int | None = None
    channels_last: bool = True
    resize: Size | None = None
    repeat_channels: bool = False
    points: tuple[tuple[str, CamPoint], ...] = ()
    adaptations: tuple[str, ...] = ()

    def build(self, request: Request, *, device: str = "cpu") -> nn.Module:
        """Return a new network; random numbers are drawn by timm's initialisation and by new layers only."""
        network = self.bare(request, device=device)
        if self.keep_outputs:
            keep_outputs(network)
        if self.features is not None:
            with torch.device(device):
                network = Classified(network, self.features, request.num_classes, channels_last=self.channels_last)
        if self.resize is not None:
            network = Resized(network, self.resize)
        return Repeated(network) if self.repeat_channels else network

    def bare(self, request: Request, *, device: str) -> nn.Module:
        """Return timm's network with its edits, without wrappers."""
        arguments = dict(self.arguments)
        if self.narrow_head:
            arguments.setdefault("mlp_ratio", 1 / 4096)  # not to initialise 100 M weights that then go
        network = create(
            request.name,
            channels=3 if self.repeat_channels else request.channels,
            num_classes=request.num_classes,
            arguments=arguments,
            device=device,
        )
        apply_edits(network, self.edits)
        if self.edits:
            accept_any_size(network)  # overlapping patches now need fewer pixels than the size that timm has
        if self.narrow_head:
            drop_wide_head(network, request.num_classes)
        forget_caches(network)
        return network

    def resized(self, before: Size, after: Size) -> Plan:
        """Return this plan for images of `before`, scaled to `after`, for which the plan was made."""
        adaptation = f"images resized (bilinear) from {before[0]}x{before[1]} to {after[0]}x{after[1]}"
        return replace(self._inside(adaptation), resize=after)

    def repeated(self) -> Plan:
        """Return this plan, made for three channels, for images of one."""
        return replace(self._inside("the one channel given three times"), repeat_channels=True)

    def _inside(self, adaptation: str) -> Plan:
        points = tuple((key, replace(point, module=f"network.{point.module}")) for key, point in self.points)
        return replace(self, points=points, adaptations=(adaptation, *self.adaptations))
