"""Deep dream: gradient ascent on the picture, from coarse to fine, steered by one network or by many.

After Mordvintsev, Olah and Tyka (Inceptionism, 2015) and, for the mean gradient of an ensemble, Woerl, Disselhoff and
Wand (Initialization Noise in Image Gradients and Saliency Maps, CVPR 2023). Networks of one fixed input size work
as well: a coarse octave is a small picture that is enlarged to that size for each pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch

from saliencynoise.interfaces import Network, UsageError, derive_seed
from saliencynoise_dream.config import DreamConfig
from saliencynoise_dream.objective import Objective
from saliencynoise_dream.views import octave_sizes, resized, seen, shifted, smoothed, to_bytes, unit_rms

if TYPE_CHECKING:
    from jaxtyping import Float, UInt8
    from torch import Tensor

    View = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True, eq=False)
class Dream:
    """Dreamt pictures.

    Attributes:
        pictures: `[B, C, H, W]`, pixels from 0 to 1, float.
        trace: `[T, B]`, the objective before each step: the mean over the members that steered it.
        steps: `[1 + T, B, C, H, W]`, the start and the picture after each step, uint8; None if they were not kept.
    """

    pictures: Float[Tensor, "B C H W"]
    trace: Float[Tensor, "T B"]
    steps: UInt8[Tensor, "T1 B C H W"] | None

    @property
    def bytes(self) -> UInt8[Tensor, "B C H W"]:
        """The pictures as they are saved."""
        return to_bytes(self.pictures)


def dream(
    networks: Sequence[Network],
    objective: Objective,
    start: Float[Tensor, "B C H W"],
    *,
    mean: Sequence[float],
    std: Sequence[float],
    config: DreamConfig | None = None,
) -> Dream:
    """Return the dreams of the networks from `start`: B pictures at once, each independent of the others.

    The networks are put in evaluation mode and their parameters frozen, and stay so. The same seed gives the same
    bits on a CPU.

    Args:
        networks: one or more networks, on the device of `start` and with its dtype.
        objective: the number that the dream makes large.
        start: pixels from 0 to 1, with the size of the networks' input.
        mean: mean per channel of the normalisation that the networks were trained with, for pixels from 0 to 1.
        std: deviation per channel of this normalisation.
        config: settings of the ascent; None for the defaults.

    Raises:
        UsageError: if there are no networks, a jitter is larger than the picture allows, the gradient is not finite,
            or these networks do not have the objective.

    >>> net = Network(module=torch.nn.Flatten(), points={})                # logit k is pixel k
    >>> from saliencynoise_dream.objective import ClassLogit
    >>> config = DreamConfig(octaves=1, steps=50, jitter=0, smoothing=0)
    >>> start = torch.full((1, 1, 1, 3), 0.5)
    >>> dream([net], ClassLogit(torch.tensor([2])), start, mean=(0,), std=(1,), config=config).pictures.flatten()
    tensor([0.5000, 0.5000, 1.0000])
    """
    config = config or DreamConfig()
    if not networks:
        raise UsageError("there is no network to dream with; name at least one member")
    check_start(start, config)
    for network in networks:
        network.module.eval().requires_grad_(requires_grad=False)
    start = start.detach().clamp(0, 1)
    size = (start.shape[-2], start.shape[-1])
    view = partial(_view, size=size, mean=mean, std=std)
    generator = torch.Generator().manual_seed(derive_seed(config.seed, "method", "dream", "steps"))
    trace, steps, change = [], [to_bytes(start)], None
    for octave in octave_sizes(size, config.octaves, config.octave_scale):
        base = resized(start, octave)
        picture = base if change is None else (base + resized(change, octave)).clamp(0, 1)
        for _ in range(config.steps):
            shifted_view, steering = _drawn(view, networks, config, generator)
            values, gradient = mean_gradient(steering, objective, picture, shifted_view)
            picture = stepped(picture, gradient, config)
            trace.append(values)
            if config.keep_steps:
                steps.append(to_bytes(resized(picture, size)))
        change = picture - base
    return Dream(
        pictures=picture, trace=torch.stack(trace), steps=torch.stack(steps) if config.keep_steps else None
    )  # fmt: skip


def mean_gradient(
    networks: Sequence[Network], objective: Objective, pictures: Float[Tensor, "B C h w"], view: View
) -> tuple[Float[Tensor, " B"], Float[Tensor, "B C h w"]]:
    """Return the mean over networks of the objective, and its gradient by the pictures.

    One network at a time: memory does not grow with their number.

    Args:
        networks: networks with frozen parameters, in evaluation mode.
        objective: the number that the dream makes large.
        pictures: pictures of any size.
        view: converts pictures to a network's input; differentiable.
    """
    total, gradients = torch.zeros(len(pictures), dtype=pictures.dtype, device=pictures.device), None
    for network in networks:
        leaf = pictures.detach().requires_grad_()
        with torch.enable_grad():
            values = objective(network, view(leaf))
            (gradient,) = torch.autograd.grad(values.sum(), leaf)
        total = total + values.detach()
        gradients = gradient if gradients is None else gradients + gradient
    assert gradients is not None  # noqa: S101 - `dream` refuses an empty list
    return total / len(networks), gradients / len(networks)


def stepped(
    picture: Float[Tensor, "B C h w"], gradient: Float[Tensor, "B C h w"], config: DreamConfig
) -> Float[Tensor, "B C h w"]:
    """Return the picture one step further along its smoothed, normalised gradient, in the range of valid pixels.

    Raises:
        UsageError: if the gradient is not finite.
    """
    if not bool(gradient.isfinite().all()):
        raise UsageError("a member gives a gradient that is not finite; its training has failed: leave it out")
    return (picture + config.step_size * unit_rms(smoothed(gradient, config.smoothing))).clamp(0, 1)


def _view(pictures: Tensor, *, size: tuple[int, int], mean: Sequence[float], std: Sequence[float]) -> Tensor:
    return seen(resized(pictures, size), mean, std)


def _drawn(
    view: View, networks: Sequence[Network], config: DreamConfig, generator: torch.Generator
) -> tuple[View, Sequence[Network]]:
    """Draw a step's shift, and the members that steer it."""
    reach = config.jitter
    down, right = torch.randint(-reach, reach + 1, (2,), generator=generator).tolist()
    member = int(torch.randint(len(networks), (), generator=generator))
    steering = [networks[member]] if config.gradient == "random" else networks
    return lambda pictures: shifted(view(pictures), down, right), steering


def check_start(start: Float[Tensor, "B C H W"], config: DreamConfig) -> None:
    """Refuse a start from which no dream can be made.

    Raises:
        UsageError: if the shape is not that of pictures, or the jitter is too large for them.
    """
    if start.ndim != 4 or 0 in start.shape or not start.is_floating_point():
        raise UsageError(f"a dream starts from pictures [B, C, H, W] of pixels from 0 to 1, not {list(start.shape)}")
    if config.jitter >= min(start.shape[-2:]):
        least = min(start.shape[-2:]) - 1
        raise UsageError(
            f"--jitter {config.jitter} is too large for pictures of {least + 1} pixels; give {least} or less"
        )
