"""What plugin authors implement. Letters: E members, B images, C channels, H W pixels, K classes, N any rows.

Images are float32 `[B, C, H, W]`, normalised. Maps are float32, signed and raw: `[B, C, H, W]` for methods on
pixels, `[B, 1, h, w]` for methods on a layer, at the layer's own resolution. Absolute values, rectification,
sums over channels and upsampling are *views* that the core applies to stored maps; a method applies none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jaxtyping import Float, Int, UInt8
    from torch import Tensor, nn

Point: TypeAlias = str
"""A place in a network: "input", or a CAM point ("top", "intermediate")."""


@dataclass(frozen=True, kw_only=True)
class CamPoint:
    """A place in a network whose output is a grid of features.

    Attributes:
        module: path of the submodule, as in `nn.Module.get_submodule`.
        layout: how that module's output is laid out: "NCHW", "NHWC", or "tokens" (`[N, prefix + h*w, C]`).
        grid: height and width (h, w) of the grid.
        prefix_tokens: with "tokens", how many class or register tokens precede the grid.
    """

    module: str
    layout: Literal["NCHW", "NHWC", "tokens"] = "NCHW"
    grid: tuple[int, int]
    prefix_tokens: int = 0


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network as built, untrained.

    Attributes:
        module: in eval mode maps `[N, C, H, W]` to logits `[N, K]`, each row on its own.
        points: the CAM points: "top" (the last layer that still has a grid) and "intermediate" (one level of
            resolution, or for networks of one resolution about a quarter of the depth, earlier).
        adaptations: what was changed to suit the image size, in words, for the results; empty if nothing was.
    """

    module: nn.Module
    points: Mapping[Point, CamPoint]
    adaptations: tuple[str, ...] = ()


@runtime_checkable
class Model(Protocol):
    """An architecture, not a trained network."""

    def build(self, in_shape: tuple[int, int, int], num_classes: int) -> Network:
        """Return a new, randomly initialised network for images of `in_shape` = (C, H, W).

        The caller sets torch's global seed; nothing may be downloaded.

        Raises:
            UsageError: if the architecture cannot be built for these images, or not with these arguments.
        """
        ...


@dataclass(frozen=True)
class Tap:
    """One point of one pass.

    Attributes:
        value: `[B, c, h, w]`, what the network computed at the point, as a grid whatever the architecture.
        grad: `[B, c, h, w]`, the derivative of the score of each image's target with respect to `value`.
    """

    value: Float[Tensor, "B c h w"]
    grad: Float[Tensor, "B c h w"]


@dataclass(frozen=True, kw_only=True)
class Batch:
    """The images that are explained.

    Attributes:
        x: `[B, C, H, W]`, normalised images.
        target: `[B]`, the class whose logit is explained; the same for every member.
    """

    x: Float[Tensor, "B C H W"]
    target: Int[Tensor, " B"]


@dataclass(frozen=True, kw_only=True)
class Maps:
    """What a method returns.

    Attributes:
        values: `[B, c, h, w]`, signed and raw: positive where more of it raises the target's logit.
        diagnostics: figures per image, `[B]` each (a completeness error, say).
    """

    values: Float[Tensor, "B c h w"]
    diagnostics: Mapping[str, Float[Tensor, " B"]] = field(default_factory=dict)


@runtime_checkable
class PassMethod(Protocol):
    """A method that needs no more than values and gradients at some points of one plain pass.

    All pass methods that are asked for together share that pass. A method sees one network and one batch,
    never members, chunks, memory or devices.
    """

    @property
    def points(self) -> tuple[Point, ...]:
        """The points at which the method reads the pass."""
        ...

    def from_pass(self, taps: Mapping[Point, Tap], batch: Batch) -> Maps:
        """Return the maps of the batch, each image's from its own rows only."""
        ...


@runtime_checkable
class Aggregator(Protocol):
    """How the maps of the members of one image become one map: streaming, and mergeable across workers.

    The state is whatever the aggregator needs; `merge(update(s, a), update(init(...), b))` equals
    `update(update(s, a), b)` up to rounding.
    """

    def init(self, shape: tuple[int, ...]) -> Any:
        """Return the state before any member, for maps of `shape`."""
        ...

    def update(self, state: Any, values: Float[Tensor, "*shape"]) -> Any:
        """Return the state after one more member's map."""
        ...

    def merge(self, left: Any, right: Any) -> Any:
        """Return the state of both sets of members together."""
        ...

    def result(self, state: Any) -> Float[Tensor, "*shape"]:
        """Return the one map.

        Raises:
            ValueError: if no member was seen.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Split:
    """One part of a data set.

    Attributes:
        images: `[N, C, H, W]`, uint8.
        labels: `[N]`, int64, indices into the data set's classes.
        names: a name for each image that stays the same between runs (a path, or "digits/17").
    """

    images: UInt8[Tensor, "N C H W"]
    labels: Int[Tensor, " N"]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Images with labels, in two splits.

    Attributes:
        name: the name under which results list it.
        classes: names of the classes.
        train: what members are trained on.
        test: what accuracy is measured on and what is attributed.
        mean: per channel, of the training pixels scaled to [0, 1].
        std: as `mean`.
        augmentations: those that preserve labels here, of "shift" and "flip" (left to right).
        notes: what a reader of the results must know: sizes chosen, splits made, files left out.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    test: Split
    mean: tuple[float, ...]
    std: tuple[float, ...]
    augmentations: frozenset[Literal["shift", "flip"]] = frozenset()
    notes: tuple[str, ...] = ()
