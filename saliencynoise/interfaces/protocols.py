"""The interfaces of architectures, aggregators and data sets; `methods` and `sampling` have the others.

Letters: E members, B images, C channels, H W pixels, K classes, N any rows. Images are float32 `[B, C, H, W]`,
normalised.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int, UInt8
    from torch import Tensor

    from saliencynoise.interfaces.networks import Network


@runtime_checkable
class Model(Protocol):
    """An architecture, not a trained network."""

    def build(self, in_shape: tuple[int, int, int], num_classes: int) -> Network:
        """Return a new, randomly initialised network for images of `in_shape` = (C, H, W).

        The caller sets torch's global seed, and the weights follow from it alone; nothing may be downloaded. The
        network is also built on torch's meta device, to see whether it can be: take no decision from weights.

        Raises:
            UsageError: if the architecture cannot be built for these images, or not with these arguments.
        """
        ...


@runtime_checkable
class Aggregator(Protocol):
    """How the maps of the members of one image become one map: streaming, and mergeable across workers.

    The state is whatever the aggregator needs; `merge(update(s, a), update(init(...), b))` equals
    `update(update(s, a), b)` up to rounding, and the order of the members does not matter. Maps and states that are
    given stay as they are, and a state does not change with the memory of a map that it was given.
    """

    def init(self, shape: tuple[int, ...]) -> Any:
        """Return the state before any member, for maps of `shape`."""
        ...

    def update(self, state: Any, values: Float[Tensor, "*shape"]) -> Any:
        """Return the state after one more member's map.

        Raises:
            ValueError: if the map has another shape than that of `init`.
        """
        ...

    def merge(self, left: Any, right: Any) -> Any:
        """Return the state of both sets of members together."""
        ...

    def result(self, state: Any) -> Float[Tensor, "*shape"]:
        """Return the one map: float32, on the CPU, finite where the members' maps are.

        Raises:
            ValueError: if no member was seen, or fewer than it needs.
        """
        ...


@runtime_checkable
class NetworkAggregator(Protocol):
    """How the logits of the members become those of one network, which is then explained in their place.

    Where the attribution is linear in the network and `combine` the mean, that is the mean of the members' maps.
    """

    def combine(self, logits: Float[Tensor, "E N K"]) -> Float[Tensor, "N K"]:
        """Return the logits of the one network, of the same dtype: differentiable, each row on its own.

        The order of the members does not matter, and the given logits stay as they are.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Split:
    """One part of a data set.

    Attributes:
        images: `[N, C, H, W]`, uint8; or float32 in the same range, 0 to 255, where files have more than 8 bits.
        labels: `[N]`, int64, indices into the data set's classes.
        names: a name for each image that stays the same between runs (a path, or "digits/17").
        masks: `[N, H, W]`, true where a pixel causes the label, at least one per image; None where nobody knows.
        groups: the source of each image, such as a writer, a patient or a video. Images of one group are no
            independent examples, and intervals are then for new groups. None where each image has its own source, or
            where the sources are unknown.
    """

    images: UInt8[Tensor, "N C H W"] | Float[Tensor, "N C H W"]
    labels: Int[Tensor, " N"]
    names: tuple[str, ...]
    masks: Bool[Tensor, "N H W"] | None = None
    groups: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.names)


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Images with labels, in two splits.

    Attributes:
        name: the name under which results list it.
        classes: names of the classes.
        train: the images on which members are trained.
        test: the images on which accuracy is measured, and of which some are attributed.
        mean: per channel, of the training pixels scaled to [0, 1].
        std: as `mean`.
        augmentations: those that preserve labels here, of "shift" and "flip" (left to right).
        notes: notes for readers of the results, on sizes, splits and files that are left out.
        levels: the levels of files of more than 8 bits that are 0 and 255 here; None where there are no such files.
    """

    name: str
    classes: tuple[str, ...]
    train: Split
    test: Split
    mean: tuple[float, ...]
    std: tuple[float, ...]
    augmentations: frozenset[Literal["shift", "flip"]] = frozenset()
    notes: tuple[str, ...] = ()
    levels: tuple[float, float] | None = None
