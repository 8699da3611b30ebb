"""Every architecture of timm as a `saliencynoise.interfaces.Model`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from saliencynoise.interfaces import Network, PretrainedWeights, UsageError
from saliencynoise_timm.plan import Plan, Request
from saliencynoise_timm.pretrained import known_weights, load_pretrained
from saliencynoise_timm.search import find_plan


@dataclass(frozen=True, init=False)
class TimmModel:
    """One timm architecture, fitted to the size of the images.

    Args:
        name: as in `timm.list_models()`.
        adapt: whether strides, sizes of patches and the like are fitted to small images; without it the network
            computes the same as timm's own; networks that were trained elsewhere need that.
        arch_args: arguments of the architecture, as `timm.create_model` takes them; they win over ours. With
            in_chans=3, grey images are given to a network of three channels, three times the same.

    >>> network = TimmModel("test_resnet").build((1, 16, 16), 10)
    >>> network.points["top"].grid
    (4, 4)
    """

    name: str
    arch_args: tuple[tuple[str, Any], ...]
    adapt: bool

    def __init__(self, name: str, /, *, adapt: bool = True, **arch_args: Any) -> None:
        if not isinstance(adapt, bool):
            raise UsageError(f"timm/{name}: adapt={adapt} is not possible; give true or false")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "adapt", adapt)
        object.__setattr__(self, "arch_args", tuple(sorted(arch_args.items())))

    def build(self, in_shape: tuple[int, int, int], num_classes: int) -> Network:
        """Return a new, randomly initialised network for images of `in_shape` = (C, H, W).

        The weights follow from torch's global seed alone. Nothing is downloaded.

        Raises:
            UsageError: if timm lacks the architecture or refuses an argument, or if it cannot take such
                images.
        """
        request = self._request(in_shape, num_classes)
        plan = self._plan(request)
        return Network(module=plan.build(request), points=dict(plan.points), adaptations=plan.adaptations)

    def pretrained(self, which: str | None) -> PretrainedWeights:
        """Return what timm says of its weights, as `saliencynoise.interfaces.PretrainedModel`."""
        return known_weights(self.name, which)

    def build_pretrained(self, in_shape: tuple[int, int, int], num_classes: int, *, which: str | None) -> Network:
        """Return the network of `build` with timm's weights, but for its classifier.

        Raises:
            UsageError: as `build`, or if the weights cannot be had or do not fit.
        """
        request = self._request(in_shape, num_classes)
        plan, network = self._plan(request), self.build(in_shape, num_classes)
        channels = 3 if plan.repeat_channels else request.channels
        load_pretrained(network.module, self.name, channels=channels, arguments=dict(plan.arguments), which=which)
        return network

    def _request(self, in_shape: tuple[int, int, int], num_classes: int) -> Request:
        if len(in_shape) != 3 or min(in_shape) < 1 or num_classes < 1:
            raise UsageError(f"timm/{self.name} cannot be built for images {in_shape} and {num_classes} classes")
        arguments = dict(self.arch_args)
        repeat = in_shape[0] == 1 and arguments.get("in_chans") == 3
        if repeat or arguments.get("in_chans") == in_shape[0]:
            del arguments["in_chans"]
        return Request(
            name=self.name,
            arguments=tuple(arguments.items()),
            channels=in_shape[0],
            size=(in_shape[1], in_shape[2]),
            num_classes=num_classes,
            adapt=self.adapt,
            repeat=repeat,
        )

    def _plan(self, request: Request) -> Plan:
        return _plan(request, tuple(repr(value) for _, value in self.arch_args))


@lru_cache(maxsize=256)
def _plan(request: Request, spelling: tuple[str, ...]) -> Plan:  # noqa: ARG001 - tells 1 from True and 1.0
    return find_plan(request)
