"""The interface of attribution methods: three kinds, which all see one network and one batch.

Letters: B images, S samples of an image (path points, noisy copies, masks), C channels, H W pixels, K classes.
Images are float32 `[B, C, H, W]`, normalised. Maps are float32, signed and raw: `[B, C, H, W]` for methods on
pixels, `[B, 1, h, w]` for methods on a layer, at the layer's own resolution (perturbed segments are `[B, 1, H, W]`).
Absolute values, rectification, sums over channels and upsampling are *views* that the core applies to stored maps; a
method applies none. A method never sees members, chunks of samples, memory or devices.

Maps have the dtype and the device of `Batch.x`, and every value is finite. They follow from the network and the batch
alone: the same noise gives the same map. A method leaves the tensors of its batch, the network and the global state of
torch, numpy and Python (random numbers, gradient mode) as it found them, even when the network raises.
`saliencynoise.testing` tests all of this.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from saliencynoise.interfaces.networks import INPUT, Point

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from jaxtyping import Float, Int
    from torch import Generator, Tensor

    from saliencynoise.interfaces.networks import Network


@dataclass(frozen=True)
class Noise:
    """The random numbers of a stochastic method: keyed by run, method, image and draw.

    The same for every member, so that the method's own sampling noise is not taken for disagreement of networks; and
    for an image the same in whatever batch it comes.

    Attributes:
        seeds: one for each image of the batch, of 63 bits.
    """

    seeds: tuple[int, ...]

    def generators(self) -> list[Generator]:
        """Return a new torch generator for each image; on the CPU, so that every device sees the same numbers.

        >>> import torch
        >>> first, second = Noise((1, 2)).generators(), Noise((2, 1)).generators()
        >>> bool(torch.rand(1, generator=first[0]) == torch.rand(1, generator=second[1]))
        True
        """
        import torch  # noqa: PLC0415 - reading specs must not import torch

        return [torch.Generator().manual_seed(seed) for seed in self.seeds]


@dataclass(frozen=True)
class Tap:
    """One point of one pass.

    Attributes:
        value: what the network computed at the point, as a grid whatever the architecture: `[B, c, h, w]` for
            pass methods, `[B, S, c, h, w]` from `Scorer.taps`.
        grad: as `value`, the derivative of the score of each image's target with respect to it.
    """

    value: Float[Tensor, "B ... c h w"]
    grad: Float[Tensor, "B ... c h w"]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The images that are explained, and what a method may compare them with.

    Attributes:
        x: `[B, C, H, W]`, normalised images.
        target: `[B]`, the column of the network's outputs that is explained, as the class whose logit it is; the same
            for every member.
        background: `[R, C, H, W]`, normalised training images of all classes, the same for every batch of a run.
        noise: the random numbers of this method and draw, one stream for each image.
    """

    x: Float[Tensor, "B C H W"]
    target: Int[Tensor, " B"]
    background: Float[Tensor, "R C H W"]
    noise: Noise

    def split(self, images: int) -> list[Batch]:
        """Return the batch in parts of at most this number of images, each with its own seeds."""
        return [
            replace(
                self,
                x=self.x[start : start + images],
                target=self.target[start : start + images],
                noise=Noise(self.noise.seeds[start : start + images]),
            )
            for start in range(0, len(self.x), images)
        ]


@dataclass(frozen=True, kw_only=True)
class Maps:
    """What a method returns.

    Attributes:
        values: `[B, c, h, w]`, signed and raw: positive where more of it raises the score.
        diagnostics: figures per image, `[B]` each; "completeness_error" is that of the function of this name.
    """

    values: Float[Tensor, "B c h w"]
    diagnostics: Mapping[str, Float[Tensor, " B"]] = field(default_factory=dict)

    @classmethod
    def joined(cls, parts: Sequence[Maps]) -> Maps:
        """Return the maps of the parts of a batch as those of the whole."""
        import torch  # noqa: PLC0415 - reading specs must not import torch

        return cls(
            values=torch.cat([part.values for part in parts]),
            diagnostics={name: torch.cat([part.diagnostics[name] for part in parts]) for name in parts[0].diagnostics},
        )


class Scorer(Protocol):
    """One network bound to a batch: what a functional method asks. Axis 0 is the image, axis 1 its samples.

    The score of a sample is the network's output for its image's target: a logit, unless the run explains another score
    (`Network.columns`). Passes are divided to fit the memory; results do not depend on the division.
    """

    def logits(self, samples: Float[Tensor, "N S C H W"]) -> Float[Tensor, "N S K"]:
        """Return all outputs of samples, without gradients; of other images than the batch's, too."""
        ...

    def scores(
        self,
        samples: Iterable[Float[Tensor, "B _ c h w"]],
        *,
        point: Point = INPUT,
        score: Literal["logit", "probability"] = "logit",
    ) -> Float[Tensor, "B S"]:
        """Return the scores of all samples, which may come in blocks of any size and are used one block at a time.

        At another `point` than the input, samples take the place of the grid that the image itself gives there. With
        `score="probability"` logits become probabilities; other scores stay as they are.
        """
        ...

    def gradients(self, samples: Iterable[Float[Tensor, "B _ C H W"]]) -> Iterator[Float[Tensor, "B _ C H W"]]:
        """Yield the derivatives of each sample's score by the sample, block by block as they come.

        Neither samples nor gradients are ever in memory all together.
        """
        ...

    def taps(
        self,
        samples: Float[Tensor, "B S C H W"],
        *points: Point,
        mode: Callable[[], AbstractContextManager[object]] | None = None,
    ) -> Mapping[Point, Tap]:
        """Return values and gradients at `points`, `[B, S, c, h, w]`.

        `mode` makes a context for each pass, forward and backward (a `TorchFunctionMode` that changes what functions
        compute, say). All samples of an image go through one pass, whose rows are ordered by sample: sample 0 of all
        its images, then sample 1 of all its images.
        """
        ...


@runtime_checkable
class PassMethod(Protocol):
    """A method that needs no more than values and gradients at some points of one plain pass (kind "pass").

    All pass methods that are asked for together share that pass.
    """

    @property
    def points(self) -> tuple[Point, ...]:
        """The points at which the method reads the pass."""
        ...

    def from_pass(self, taps: Mapping[Point, Tap], batch: Batch) -> Maps:
        """Return the maps of the batch, each image's from its own rows only."""
        ...


@runtime_checkable
class FunctionalMethod(Protocol):
    """A method that asks the network for scores and gradients of samples of its own making (kind "functional")."""

    def attribute(self, net: Scorer, batch: Batch) -> Maps:
        """Return the maps of the batch, each image's from its own rows only."""
        ...


@runtime_checkable
class LayerMethod(Protocol):
    """A functional or module method that also reads a layer of the network.

    The field is called `layer`, so that the core knows the layer before there is a network. It needs the layer to
    refuse the method where an average of networks is explained, which has no layers; to add the view "centred"; to
    estimate the size of the maps; and to rewrite the layer. A pass method names its layers by `points` instead.
    """

    @property
    def layer(self) -> Point:
        """The name of the layer, one of `Network.points`; `INPUT` where the parameters choose the image instead."""
        ...


@runtime_checkable
class ModuleMethod(Protocol):
    """A method that needs the `nn.Module` itself, as libraries do (kind "module").

    It leaves the module as it found it, hooks and flags, and the global random state too, even when it raises.
    """

    def attribute_module(self, network: Network, batch: Batch) -> Maps:
        """Return the maps of the batch, each image's from its own rows only; the module is frozen, in eval mode."""
        ...


def points_of(method: object) -> tuple[Point, ...]:
    """Return the points at which a method reads the network: its `points`, or its `layer`, or the input."""
    if isinstance(method, PassMethod):
        return tuple(method.points)
    return (method.layer,) if isinstance(method, LayerMethod) else (INPUT,)


def layers_of(method: object) -> tuple[Point, ...]:
    """Return the points other than the input at which a method reads the network.

    >>> layers_of(object())
    ()
    """
    return tuple(point for point in points_of(method) if point != INPUT)
